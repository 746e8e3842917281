import { encodeReports } from "../../tiles/codec/report-codec.ts";
import { encodeStreetHead, type StreetHead } from "../../tiles/codec/street-codec.ts";
import { REPORT_LAYERS, REPORT_LIFETIME_MS } from "../../tiles/layers.ts";
import {
  idOfRow,
  mergeAllColumns,
  mergeColumns,
  type ReportColumns,
  rowsBetween,
  rowsMissing,
  takeRows,
  withoutIds,
} from "../../tiles/report-columns.ts";
import { mapLimited } from "../kit/map-limited.ts";
import type { DerivedItem, DerivedStore } from "../ports/derived-store.ts";
import type { LogCell } from "../ports/report-store.ts";
import {
  FULL_ROWS,
  groupOf,
  HEAD_NAME,
  MAX_SMALL,
  type StoredRows,
  type StoredSegment,
  segmentsOf,
  settledName,
} from "./stored-rows.ts";
import {
  countOf,
  makeStreetBase,
  STREET_LIMITS,
  type StreetBase,
  type StreetLimits,
  shareOf,
  sumOfEdits,
} from "./street-base.ts";
import { itemName, streetGroup } from "./street-items.ts";

/**
 * Keeps the street bases of dense cells. A base is written whole, to the side that the last one does not lie on, and holds from when its
 * head is written; until then the last one does, so a compaction may die anywhere. It is made anew when enough rows came since to be
 * worth it, when an older one was edited, and before the ages in it go wrong. Older rows that came later, as from an import, are told of
 * in the head before anything else.
 */
export interface StreetCompaction {
  /**
   * To be called before rows are put into log segments: tells of those that are older than the base. False: something was written, or
   * another compactor was faster; read again.
   */
  takeLate(cell: LogCell, rows: ReportColumns, stored: StoredRows): Promise<boolean>;
  /**
   * Makes a base anew that is due. Returns when it is due next, Unix milliseconds; undefined when another compactor was faster: read
   * again.
   */
  update(cell: LogCell, rows: PlainRows, options: UpdateOptions): Promise<number | undefined>;
}

/** All rows of a cell but the edited ones, as they were stored and came since. */
export interface PlainRows {
  readonly plain: ReportColumns;
  readonly editedIds: readonly string[];
  /** What was read, before anything was added. */
  readonly stored: StoredRows;
}

export interface UpdateOptions {
  /** A base holds the rows created before, all of which are known; Unix milliseconds. */
  readonly beforeMs: number;
  /** About now, and the same for whoever goes on with what was cut off. */
  readonly atMs: number;
  readonly nowMs: number;
  /** Whether it is due in any case: nothing that is stored is taken for granted. */
  readonly isAnew: boolean;
}

/** Before its ages go wrong: by then the cell's turn comes, as if ages in its cell aggregate were wrong. */
const REMAKE_BEFORE_MS = 75 * 60_000;

/** Kept a little longer than any of its rows, since a reader wants all of it or none. */
const SPARE_MS = 86_400_000;

const PARALLEL_WRITES = 8;

export function createStreetCompaction(derived: DerivedStore, limits = STREET_LIMITS): StreetCompaction {
  function putHead(cell: LogCell, head: StreetHead, expiresAtMs: number, { items }: StoredRows): Promise<boolean> {
    const expected = items.find(({ name }) => name === HEAD_NAME)?.version;
    return derived.put(groupOf(cell), HEAD_NAME, encodeStreetHead(head, cell.geohash5), { expected, expiresAtMs });
  }

  return {
    async takeLate(cell, rows, { head, ...stored }) {
      if (head === undefined || !isInForce(head)) return true;
      const late = rowsMissing(rowsBetween(rows, 0, head.beforeMs), head.rows);
      if (late.length === 0) return true;
      const merged = mergeColumns(head.rows, late);
      const isMuch = merged.length > limits.mostOfHead;
      const counted = head.counted + countOf(late, head);
      const told = isMuch ? { ...head, untilMs: head.fromMs } : { ...head, rows: merged, counted };
      await putHead(cell, told, head.beforeMs + REPORT_LIFETIME_MS + SPARE_MS, { head, ...stored });
      return false;
    },

    async update(cell, rows, options) {
      if (!isDue(rows, options, limits)) return dueOf(rows.stored.head);
      const { plain, editedIds, stored } = rows;
      const { beforeMs, atMs } = options;
      const side = stored.head?.side === 0 ? 1 : 0;
      const base = makeStreetBase(plain, { geohash5: cell.geohash5, beforeMs, atMs, side, editedIds, limits });
      const near = await listNear(derived, cell);
      const merged = await settle(derived, cell, { rows: rowsBetween(plain, 0, beforeMs), stored });
      if (merged === undefined) return undefined;
      // Rows that the base lacks lie where its readers look, unless a base of a later time was dropped.
      const newer = rowsBetween(plain, beforeMs, Infinity);
      const hidden = rowsMissing(newer, mergeAllColumns(near.map((segment) => segment.rows)));
      if ((await seal(derived, cell, hidden, { nameOf: (id) => id, stored })) === undefined) return undefined;
      if (!(await writeUnits(derived, cell, base, plain))) return undefined;
      if (!(await putHead(cell, base.head, expiryOf(plain, base), stored))) return undefined;
      await derived.remove(groupOf(cell), [...merged, ...nowSettled(near, rows, { cell, beforeMs })]);
      return dueOf(base.head);
    },
  };
}

const dueOf = (head: StreetHead | undefined): number =>
  head === undefined ? Infinity : head.untilMs - REMAKE_BEFORE_MS;

const isInForce = ({ fromMs, untilMs }: StreetHead): boolean => untilMs > fromMs;

function isDue(
  { plain, editedIds, stored: { head } }: PlainRows,
  { beforeMs, nowMs, isAnew }: UpdateOptions,
  limits: StreetLimits,
): boolean {
  if (head === undefined) return rowsBetween(plain, 0, beforeMs).length >= limits.denseRows;
  // That of a compactor that began later, or else of a clock that was ahead.
  if (head.beforeMs > beforeMs) return head.beforeMs > nowMs;
  if (isAnew || !isInForce(head) || nowMs < head.fromMs || nowMs > dueOf(head)) return true;
  if (sumOfEdits(editedIds, head) !== head.editsSum || countOf(plain, head) !== head.counted) return true;
  const newer = rowsBetween(plain, head.beforeMs, Infinity).length;
  return newer > shareOf(plain.length - newer, limits.leastNewer, limits.mostNewer);
}

/**
 * Puts rows into settled log segments that are in none yet. Returns those that were merged and can be removed; undefined when another
 * compactor was faster.
 */
async function settle(
  derived: DerivedStore,
  cell: LogCell,
  { rows, stored }: { rows: ReportColumns; stored: StoredRows },
): Promise<DerivedItem[] | undefined> {
  const known = mergeAllColumns(stored.settled.map((segment) => segment.rows));
  const open = rowsMissing(rows, known);
  const small = stored.settled.filter((segment) => segment.rows.length < FULL_ROWS);
  const merged = small.length > MAX_SMALL ? small : [];
  const written = await seal(derived, cell, mergeAllColumns([open, ...merged.map((segment) => segment.rows)]), {
    nameOf: settledName,
    stored,
  });
  return written && merged.map(({ item }) => item).filter(({ name }) => !written.has(name));
}

/** Writes rows as log segments; their names, or undefined when another compactor was faster. */
async function seal(
  derived: DerivedStore,
  cell: LogCell,
  rows: ReportColumns,
  { nameOf, stored: { items } }: { nameOf: (lastId: string) => string; stored: StoredRows },
): Promise<Set<string> | undefined> {
  const names = new Set<string>();
  for (let from = 0; from < rows.length; from += FULL_ROWS) {
    const piece = takeRows(rows, from, Math.min(rows.length, from + FULL_ROWS));
    const name = nameOf(idOfRow(piece, piece.length - 1, REPORT_LAYERS.indexOf(cell.layer)));
    const expected = items.find((item) => item.name === name)?.version;
    const expiresAtMs = newestOf(piece) + REPORT_LIFETIME_MS;
    if (!(await derived.put(groupOf(cell), name, encodeReports(piece, cell.geohash5), { expected, expiresAtMs })))
      return undefined;
    names.add(name);
  }
  return names;
}

/** Writes the items that are not there yet, as one that was cut off has left them, and drops what an earlier base left on the side. */
async function writeUnits(
  derived: DerivedStore,
  cell: LogCell,
  base: StreetBase,
  plain: ReportColumns,
): Promise<boolean> {
  const group = streetGroup(cell, base.head.side);
  const there = new Map((await derived.list(group, { consistent: true })).map((item) => [item.name, item]));
  const expiresAtMs = expiryOf(plain, base);
  const outcomes = await mapLimited([...base.bodies.entries()], PARALLEL_WRITES, async ([index, body]) => {
    const name = itemName(index);
    const item = there.get(name);
    there.delete(name);
    if (item !== undefined && sameBytes(item.body, body)) return true;
    return derived.put(group, name, body, { expected: item?.version, expiresAtMs });
  });
  if (outcomes.includes(false)) return false;
  if (there.size > 0) await derived.remove(group, [...there.values()]);
  return true;
}

/** Log segments that are not settled yet, as they are now. */
async function listNear(derived: DerivedStore, cell: LogCell): Promise<StoredSegment[]> {
  const items = await derived.list(groupOf(cell), { consistent: true, to: HEAD_NAME });
  return segmentsOf(cell, items);
}

/** Those of which the base has all, or that were edited; other compactors may have put something else into one. */
function nowSettled(
  near: readonly StoredSegment[],
  { plain, editedIds }: PlainRows,
  { cell, beforeMs }: { cell: LogCell; beforeMs: number },
): DerivedItem[] {
  const known = rowsBetween(plain, 0, beforeMs);
  const layerIndex = REPORT_LAYERS.indexOf(cell.layer);
  return near.flatMap(({ item, rows }) =>
    rowsMissing(withoutIds(rows, editedIds, layerIndex), known).length === 0 ? item : [],
  );
}

const newestOf = ({ createdAtMs, length }: ReportColumns): number => createdAtMs[length - 1] as number;

const expiryOf = (plain: ReportColumns, { head }: StreetBase): number =>
  Math.max(head.untilMs, plain.length === 0 ? 0 : newestOf(plain) + REPORT_LIFETIME_MS) + SPARE_MS;

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}
