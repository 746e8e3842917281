import { decodeEdited, decodeReports, type EditedColumns } from "../../tiles/codec/report-codec.ts";
import { REPORT_LAYERS } from "../../tiles/layers.ts";
import {
  allocateColumns,
  mergeAllColumns,
  mergeColumns,
  type ReportColumns,
  withoutIds,
} from "../../tiles/report-columns.ts";
import type { DerivedItem } from "../ports/derived-store.ts";
import type { LogCell } from "../ports/report-store.ts";

/** What a cell's log segments hold, as it was read from their items; `log-segments.ts` says which there are. */
export interface StoredRows {
  /** All rows that are shown, as they read now; none when a log segment is damaged. */
  readonly columns: ReportColumns;
  /** False: the log must be read from its beginning, because there are no log segments, or damaged ones. */
  readonly complete: boolean;
  readonly damaged: boolean;
  /** So many log segments that reading them costs more than writing them anew. */
  readonly scattered: boolean;
  /** Rows without those that were edited. */
  readonly sealed: ReportColumns;
  readonly tail: ReportColumns;
  /** None when damaged. */
  readonly edited: EditedColumns;
  readonly items: readonly DerivedItem[];
}

/** The tail; sorts after every id. */
export const TAIL_NAME = "~";
/** Edited reports; sorts before every id. */
export const EDITED_NAME = "!";
/** Sealed log segments beyond this, not counting full ones, are merged. */
const MAX_SMALL = 8;
/** Rows of a full log segment: 110 KB, well under an item's 400 KB. */
export const FULL_ROWS = 8000;

export const groupOf = (cell: LogCell): string => `segments/${cell.layer}/${cell.geohash5}`;

const NO_EDITS: EditedColumns = { versions: new Map(), rows: allocateColumns(0) };

/** @throws StoredItemError when an item is damaged */
export function decodeStoredRows(cell: LogCell, items: readonly DerivedItem[]): StoredRows {
  const nameOf = ({ name }: DerivedItem): string => `${groupOf(cell)} ${name}`;
  const [edited = NO_EDITS] = items
    .filter(({ name }) => name === EDITED_NAME)
    .map((item) => decodeEdited(item.body, cell.geohash5, nameOf(item)));
  const segments = items
    .filter(({ name }) => name !== EDITED_NAME)
    .map((item) => ({ isTail: item.name === TAIL_NAME, rows: decodeReports(item.body, cell.geohash5, nameOf(item)) }));
  const unedited = (runs: ReportColumns[]) =>
    withoutIds(mergeAllColumns(runs), edited.versions.keys(), REPORT_LAYERS.indexOf(cell.layer));
  const sealedRuns = segments.flatMap(({ isTail, rows }) => (isTail ? [] : rows));
  const sealed = unedited(sealedRuns);
  const tail = unedited(segments.flatMap(({ isTail, rows }) => (isTail ? rows : [])));
  return {
    columns: mergeAllColumns([sealed, tail, edited.rows]),
    complete: segments.length > 0,
    damaged: false,
    scattered: sealedRuns.filter(({ length }) => length < FULL_ROWS).length > MAX_SMALL,
    sealed,
    tail,
    edited,
    items,
  };
}

/** In place of what cannot be decoded: the log must be read. */
export function damagedRows(items: readonly DerivedItem[]): StoredRows {
  const none = allocateColumns(0);
  const nothing = { columns: none, sealed: none, tail: none, edited: NO_EDITS };
  return { ...nothing, complete: false, damaged: true, scattered: false, items };
}

/** Of each edited report the higher of two versions; of the same the second. */
export function newestEdited(a: EditedColumns, b: EditedColumns, layerIndex: number): EditedColumns {
  const versions = new Map(a.versions);
  const older: string[] = [];
  for (const [id, version] of b.versions) {
    if (version < (versions.get(id) ?? 0)) older.push(id);
    else versions.set(id, version);
  }
  const newer = [...b.versions.keys()].filter((id) => !older.includes(id));
  const rows = mergeColumns(withoutIds(a.rows, newer, layerIndex), withoutIds(b.rows, older, layerIndex));
  return { versions, rows };
}
