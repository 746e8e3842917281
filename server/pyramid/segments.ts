import { REPORT_LAYERS, REPORT_LIFETIME_MS } from "../../tiles/layers.ts";
import { decodeReports, encodeReports } from "../../tiles/report-codec.ts";
import { allocateColumns, idOfRow, mergeColumns, type ReportColumns, takeRows } from "../../tiles/report-columns.ts";
import { StoredItemError } from "../../tiles/stored-item.ts";
import type { Log } from "../app-parts.ts";
import type { DerivedItem, DerivedStore, LogCell } from "../ports.ts";

/**
 * Segments: runs of a cell's log rows in 15 bytes a report instead of 150. A segment is named by its last id, never
 * changes but by being merged with others, and expires as a whole with its newest report. Segments may overlap: rows have
 * ids, and reading merges them, so a compaction that ran twice or died half way does no harm.
 */
export interface Segments {
  /** The rows in a cell's segments. When a segment is damaged there are none, and `upTo` sends the reader to the log. */
  read(cell: LogCell, options?: { consistent?: boolean }): Promise<StoredRows>;
  /** Adds rows that `stored` lacks. False: another compactor was faster; read again. */
  append(cell: LogCell, rows: ReportColumns, stored: StoredRows): Promise<boolean>;
  /** Puts all rows of a cell in place of `stored`. False as above; then more may be stored than before, never less. */
  replace(cell: LogCell, rows: ReportColumns, stored: StoredRows): Promise<boolean>;
}

export interface StoredRows {
  readonly columns: ReportColumns;
  /** The id up to which nothing but late rows is missing; "" when nothing is stored. */
  readonly upTo: string;
  readonly items: readonly DerivedItem[];
  readonly damaged: boolean;
  /** So many segments that reading them costs more than writing them anew. */
  readonly scattered: boolean;
}

/** Small segments beyond this are merged: each costs a reader its framing, and a merge costs a writer every byte. */
const MAX_SMALL = 8;
/** Rows of a segment that counts as full. 8 000 rows are 120 KB, well under an item's 400 KB. */
const FULL_ROWS = 8000;

const groupOf = (cell: LogCell): string => `segments/${cell.layer}/${cell.geohash5}`;

export function createSegments(derived: DerivedStore, log: Log): Segments {
  async function put(cell: LogCell, rows: ReportColumns, stored: StoredRows, written: Set<string>): Promise<boolean> {
    for (let from = 0; from < rows.length; from += FULL_ROWS) {
      const piece = takeRows(rows, from, Math.min(rows.length, from + FULL_ROWS));
      const last = piece.length - 1;
      const name = idOfRow(piece, last, REPORT_LAYERS.indexOf(cell.layer));
      const ok = await derived.put(groupOf(cell), name, encodeReports(piece, cell.geohash5), {
        expected: stored.items.find((item) => item.name === name)?.version,
        expiresAtMs: (piece.createdAtMs[last] as number) + REPORT_LIFETIME_MS,
      });
      if (!ok) return false;
      written.add(name);
    }
    return true;
  }

  return {
    async read(cell, options) {
      const items = await derived.list(groupOf(cell), options);
      try {
        const runs = items.map(({ name, body }) => decodeReports(body, cell.geohash5, `${groupOf(cell)} ${name}`));
        return {
          columns: mergeAll(runs),
          upTo: items.at(-1)?.name ?? "",
          items,
          damaged: false,
          scattered: runs.filter(({ length }) => length < FULL_ROWS).length > MAX_SMALL,
        };
      } catch (error) {
        if (!(error instanceof StoredItemError)) throw error;
        log.warn("damaged segment: reading the log instead", { item: error.message });
        return { columns: allocateColumns(0), upTo: "", items, damaged: true, scattered: false };
      }
    },

    append: (cell, rows, stored) => put(cell, rows, stored, new Set()),

    async replace(cell, rows, stored) {
      const written = new Set<string>();
      if (!(await put(cell, rows, stored, written))) return false;
      await derived.remove(
        groupOf(cell),
        stored.items.filter(({ name }) => !written.has(name)),
      );
      return true;
    },
  };
}

/** Merges pairwise, so that many runs cost their rows times the logarithm of their number. */
function mergeAll(runs: readonly ReportColumns[]): ReportColumns {
  if (runs.length <= 1) return runs[0] ?? allocateColumns(0);
  const middle = runs.length >> 1;
  return mergeColumns(mergeAll(runs.slice(0, middle)), mergeAll(runs.slice(middle)));
}
