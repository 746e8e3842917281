import { decodeEdited, decodeReports, type EditedColumns } from "../../tiles/codec/report-codec.ts";
import { StoredItemError } from "../../tiles/codec/stored-item.ts";
import { decodeStreetHead, type StreetHead } from "../../tiles/codec/street-codec.ts";
import { REPORT_LAYERS } from "../../tiles/layers.ts";
import {
  allocateColumns,
  mergeAllColumns,
  mergeColumns,
  type ReportColumns,
  rowsUnlike,
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
  /** What is stored of a dense cell for close zooms; undefined where there is none, or it is damaged. */
  readonly head: StreetHead | undefined;
  /** All log segments, those of which the street base has all rows among them. */
  readonly segments: readonly StoredSegment[];
  readonly settled: readonly StoredSegment[];
  readonly items: readonly DerivedItem[];
}

export interface StoredSegment {
  readonly item: DerivedItem;
  readonly rows: ReportColumns;
}

/** The tail; sorts after every id. */
export const TAIL_NAME = "~";
/** Edited reports; sorts before every id. */
export const EDITED_NAME = "!";
/**
 * The head of a dense cell's street base. It sorts after all that a base lacks, so that who finds an old head has read before it what
 * was taken off when the next one was written.
 */
export const HEAD_NAME = "~!";
/** Begins the names of settled log segments, before their last id; these sort after the head. */
const SETTLED_PREFIX = "~";

export const settledName = (lastId: string): string => `${SETTLED_PREFIX}${lastId}`;
const isSettled = (name: string): boolean => name.startsWith(SETTLED_PREFIX) && name > HEAD_NAME;
/** Sealed log segments beyond this, not counting full ones, are merged. */
export const MAX_SMALL = 8;
/** Rows of a full log segment: 110 KB, well under an item's 400 KB. */
export const FULL_ROWS = 8000;

export const groupOf = (cell: LogCell): string => `segments/${cell.layer}/${cell.geohash5}`;

const NO_EDITS: EditedColumns = { versions: new Map(), rows: allocateColumns(0) };

/** @throws StoredItemError when an item is damaged, but for the head */
export function decodeStoredRows(cell: LogCell, items: readonly DerivedItem[]): StoredRows {
  const head = decodeHead(cell, items);
  const [edited = NO_EDITS] = items
    .filter(({ name }) => name === EDITED_NAME)
    .map((item) => decodeEdited(item.body, cell.geohash5, nameIn(cell, item)));
  const segments = segmentsOf(cell, items);
  const unedited = (runs: ReportColumns[]) =>
    withoutIds(mergeAllColumns(runs), edited.versions.keys(), REPORT_LAYERS.indexOf(cell.layer));
  const sealedRuns = segments.flatMap(({ item, rows }) => (item.name === TAIL_NAME ? [] : rows));
  const sealed = unedited(sealedRuns);
  const tail = unedited(segments.flatMap(({ item, rows }) => (item.name === TAIL_NAME ? rows : [])));
  return {
    columns: mergeAllColumns([sealed, tail, edited.rows]),
    complete: segments.length > 0 || head !== undefined,
    damaged: false,
    // Those of a dense cell are merged when its street base is made anew.
    scattered: head === undefined && sealedRuns.filter(({ length }) => length < FULL_ROWS).length > MAX_SMALL,
    sealed,
    tail,
    edited,
    head,
    segments,
    settled: segments.filter(({ item }) => isSettled(item.name)),
    items,
  };
}

/**
 * Whether log segments tell different weights of one row. So they do when the compaction that put all rows in place of others, since what
 * they weigh had changed, was cut off before it removed those; later ones would keep either.
 */
export function isTorn({ segments, sealed, tail, edited }: StoredRows, layerIndex: number): boolean {
  if (segments.length < 2) return false;
  const known = mergeColumns(sealed, tail);
  const ids = [...edited.versions.keys()];
  return segments.some(({ rows }) => rowsUnlike(withoutIds(rows, ids, layerIndex), known).length > 0);
}

/** The log segments among items. @throws StoredItemError when one is damaged */
export function segmentsOf(cell: LogCell, items: readonly DerivedItem[]): StoredSegment[] {
  return items
    .filter(({ name }) => name !== EDITED_NAME && name !== HEAD_NAME)
    .map((item) => ({ item, rows: decodeReports(item.body, cell.geohash5, nameIn(cell, item)) }));
}

const nameIn = (cell: LogCell, { name }: DerivedItem): string => `${groupOf(cell)} ${name}`;

/** A damaged head is done without: the rows are all there. */
function decodeHead(cell: LogCell, items: readonly DerivedItem[]): StreetHead | undefined {
  const item = items.find(({ name }) => name === HEAD_NAME);
  try {
    return item && decodeStreetHead(item.body, cell.geohash5, nameIn(cell, item));
  } catch (error) {
    if (!(error instanceof StoredItemError)) throw error;
    return undefined;
  }
}

/** In place of what cannot be decoded: the log must be read. */
export function damagedRows(items: readonly DerivedItem[]): StoredRows {
  const none = allocateColumns(0);
  const nothing = { columns: none, sealed: none, tail: none, edited: NO_EDITS, head: undefined };
  return { ...nothing, complete: false, damaged: true, scattered: false, segments: [], settled: [], items };
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
