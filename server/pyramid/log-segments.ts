import { type EditedColumns, encodeEdited, encodeReports } from "../../tiles/codec/report-codec.ts";
import { StoredItemError } from "../../tiles/codec/stored-item.ts";
import { REPORT_LAYERS, REPORT_LIFETIME_MS } from "../../tiles/layers.ts";
import { idOfRow, mergeColumns, type ReportColumns, rowsMissing, takeRows } from "../../tiles/report-columns.ts";
import { timeOfId } from "../../tiles/report-id.ts";
import type { Log } from "../console/log.ts";
import type { DerivedItem, DerivedStore } from "../ports/derived-store.ts";
import type { LogCell } from "../ports/report-store.ts";
import {
  damagedRows,
  decodeStoredRows,
  EDITED_NAME,
  FULL_ROWS,
  groupOf,
  HEAD_NAME,
  newestEdited,
  type StoredRows,
  TAIL_NAME,
} from "./stored-rows.ts";

/**
 * Segments: a cell's log rows in 14 bytes a report instead of 150. Sealed ones are named by their last id and never change
 * but by being merged; the tail holds what is too little to seal and is written anew. A log segment expires as a whole with its
 * newest report. Segments may overlap: rows have ids, and reading merges them, so a compaction that ran twice or died half
 * way does no harm. A cell that has log segments has all rows in them up to the last compaction, but those that it left unmerged, so a
 * reader need not ask the log unless the feed told of a change since.
 *
 * A dense cell has a street base beside (street-base.ts). Its head lies here, and log segments of which that has all rows are named so
 * that a read up to the head leaves them out.
 *
 * Edited reports may stay in log segments as they were put: beside lies an item that says which version of each is known and what it
 * says now, and whoever reads takes that instead. Versions only ever grow, and are written before anything is made of them, so a
 * compaction that began earlier may write an older version again, but nobody sees it.
 */
export interface LogSegments {
  read(cell: LogCell, options?: { consistent?: boolean }): Promise<StoredRows>;
  /**
   * The same of a dense cell without its settled log segments: its head, and the rows that its street base lacks. Of any other cell, all.
   */
  readNear(cell: LogCell, options?: { consistent?: boolean }): Promise<StoredRows>;
  /** Adds rows that `stored` lacks. False: another compactor was faster; read again. */
  add(cell: LogCell, rows: ReportColumns, stored: StoredRows): Promise<boolean>;
  /** Notes edited reports; of each the higher version stays. False as above. */
  edit(cell: LogCell, edited: EditedColumns, stored: StoredRows): Promise<boolean>;
  /** Puts all rows of a cell in place of `stored`. False as above; then more may be stored than before, never less. */
  replace(cell: LogCell, rows: ReportColumns, stored: StoredRows): Promise<boolean>;
}

/** Longer than the log tells of them, so that what it tells is always known here. */
const EDITED_LIFETIME_MS = REPORT_LIFETIME_MS + 2 * 86_400_000;
/** Rows that make a log segment of their own; fewer are written anew with each compaction, two write units at the most. */
const SEAL_ROWS = 128;
/** A cell with fewer rows in all has no log segments: the log is as cheap to read, and a lone report as cheap to write. */
const LEAST_ROWS = 8;

export function createLogSegments(derived: DerivedStore, log: Log): LogSegments {
  function put(cell: LogCell, name: string, rows: ReportColumns, stored: StoredRows): Promise<boolean> {
    return derived.put(groupOf(cell), name, encodeReports(rows, cell.geohash5), {
      expected: stored.items.find((item) => item.name === name)?.version,
      expiresAtMs: (rows.createdAtMs[rows.length - 1] as number) + REPORT_LIFETIME_MS,
    });
  }

  /** Writes rows as sealed log segments; the names written, or undefined when another compactor was faster. */
  async function seal(cell: LogCell, rows: ReportColumns, stored: StoredRows): Promise<Set<string> | undefined> {
    const names = new Set<string>();
    for (let from = 0; from < rows.length; from += FULL_ROWS) {
      const piece = takeRows(rows, from, Math.min(rows.length, from + FULL_ROWS));
      const name = idOfRow(piece, piece.length - 1, REPORT_LAYERS.indexOf(cell.layer));
      if (!(await put(cell, name, piece, stored))) return undefined;
      names.add(name);
    }
    return names;
  }

  const removeBut = (cell: LogCell, keep: (name: string) => boolean, { items }: StoredRows): Promise<void> =>
    derived.remove(
      groupOf(cell),
      items.filter(({ name }) => name !== EDITED_NAME && !keep(name)),
    );

  function decode(cell: LogCell, items: readonly DerivedItem[]): StoredRows {
    try {
      return decodeStoredRows(cell, items);
    } catch (error) {
      if (!(error instanceof StoredItemError)) throw error;
      log.warn("damaged log segment: reading the log instead", { item: error.message });
      return damagedRows(items);
    }
  }

  return {
    read: async (cell, options) => decode(cell, await derived.list(groupOf(cell), options)),

    async readNear(cell, options = {}) {
      const items = await derived.list(groupOf(cell), { ...options, to: HEAD_NAME });
      const near = decode(cell, items);
      // A head that cannot be used says that there is more.
      const lacksHead = near.head === undefined && items.some(({ name }) => name === HEAD_NAME);
      return lacksHead ? decode(cell, await derived.list(groupOf(cell), options)) : near;
    },

    async add(cell, rows, stored) {
      const open = rowsMissing(mergeColumns(stored.tail, rows), stored.sealed);
      if (open.length >= SEAL_ROWS) {
        if ((await seal(cell, open, stored)) === undefined) return false;
        await removeBut(cell, (name) => name !== TAIL_NAME, stored);
        return true;
      }
      return !stored.complete && open.length < LEAST_ROWS ? true : put(cell, TAIL_NAME, open, stored);
    },

    async edit(cell, edited, stored) {
      const expected = stored.items.find(({ name }) => name === EDITED_NAME)?.version;
      const newest = newestEdited(stored.edited, edited, REPORT_LAYERS.indexOf(cell.layer));
      if (newest.versions.size === 0 && expected === undefined) return true;
      const newestMs = Math.max(0, ...[...newest.versions.keys()].map(timeOfId));
      const live = new Map([...newest.versions].filter(([id]) => timeOfId(id) + EDITED_LIFETIME_MS >= newestMs));
      const body = encodeEdited({ versions: live, rows: newest.rows }, cell.geohash5);
      return derived.put(groupOf(cell), EDITED_NAME, body, { expected, expiresAtMs: newestMs + EDITED_LIFETIME_MS });
    },

    async replace(cell, rows, stored) {
      const written = await seal(cell, rows, stored);
      if (written === undefined) return false;
      await removeBut(cell, (name) => written.has(name), stored);
      return true;
    },
  };
}
