import { geohashOfKey } from "../../tiles/cell-key.ts";
import type { ClusterMembers } from "../../tiles/cluster-members.ts";
import {
  ageBand,
  BAND_COUNT,
  REPORT_LAYERS,
  type ReportLayer,
  type TimeWindow,
  WINDOW_BANDS,
} from "../../tiles/layers.ts";
import { addMicroCells, afterNewest, type MicroCells } from "../../tiles/micro-cells.ts";
import { firstRowFrom, idOfRow } from "../../tiles/report-columns.ts";
import { timeOfId } from "../../tiles/report-id.ts";
import { mapLimited } from "../map-limited.ts";
import type { ClusterSource } from "./find-cluster.ts";

export interface ClusterReportsQuery {
  readonly layer: ReportLayer;
  readonly window: TimeWindow;
  readonly members: ClusterMembers;
  /** At which tiles of the cluster's zoom see ages, Unix milliseconds. */
  readonly atMs: number;
  readonly limit: number;
  /** The last id of the page before. */
  readonly cursor?: string;
  /** Cells that one page may look into. */
  readonly maxCells: number;
}

/** Too many cells hold reports newer than the cursor: a page would have to look into all of them. */
export class ClusterTooWideError extends Error {
  override readonly name = "ClusterTooWideError";
}

const LOG_PRECISION = 5;
/** Cells looked into at once; up to one less may turn out to have been needless. */
const WIDTH = 16;

/**
 * Ids of a cluster's newest reports before a cursor, newest first, one more than `limit` when there are more.
 *
 * Cells say when their newest report was made, so they are opened newest first until no other can hold a newer report than those
 * found: wide cells into their log cells, these into their rows, which the pyramid keeps in memory for tiles. The first page of
 * a hundred thousand reports all over the world opens at most as many cells as it returns reports; a later page also those that
 * were passed.
 */
export async function newestOfCluster(source: ClusterSource, query: ClusterReportsQuery): Promise<string[]> {
  const { limit, maxCells } = query;
  const closed = new Map(query.members.places);
  const found: string[] = [];
  for (let opened = 0; ; ) {
    const last = found[limit];
    const needed = [...closed].filter(([, beforeMs]) => last === undefined || beforeMs > timeOfId(last));
    if (needed.length === 0) return found;
    const next = needed.sort(([, a], [, b]) => b - a).slice(0, WIDTH);
    opened += next.length;
    if (opened > maxCells) throw new ClusterTooWideError(`more than ${maxCells} cells`);
    const openedNow = await mapLimited(next, WIDTH, ([place]) => open(source, query, place, last));
    for (const [place] of next) closed.delete(place);
    for (const { places, ids } of openedNow) {
      for (const [place, beforeMs] of places) closed.set(place, beforeMs);
      found.push(...ids);
    }
    found.sort((a, b) => (a < b ? 1 : -1)).splice(limit + 1);
  }
}

interface Opened {
  readonly places: Iterable<readonly [place: string, beforeMs: number]>;
  readonly ids: readonly string[];
}

async function open(
  source: ClusterSource,
  query: ClusterReportsQuery,
  place: string,
  last: string | undefined,
): Promise<Opened> {
  if (place.length < LOG_PRECISION) {
    const cells = addMicroCells([await source.cells(query.layer, place)], LOG_PRECISION);
    return { places: logCells(cells, query.cursor), ids: [] };
  }
  return { places: [], ids: await newestOfCell(source, query, place, last) };
}

/** Log cells with the time before which their reports were made, without those whose only report a cursor has passed. */
function* logCells(cells: MicroCells, cursor: string | undefined): Generator<[place: string, beforeMs: number]> {
  const cursorMs = cursor === undefined ? Infinity : timeOfId(cursor);
  for (let cell = 0; cell < cells.length; cell++) {
    const newestMs = cells.newest.createdAtMs[cell] as number;
    let count = 0;
    for (let band = 0; band < BAND_COUNT; band++) count += cells.bandCount[cell * BAND_COUNT + band] as number;
    if (count === 1 && newestMs > cursorMs) continue;
    yield [geohashOfKey(cells.key[cell] as number, LOG_PRECISION), afterNewest(newestMs)];
  }
}

/** Newest ids of a log cell, newest first, none of them older than `last` by time. */
async function newestOfCell(
  source: ClusterSource,
  { layer, window, members, atMs, limit, cursor }: ClusterReportsQuery,
  geohash5: string,
  last: string | undefined,
): Promise<string[]> {
  const rows = await source.reports({ layer, geohash5 });
  const layerIndex = REPORT_LAYERS.indexOf(layer);
  const end = cursor === undefined ? rows.length : firstRowFrom(rows, timeOfId(cursor) + 1);
  const start = last === undefined ? 0 : firstRowFrom(rows, timeOfId(last));
  const ids: string[] = [];
  for (let row = end - 1; row >= start && ids.length <= limit; row--) {
    const band = ageBand(atMs - (rows.createdAtMs[row] as number));
    if (band < 0 || band >= WINDOW_BANDS[window]) break;
    if (!members.hasRow(rows, row)) continue;
    const id = idOfRow(rows, row, layerIndex);
    if (cursor === undefined || id < cursor) ids.push(id);
  }
  return ids;
}
