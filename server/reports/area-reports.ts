import { REPORT_LAYERS, REPORT_LIFETIME_MS, type ReportLayer } from "../../tiles/layers.ts";
import type { Report } from "../../tiles/report.ts";
import { firstRowFrom, idOfRow, type ReportColumns } from "../../tiles/report-columns.ts";
import { idTimePrefix, timeOfId } from "../../tiles/report-id.ts";
import { mapLimited } from "../kit/map-limited.ts";
import type { Clock } from "../ports/clock.ts";
import type { LogCell, ReportStore } from "../ports/report-store.ts";
import type { CellOutline } from "../pyramid/outlines.ts";
import type { Pyramid } from "../pyramid/pyramid.ts";
import { type Found, findNewest, type Opened, type Unopened } from "./find-newest.ts";

/** Where the newest reports come from. */
export interface ReportSource {
  readonly pyramid: Pick<Pyramid, "outlines" | "reports">;
  readonly store: Pick<ReportStore, "readNewest" | "getMany">;
  readonly clock: Clock;
}

/** A part of the map. */
export interface Area {
  /** The log's cells that it meets, as geohashes. */
  readonly cells: readonly string[];
  /** Length of the geohashes whose cell aggregates tell of the cells, 2 to 4: shorter ones are fewer requests, and know as much. */
  readonly cellAggregateLength: number;
  /** Whether a cell lies in it as a whole. */
  isWhole(geohash5: string): boolean;
  has(lonDeg: number, latDeg: number): boolean;
}

export interface AreaQuery {
  readonly area: Area;
  readonly layers: readonly ReportLayer[];
  /** Unix milliseconds, inclusive. */
  readonly fromMs?: number;
  /** A report id, or what one begins with, exclusive. */
  readonly before?: string;
  readonly limit: number;
  /** After so many cells that were read, the page ends early where it can. */
  readonly endAfter: number;
}

export interface ReportPage {
  /** Newest first. Fewer than the limit do not mean the end: a missing cursor does. */
  readonly reports: readonly Report[];
  readonly nextCursor?: string;
}

/** Cell aggregates that are asked at once. */
const WIDTH = 16;
/**
 * A cell of more reports is not read as a whole where it need not be: its segments take 3 read units, and 300 if it is as dense as
 * a city, where the newest rows of its log take one or two with each page. A smaller one stays in memory, with the tiles' cells,
 * and costs the next page nothing.
 */
const LARGE_CELL = 2000;
/** Rows that are first read of a large cell's log: as many as the store reads for one. */
const FIRST_ROWS = 40;

/**
 * The newest reports of an area, exactly those inside that this process knows of, one page at a time. `before` is the cursor of
 * the page before: none is repeated, and none skipped. One that arrives between two pages comes in its place if that is behind the cursor, for
 * times are cut to a quarter of an hour.
 *
 * Requests: one for each layer and geohash of the cell aggregates, one or two for each cell that is read, one for the texts of every
 * hundred reports. No cell is read twice for a page but large ones, whose log goes on. Cells in memory cost none.
 */
export async function listArea(source: ReportSource, query: AreaQuery): Promise<ReportPage> {
  const { before, limit, endAfter } = query;
  const fromMs = Math.max(query.fromMs ?? 0, source.clock.now() - REPORT_LIFETIME_MS);
  if (before !== undefined && fromMs > timeOfId(before)) return { reports: [] };
  const outlines = await readOutlines(source.pyramid, query);
  const span: Span = { fromMs, ...(before !== undefined && { before }) };
  const places = outlines.flatMap((outline) => placesOf(outline, { source, query, span }));
  const { found, next } = await findNewest(places, { limit, endAfter });
  const reports = await withTexts(source.store, found);
  const inside = reports.filter(({ lonDeg, latDeg }) => query.area.has(lonDeg, latDeg));
  return { reports: inside, ...(next !== undefined && { nextCursor: next }) };
}

async function readOutlines(pyramid: ReportSource["pyramid"], { area, layers }: AreaQuery): Promise<CellOutline[]> {
  const groups = Map.groupBy(area.cells, (geohash5) => geohash5.slice(0, area.cellAggregateLength));
  const asked = layers.flatMap((layer) => [...groups].map(([geohash, cells]) => ({ layer, geohash, cells })));
  const outlines = await mapLimited(asked, WIDTH, ({ layer, geohash, cells }) =>
    pyramid.outlines(layer, geohash, cells),
  );
  return outlines.flat();
}

/** Times and ids that are looked for. */
interface Span {
  readonly fromMs: number;
  readonly before?: string;
}

interface Search {
  readonly source: ReportSource;
  readonly query: AreaQuery;
  readonly span: Span;
}

/** What is known of a cell, and what would have to be read. */
function placesOf({ cell, rows, othersBeforeMs, others }: CellOutline, search: Search): Unopened[] {
  const { fromMs, before } = search.span;
  const endMs = before === undefined ? Infinity : timeOfId(before) + 1;
  const places: Unopened[] = [];
  if (rows.length > 0) {
    const open = async (oldestMs: number): Promise<Opened> => ({ found: foundIn(cell, rows, search, oldestMs) });
    places.push({ beforeMs: (rows.createdAtMs[rows.length - 1] as number) + 1, isRead: false, open });
  }
  if (othersBeforeMs > -Infinity) places.push(unreadPlace({ cell, others, othersBeforeMs }, search));
  return places
    .map((place) => ({ ...place, beforeMs: Math.min(place.beforeMs, endMs) }))
    .filter(({ beforeMs }) => beforeMs > fromMs);
}

function unreadPlace(
  { cell, others, othersBeforeMs }: Pick<CellOutline, "cell" | "others" | "othersBeforeMs">,
  search: Search,
): Unopened {
  const { source, query, span } = search;
  if (others > LARGE_CELL && query.area.isWhole(cell.geohash5)) {
    return logPlace(cell, search, { beforeMs: othersBeforeMs, before: span.before, rows: FIRST_ROWS });
  }
  return {
    beforeMs: othersBeforeMs,
    isRead: true,
    open: async (oldestMs) => ({ found: foundIn(cell, await source.pyramid.reports(cell), search, oldestMs) }),
  };
}

/** The rows of a cell's log before an id, a few at a time. */
function logPlace(
  cell: LogCell,
  search: Search,
  { beforeMs, before, rows }: { beforeMs: number; before: string | undefined; rows: number },
): Unopened {
  const { source, query, span } = search;
  const wanted = Math.min(rows, query.limit + 1);
  return {
    beforeMs,
    isRead: true,
    async open(oldestMs) {
      const from = idAt(Math.max(span.fromMs, oldestMs));
      const reports = await source.store.readNewest(cell, wanted, { from, ...(before !== undefined && { before }) });
      const found = reports.map((report) => ({ id: report.id, report }));
      const last = reports.at(-1)?.id;
      if (last === undefined || reports.length < wanted) return { found };
      const rest = { beforeMs: timeOfId(last) + 1, before: last, rows: 2 * rows };
      return { found, unopened: [logPlace(cell, search, rest)] };
    },
  };
}

/** The newest of a cell's rows that are wanted, one more than a page takes. */
function foundIn(cell: LogCell, rows: ReportColumns, { query, span }: Search, oldestMs: number): Found[] {
  const { area, limit } = query;
  const layerIndex = REPORT_LAYERS.indexOf(cell.layer);
  const end = span.before === undefined ? rows.length : firstRowFrom(rows, timeOfId(span.before) + 1);
  const start = firstRowFrom(rows, Math.max(span.fromMs, oldestMs));
  const found: Found[] = [];
  for (let row = end - 1; row >= start && found.length <= limit; row--) {
    if (!area.has((rows.lonE6[row] as number) / 1e6, (rows.latE6[row] as number) / 1e6)) continue;
    const id = idOfRow(rows, row, layerIndex);
    if (span.before === undefined || id < span.before) found.push({ id });
  }
  return found;
}

/** Whole reports in the order of the ids; without those that are hidden or gone by now. */
async function withTexts(store: ReportSource["store"], found: readonly Found[]): Promise<Report[]> {
  const ids = found.flatMap(({ id, report }) => (report === undefined ? [id] : []));
  const read = ids.length === 0 ? [] : await store.getMany(ids);
  const texts = new Map(read.map((report) => [report.id, report]));
  return found.flatMap(({ id, report }) => report ?? texts.get(id) ?? []);
}

const MAX_ID_TIME_MS = 2 ** 50 - 1;

/** What the ids of reports created at a time or later sort after; times beyond those of ids count as the nearest. */
export const idAt = (timeMs: number): string => idTimePrefix(Math.min(MAX_ID_TIME_MS, Math.max(0, Math.ceil(timeMs))));
