import { addMicroCells, afterNewest, type MicroCells } from "../../tiles/cells/micro-cells.ts";
import type { ClusterMembers } from "../../tiles/cluster/cluster-members.ts";
import { geohashOfKey } from "../../tiles/geo/cell-key.ts";
import {
  ageBand,
  BAND_COUNT,
  REPORT_LAYERS,
  type ReportLayer,
  type TimeWindow,
  WINDOW_BANDS,
} from "../../tiles/layers.ts";
import { firstRowFrom, idOfRow } from "../../tiles/report-columns.ts";
import { timeOfId } from "../../tiles/report-id.ts";
import { type Found, type FoundPage, findNewest, type Unopened } from "../reports/find-newest.ts";
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

const LOG_PRECISION = 5;

/**
 * A cluster's newest reports before a cursor. Wide cells are opened into their log cells, these into their rows, which the
 * pyramid keeps in memory for tiles. The first page of a hundred thousand reports all over the world opens at most as many cells
 * as it returns reports; a later page also those that were passed.
 * @throws TooWideError when more than `maxCells` hold reports newer than what the page is about: it would have to open all
 */
export async function newestOfCluster(source: ClusterSource, query: ClusterReportsQuery): Promise<FoundPage> {
  const { limit, maxCells, members } = query;
  const cells = [...members.places].map(([place, beforeMs]) => cellOf(source, query, place, beforeMs));
  return findNewest(cells, { limit, endAfter: Infinity, most: maxCells });
}

function cellOf(source: ClusterSource, query: ClusterReportsQuery, place: string, beforeMs: number): Unopened {
  return {
    beforeMs,
    isRead: true,
    async open(oldestMs) {
      if (place.length === LOG_PRECISION) return { found: await newestOfCell(source, query, place, oldestMs) };
      const cells = addMicroCells([await source.cells(query.layer, place)], LOG_PRECISION);
      const unopened = [...logCells(cells, query.cursor)].map(([name, newestMs]) =>
        cellOf(source, query, name, newestMs),
      );
      return { found: [], unopened };
    },
  };
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

/** The newest of a log cell, newest first, none of them created before `oldestMs`. */
async function newestOfCell(
  source: ClusterSource,
  { layer, window, members, atMs, limit, cursor }: ClusterReportsQuery,
  geohash5: string,
  oldestMs: number,
): Promise<Found[]> {
  const rows = await source.reports({ layer, geohash5 });
  const layerIndex = REPORT_LAYERS.indexOf(layer);
  const end = cursor === undefined ? rows.length : firstRowFrom(rows, timeOfId(cursor) + 1);
  const start = firstRowFrom(rows, oldestMs);
  const found: Found[] = [];
  for (let row = end - 1; row >= start && found.length <= limit; row--) {
    const band = ageBand(atMs - (rows.createdAtMs[row] as number));
    if (band < 0 || band >= WINDOW_BANDS[window]) break;
    if (!members.hasRow(rows, row)) continue;
    const id = idOfRow(rows, row, layerIndex);
    if (cursor === undefined || id < cursor) found.push({ id });
  }
  return found;
}
