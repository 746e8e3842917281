import { type Bounds, countCells, coverBounds } from "../../tiles/geohash.ts";
import type { ReportLayer } from "../../tiles/layers.ts";
import type { Report } from "../../tiles/report.ts";
import { idTimePrefix } from "../../tiles/report-id.ts";
import { mapLimited } from "../map-limited.ts";
import type { LogCell, LogRange, ReportStore } from "../ports.ts";
import { mergeNewest } from "./merge-newest.ts";

export interface ReportQuery {
  /** All borders belong to the box; west > east crosses the antimeridian. */
  readonly bounds: Bounds;
  readonly layers: readonly ReportLayer[];
  /** Unix milliseconds, inclusive. */
  readonly fromMs?: number;
  /** Unix milliseconds, exclusive. */
  readonly beforeMs?: number;
  readonly limit: number;
  /** `nextCursor` of the page before. */
  readonly cursor?: string;
}

export interface ReportPage {
  /** Newest first. Fewer than the limit do not mean the end: a missing cursor does. */
  readonly reports: readonly Report[];
  readonly nextCursor?: string;
}

/** Geohash precision of the log's cells. */
const CELL_PRECISION = 5;
/** The directory of cells is read by prefixes of this length: at most 1 024 cells each, and few for any box. */
const DIRECTORY_PRECISION = 3;
/** Up to so many cells it is cheaper to look into them than to ask the directory which of them exist. */
const FEW_CELLS = 4;
const CONCURRENCY = 16;
/** A read of fewer rows costs the store as much. */
const MIN_CHUNK = 16;

/** Number of log cells that a box meets: what a query costs. */
export function countLogCells(bounds: Bounds): number {
  return countCells(bounds, CELL_PRECISION);
}

/**
 * The newest reports of a box, exactly those inside, one page at a time. A page's cursor is a report id, so reports that
 * arrive between two pages are neither skipped nor repeated. After `maxRows` reports read, in or out of the box, the page
 * ends early and its cursor goes on from there.
 */
export async function listReports(store: ReportStore, query: ReportQuery, maxRows: number): Promise<ReportPage> {
  const range = idRange(query);
  if (range === undefined) return { reports: [] };
  const cells = await findLogCells(store, query.layers, query.bounds);
  const runs = cells.map((cell) => (limit: number, before: string | undefined) => {
    return store.readNewest(cell, limit, before === undefined ? range : { ...range, before });
  });
  const chunk = Math.min(query.limit + 1, Math.max(MIN_CHUNK, Math.ceil((2 * query.limit) / Math.max(1, runs.length))));

  const reports: Report[] = [];
  let rows = 0;
  let last: string | undefined;
  for await (const report of mergeNewest(runs, chunk, CONCURRENCY)) {
    if (last !== undefined && (reports.length === query.limit || rows === maxRows))
      return { reports, nextCursor: last };
    if (isInside(report, query.bounds)) reports.push(report);
    last = report.id;
    rows++;
  }
  return { reports };
}

/** Ids of a query's time span and cursor; `undefined` when nothing can be inside. */
function idRange({ fromMs, beforeMs, cursor }: ReportQuery): LogRange | undefined {
  const ends = [cursor, beforeMs === undefined ? undefined : idAt(beforeMs)].filter((end) => end !== undefined).sort();
  const from = fromMs === undefined ? undefined : idAt(fromMs);
  const before = ends[0];
  if (from !== undefined && before !== undefined && from >= before) return undefined;
  return { ...(from !== undefined && { from }), ...(before !== undefined && { before }) };
}

const MAX_ID_TIME_MS = 2 ** 50 - 1;
const idAt = (timeMs: number): string => idTimePrefix(Math.min(MAX_ID_TIME_MS, Math.max(0, Math.ceil(timeMs))));

async function findLogCells(store: ReportStore, layers: readonly ReportLayer[], bounds: Bounds): Promise<LogCell[]> {
  const cover = coverBounds(bounds, CELL_PRECISION, Number.POSITIVE_INFINITY);
  if (cover.length <= FEW_CELLS) return layers.flatMap((layer) => cover.map((geohash5) => ({ layer, geohash5 })));
  const inBox = new Set(cover);
  const prefixes = [...new Set(cover.map((geohash5) => geohash5.slice(0, DIRECTORY_PRECISION)))];
  const listings = layers.flatMap((layer) => prefixes.map((prefix) => ({ layer, prefix })));
  const found = await mapLimited(listings, CONCURRENCY, async ({ layer, prefix }) => {
    const listed: string[] = [];
    for await (const cell of store.cells())
      if (cell.layer === layer && cell.geohash5.startsWith(prefix)) listed.push(cell.geohash5);
    return listed.filter((geohash5) => inBox.has(geohash5)).map((geohash5) => ({ layer, geohash5 }));
  });
  return found.flat();
}

function isInside({ lonDeg, latDeg }: Report, { west, south, east, north }: Bounds): boolean {
  if (latDeg < south || latDeg > north) return false;
  return west <= east ? lonDeg >= west && lonDeg <= east : lonDeg >= west || lonDeg <= east;
}
