import { CELL_PRECISION } from "../../tiles/cluster/cluster-cells.ts";
import { type Bounds, cellBounds, countCells, coverBounds } from "../../tiles/geo/geohash.ts";
import type { ReportLayer } from "../../tiles/layers.ts";
import { earlierId } from "../../tiles/report-id.ts";
import { type Area, idAt, listArea, type ReportPage, type ReportSource } from "./area-reports.ts";

export interface ReportQuery extends ReportSpan {
  /** All borders belong to the box; west > east crosses the antimeridian. */
  readonly bounds: Bounds;
}

export interface RegionQuery extends ReportSpan {
  readonly region: Area;
}

interface ReportSpan {
  readonly layers: readonly ReportLayer[];
  /** Unix milliseconds, inclusive. */
  readonly fromMs?: number;
  /** Unix milliseconds, exclusive. */
  readonly beforeMs?: number;
  readonly limit: number;
  /** `nextCursor` of the page before. */
  readonly cursor?: string;
}

/**
 * Cells that a page reads before it ends early: the answer's requests are this many, or twice where the cells are not compacted,
 * and a few. More only where nothing could be said without: a process that has nothing in memory and is asked for a late page.
 */
export const MOST_CELLS = 128;

/** Cells of a city, and of the largest box that is allowed, lie in one to six of these; 32 cell aggregates in one request each. */
const CELL_AGGREGATE_LENGTH = 2;

/** Number of log cells that a box meets. */
export function countLogCells(bounds: Bounds): number {
  return countCells(bounds, CELL_PRECISION);
}

/** The newest reports of a box, or of a region, exactly those inside, one page at a time, as `listArea` does. */
export async function listReports(
  source: ReportSource,
  query: ReportQuery | RegionQuery,
  endAfter: number = MOST_CELLS,
): Promise<ReportPage> {
  const { layers, fromMs, beforeMs, limit, cursor } = query;
  const before = earlierId(cursor, beforeMs === undefined ? undefined : idAt(beforeMs));
  return listArea(source, {
    area: "region" in query ? query.region : areaOfBox(query.bounds),
    layers,
    limit,
    endAfter,
    ...(fromMs !== undefined && { fromMs }),
    ...(before !== undefined && { before }),
  });
}

/** The part of the map in a box, its borders too; west > east crosses the antimeridian. */
export function areaOfBox(bounds: Bounds): Area {
  const { west, south, east, north } = bounds;
  const isAcross = west > east;
  return {
    cells: coverBounds(bounds, CELL_PRECISION, Number.POSITIVE_INFINITY),
    cellAggregateLength: CELL_AGGREGATE_LENGTH,
    isWhole(geohash5) {
      const cell = cellBounds(geohash5);
      if (cell.south < south || cell.north > north) return false;
      return isAcross ? cell.west >= west || cell.east <= east : cell.west >= west && cell.east <= east;
    },
    has(lonDeg, latDeg) {
      if (latDeg < south || latDeg > north) return false;
      return isAcross ? lonDeg >= west || lonDeg <= east : lonDeg >= west && lonDeg <= east;
    },
  };
}
