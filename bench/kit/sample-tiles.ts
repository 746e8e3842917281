import { type TileAddress, tileAt, worldX, worldY } from "../../tiles/geo/tile-address.ts";
import type { Report } from "../../tiles/report.ts";

export interface SampleTile extends TileAddress {
  readonly reports: number;
}

/** Counts reports by tile of each zoom from `minZoom` to `maxZoom`. */
export function createTileCensus(minZoom: number, maxZoom: number) {
  const counts = new Map<number, Map<number, number>>();
  for (let z = minZoom; z <= maxZoom; z++) counts.set(z, new Map());
  return {
    add({ lonDeg, latDeg }: Report): void {
      const [x, y] = [worldX(lonDeg), worldY(latDeg)];
      for (const [z, tiles] of counts) {
        const tile = tileAt(x, y, z);
        const key = tile.y * 2 ** z + tile.x;
        tiles.set(key, (tiles.get(key) ?? 0) + 1);
      }
    },
    /** Of the tiles of a zoom with reports, the densest, and others evenly from the ranking below it. */
    sample(z: number, count: number): SampleTile[] {
      const ranked = [...(counts.get(z) ?? [])].sort((a, b) => b[1] - a[1] || a[0] - b[0]);
      const step = Math.max(1, ranked.length / count);
      return Array.from({ length: Math.min(count, ranked.length) }, (_, i) => {
        const [key, reports] = ranked[Math.floor(i * step)] ?? [0, 0];
        return { z, x: key % 2 ** z, y: Math.floor(key / 2 ** z), reports };
      });
    },
    tiles: (z: number): number => counts.get(z)?.size ?? 0,
  };
}

export type TileCensus = ReturnType<typeof createTileCensus>;
