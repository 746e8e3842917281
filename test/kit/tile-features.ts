import { VectorTile } from "@mapbox/vector-tile";
import { PbfReader } from "pbf";
import type { TileSource } from "../../server/serving/tile-source.ts";
import { isTile, type TileAddress, tileAt, worldX, worldY } from "../../tiles/geo/tile-address.ts";
import type { ReportLayer, TileLayer, TimeWindow } from "../../tiles/layers.ts";
import type { Report } from "../../tiles/report.ts";

export type Properties = Record<string, string | number | boolean>;

/** Every tile of a zoom in which, or next to which, a report lies: where features can be, and a ring where none may be. */
export function tilesAround(reports: readonly Pick<Report, "lonDeg" | "latDeg">[], z: number): TileAddress[] {
  const found = new Map<string, TileAddress>();
  for (const report of reports) {
    const home = tileAt(worldX(report.lonDeg), worldY(report.latDeg), z);
    for (let dx = -1; dx <= 1; dx++) {
      for (let dy = -1; dy <= 1; dy++) {
        const tile = { z, x: home.x + dx, y: home.y + dy };
        if (isTile(tile)) found.set(`${tile.x}/${tile.y}`, tile);
      }
    }
  }
  return [...found.values()];
}

/** Properties of all features of one layer of a tile. */
export function decodeLayer(bytes: Uint8Array, layer: TileLayer): Properties[] {
  const decoded = new VectorTile(new PbfReader(bytes)).layers[layer];
  return Array.from({ length: decoded?.length ?? 0 }, (_, i) => decoded?.feature(i).properties as Properties);
}

/** All features of a zoom, tile by tile. */
export async function featuresOfZoom(
  source: TileSource,
  tiles: readonly TileAddress[],
  layer: ReportLayer,
  window: TimeWindow = "90d",
): Promise<Properties[]> {
  const features: Properties[] = [];
  for (const tile of tiles) {
    const encoded = await source.read({ layers: [layer], tile, window });
    if (encoded !== undefined) features.push(...decodeLayer(encoded.bytes, layer));
  }
  return features;
}

export const countOf = (features: readonly Properties[]): number =>
  features.reduce((sum, { point_count }) => sum + Number(point_count ?? 1), 0);
