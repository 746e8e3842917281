import type { ClusterCellIndex } from "../../tiles/cluster/cluster-cell-index.ts";
import { levelOfZoom } from "../../tiles/cluster/cluster-cells.ts";
import { geohashOfKey } from "../../tiles/geo/cell-key.ts";
import { type TileAddress, tileAt, worldX, worldY } from "../../tiles/geo/tile-address.ts";
import type { ReportLayer, TimeWindow } from "../../tiles/layers.ts";
import type { App } from "./app.ts";
import type { Place } from "./places.ts";

/** What a cluster cell shows at a zoom. */
export interface Shown {
  readonly count: number;
  readonly severity: number;
  /** Where reports themselves are clustered: their ids. */
  readonly ids: readonly string[] | undefined;
}

/** From this zoom on tiles are made of the reports themselves. */
export const REPORTS_ZOOM = 16;

export const tileOf = ({ lonDeg, latDeg }: Place, zoom: number): TileAddress =>
  tileAt(worldX(lonDeg), worldY(latDeg), zoom);

/** What the cluster cells that a tile meets show, by their geohashes; those that show nothing are left out. */
export async function readShown(
  app: App,
  layer: ReportLayer,
  tile: TileAddress,
  window: TimeWindow,
): Promise<Map<string, Shown>> {
  const { precision } = levelOfZoom(tile.z);
  const found = new Map<string, Shown>();
  for (const index of await app.clusterCells(layer, tile, window)) {
    const points = index.zooms.ownersAt(tile.z).length;
    if (points === 0) continue;
    const geohash = precision === 0 ? "" : geohashOfKey(index.keyAt(index.source[0] as number, precision), precision);
    found.set(geohash, shownBy(index, tile.z, points));
  }
  return found;
}

function shownBy(index: ClusterCellIndex, zoom: number, points: number): Shown {
  const clusters = index.zooms.get(zoom);
  let [count, severity] = [0, 0];
  for (let i = 0; i < (clusters?.length ?? 0); i++) {
    count += clusters?.count[i] ?? 0;
    severity += clusters?.severity[i] ?? 0;
  }
  if (zoom < REPORTS_ZOOM) return { count, severity, ids: undefined };
  return { count, severity, ids: Array.from(index.source.subarray(0, points), (row) => index.startOf(row)) };
}
