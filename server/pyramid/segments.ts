import { REPORT_LAYERS, REPORT_LIFETIME_MS } from "../../tiles/layers.ts";
import { decodeHidden, decodeReports, encodeHidden, encodeReports } from "../../tiles/report-codec.ts";
import {
  allocateColumns,
  idOfRow,
  mergeAllColumns,
  mergeColumns,
  type ReportColumns,
  rowsMissing,
  takeRows,
  withoutIds,
} from "../../tiles/report-columns.ts";
import { idTimePrefix, timeOfId } from "../../tiles/report-id.ts";
import { StoredItemError } from "../../tiles/stored-item.ts";
import type { Log } from "../console/log.ts";
import type { DerivedItem, DerivedStore, LogCell } from "../ports.ts";

/**
 * Segments: a cell's log rows in 14 bytes a report instead of 150. Sealed ones are named by their last id and never change
 * but by being merged; the tail holds what is too little to seal and is written anew. A segment expires as a whole with its
 * newest report. Segments may overlap: rows have ids, and reading merges them, so a compaction that ran twice or died half
 * way does no harm. A cell that has segments has all rows in them up to the last compaction, but those that it put off, so a
 * reader need not ask the log unless the feed told of a change since.
 *
 * Hidden reports may stay in segments: their ids lie beside, and whoever reads takes them away. Ids are only ever added, and
 * before anything is made without them, so a compaction that began earlier may write a hidden report again, but nobody sees it.
 */
export interface Segments {
  read(cell: LogCell, options?: { consistent?: boolean }): Promise<StoredRows>;
  /** Adds rows that `stored` lacks. False: another compactor was faster; read again. */
  add(cell: LogCell, rows: ReportColumns, stored: StoredRows): Promise<boolean>;
  /** Notes hidden reports, beside those that `stored` knows. False as above. */
  hide(cell: LogCell, ids: readonly string[], stored: StoredRows): Promise<boolean>;
  /** Puts all rows of a cell in place of `stored`. False as above; then more may be stored than before, never less. */
  replace(cell: LogCell, rows: ReportColumns, stored: StoredRows): Promise<boolean>;
}

export interface StoredRows {
  /** All rows that are not hidden; none when a segment is damaged. */
  readonly columns: ReportColumns;
  /** False: the log must be read from its beginning, because there are no segments, or damaged ones. */
  readonly complete: boolean;
  readonly damaged: boolean;
  /** So many segments that reading them costs more than writing them anew. */
  readonly scattered: boolean;
  readonly sealed: ReportColumns;
  readonly tail: ReportColumns;
  /** Ids of hidden reports; none when damaged. */
  readonly hidden: readonly string[];
  readonly items: readonly DerivedItem[];
}

/** Sorts after every id. */
const TAIL_NAME = "~";
/** Ids of hidden reports; sorts before every id. */
const HIDDEN_NAME = "!";
/** Longer than the log's markers are told of, so that what they tell is always known here. */
const HIDDEN_LIFETIME_MS = REPORT_LIFETIME_MS + 2 * 86_400_000;
/** Rows that make a segment of their own; fewer are written anew with each compaction, two write units at the most. */
const SEAL_ROWS = 128;
/** A cell with fewer rows in all has no segments: the log is as cheap to read, and a lone report as cheap to write. */
const LEAST_ROWS = 8;
/** Sealed segments beyond this, not counting full ones, are merged. */
const MAX_SMALL = 8;
/** Rows of a full segment: 110 KB, well under an item's 400 KB. */
const FULL_ROWS = 8000;

const groupOf = (cell: LogCell): string => `segments/${cell.layer}/${cell.geohash5}`;

export function createSegments(derived: DerivedStore, log: Log): Segments {
  function put(cell: LogCell, name: string, rows: ReportColumns, stored: StoredRows): Promise<boolean> {
    return derived.put(groupOf(cell), name, encodeReports(rows, cell.geohash5), {
      expected: stored.items.find((item) => item.name === name)?.version,
      expiresAtMs: (rows.createdAtMs[rows.length - 1] as number) + REPORT_LIFETIME_MS,
    });
  }

  /** Writes rows as sealed segments; the names written, or undefined when another compactor was faster. */
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
      items.filter(({ name }) => name !== HIDDEN_NAME && !keep(name)),
    );

  function decode(cell: LogCell, items: readonly DerivedItem[]): StoredRows {
    const group = groupOf(cell);
    const runOf = ({ name, body }: DerivedItem) => decodeReports(body, cell.geohash5, `${group} ${name}`);
    const hidden = items
      .filter(({ name }) => name === HIDDEN_NAME)
      .flatMap(({ name, body }) => decodeHidden(body, `${group} ${name}`));
    const segments = items.filter(({ name }) => name !== HIDDEN_NAME);
    const layerIndex = REPORT_LAYERS.indexOf(cell.layer);
    const runs = segments.filter(({ name }) => name !== TAIL_NAME).map(runOf);
    const sealed = withoutIds(mergeAllColumns(runs), hidden, layerIndex);
    const tail = withoutIds(
      mergeAllColumns(segments.filter(({ name }) => name === TAIL_NAME).map(runOf)),
      hidden,
      layerIndex,
    );
    const scattered = runs.filter(({ length }) => length < FULL_ROWS).length > MAX_SMALL;
    const columns = mergeColumns(sealed, tail);
    return { columns, complete: segments.length > 0, damaged: false, scattered, sealed, tail, hidden, items };
  }

  return {
    async read(cell, options) {
      const items = await derived.list(groupOf(cell), options);
      try {
        return decode(cell, items);
      } catch (error) {
        if (!(error instanceof StoredItemError)) throw error;
        log.warn("damaged segment: reading the log instead", { item: error.message });
        const none = allocateColumns(0);
        const nothing = { columns: none, sealed: none, tail: none, hidden: [] };
        return { ...nothing, complete: false, damaged: true, scattered: false, items };
      }
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

    async hide(cell, ids, stored) {
      const expected = stored.items.find(({ name }) => name === HIDDEN_NAME)?.version;
      const all = [...new Set([...stored.hidden, ...ids])].sort();
      if (all.length === 0 && expected === undefined) return true;
      const newestMs = timeOfId(all.at(-1) ?? idTimePrefix(0));
      const live = all.filter((id) => timeOfId(id) + HIDDEN_LIFETIME_MS >= newestMs);
      return derived.put(groupOf(cell), HIDDEN_NAME, encodeHidden(live), {
        expected,
        expiresAtMs: newestMs + HIDDEN_LIFETIME_MS,
      });
    },

    async replace(cell, rows, stored) {
      const written = await seal(cell, rows, stored);
      if (written === undefined) return false;
      await removeBut(cell, (name) => written.has(name), stored);
      return true;
    },
  };
}
