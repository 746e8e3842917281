import { rowOfReport } from "../../server/store/rows.ts";
import { itemBytes } from "../../test/kit/dynamo/dynamo-model.ts";
import { countCells, coverBounds, encodeGeohash } from "../../tiles/geo/geohash.ts";
import { type TileAddress, tileBounds } from "../../tiles/geo/tile-address.ts";
import type { Report } from "../../tiles/report.ts";

/** The design without a pyramid: one partition for each geohash-6, all rows of a tile's partitions read for each tile. */
export interface NaiveStore {
  add(report: Report): void;
  /** Cost of a tile when every partition that it meets is asked, and when somebody knows which of them hold rows. */
  tile(tile: TileAddress): { queries: number; read: number; knownQueries: number; knownRead: number };
}

const PRECISION = 6;
const PAGE_BYTES = 2 ** 20;
const MAX_LISTED = 4096;

export function createNaiveStore(): NaiveStore {
  const bytesOf = new Map<string, number>();

  function cellsOf(tile: TileAddress, cellCount: number): string[] {
    const bounds = tileBounds(tile);
    if (cellCount <= MAX_LISTED) return coverBounds(bounds, PRECISION, MAX_LISTED);
    return [...centers].flatMap(([cell, { lonDeg, latDeg }]) =>
      lonDeg >= bounds.west && lonDeg < bounds.east && latDeg >= bounds.south && latDeg < bounds.north ? [cell] : [],
    );
  }
  /** A report of each cell: where there are more cells than can be listed, this tells which lie in a tile. */
  const centers = new Map<string, Report>();

  return {
    add(report) {
      const cell = encodeGeohash(report.lonDeg, report.latDeg, PRECISION);
      const bytes = itemBytes({ ...rowOfReport(report), pk: `${report.layer}#${cell}` });
      bytesOf.set(cell, (bytesOf.get(cell) ?? 0) + bytes);
      if (!centers.has(cell)) centers.set(cell, report);
    },
    tile(tile) {
      const cellCount = countCells(tileBounds(tile), PRECISION);
      const sizes = cellsOf(tile, cellCount).flatMap((cell) => bytesOf.get(cell) ?? []);
      const knownRead = sizes.reduce((sum, bytes) => sum + 0.5 * Math.ceil(bytes / 4096), 0);
      const knownQueries = sizes.reduce((sum, bytes) => sum + Math.ceil(bytes / PAGE_BYTES), 0);
      // Nothing costs half a unit, too.
      const empty = cellCount - sizes.length;
      return { queries: empty + knownQueries, read: 0.5 * empty + knownRead, knownQueries, knownRead };
    },
  };
}
