import { keptFrom } from "../../tiles/kept.ts";
import { REPORT_LAYERS, REPORT_LIFETIME_MS, type ReportLayer } from "../../tiles/layers.ts";
import { rowsBetween } from "../../tiles/report-columns.ts";
import { earlierId, idTimePrefix } from "../../tiles/report-id.ts";
import { FRESH_ROW_MS, type LogCell, type LogChange } from "../ports/report-store.ts";
import { type ChangedCell, codeOfCell, inOrder } from "./changed-cells.ts";
import type { CompactionPlan } from "./compaction-plan.ts";
import type { CompactionProgress } from "./compaction-progress.ts";
import type { CompactionPoint } from "./compaction-state.ts";
import { FEED_BEGINNING } from "./stored-cursor.ts";
import { createUnmergedRows, firstId, type UnmergedRows } from "./unmerged-rows.ts";

/**
 * Rows that are left unmerged, 20 bytes each, in a state that takes two write units then: a lone report is not worth a cell aggregate of each
 * level.
 */
export const MOST_UNMERGED = 80;

/** The same of a hurried compaction: the state is written more often then, but cells with new reports alone are not. */
export const MOST_UNMERGED_OF_HURRIED = 2000;

/** Rows that the state and its parts take, 20 bytes each, of a hundred sensitive reports a second; where there are more, their cells are read again. */
const MOST_ROWS = 100_000;

/** Rows of cells that were read that a compaction notes on its way; of more, their cells are read again. */
export const MOST_NOTED = 4000;

/** Such cells that the state takes, ten bytes each; where there are more, it does not move its cursor. */
const MOST_CELLS = 4000;

/** Cells that turn out to have rows that nobody knows of, beside those. Their number is not known before the work is done. */
export const MOST_OPEN = 15_000;

/**
 * Cell aggregates hold rows of times that are past since so long, as times of their layer are cut: everything that the feed brings of them
 * was told long since, whatever the clocks.
 */
const SETTLED_MS = FRESH_ROW_MS + 5000;

/** Processes' clocks differ by less. */
const CLOCKS_DIFFER_MS = SETTLED_MS - FRESH_ROW_MS;

/** Sorts before every id. */
const FIRST_ID = "";

/** What a plan is made of. */
export interface WorkFound {
  /** Where the compaction stands. */
  readonly point: CompactionPoint | undefined;
  /** Of the new plan. */
  readonly number: number;
  /** What the feed told since, up to the cursor, which was taken at `atMs`. */
  readonly changes: readonly LogChange[];
  readonly cursor: string;
  readonly atMs: number;
  /** Cells of which nothing else need have changed. */
  readonly also?: readonly LogCell[];
  /** How many rows that cell aggregates may take in are left unmerged. */
  readonly mostUnmerged?: number;
  /** How many rows the state and its parts take. */
  readonly mostRows?: number;
}

type Work = Pick<CompactionPlan, "end" | "cells">;

/** What is to be done about changes; undefined when there is too much that is too young, and nothing can be done yet. */
export function workOfChanges(found: WorkFound): Work | undefined {
  const { point, changes, also = [], mostUnmerged = MOST_UNMERGED, mostRows = MOST_ROWS, ...taken } = found;
  const beforeMs = timeOfCellAggregates(point, taken.atMs);
  const unmerged = point?.rows ?? createUnmergedRows();
  const cells = new Map<number, ChangedCell>();
  const takenInMs = (layer: ReportLayer): number =>
    point !== undefined && lagsBehind(point) ? keptFrom(layer, point.beforeMs) : 0;
  for (const change of [...(point?.open ?? []), ...changes]) {
    if (change.rows === undefined) addCell(cells, change, change.from, true);
    else unmerged.add(change, rowsBetween(change.rows, takenInMs(change.layer), Infinity));
  }
  for (const cell of also) addCell(cells, cell, undefined, false);
  const settled = settledCells(unmerged, beforeMs);
  if (settled.count > mostUnmerged) for (const cell of settled.cells) addCell(cells, cell, undefined, false);
  const { rows, open, dropped } = whatIsLeft(unmerged, cells, { ...taken, beforeMs, mostRows });
  const parts = point?.parts && { parts: point.parts };
  const work = { end: { ...taken, beforeMs, rows, open, ...parts }, cells: inOrder(cells.values()) };
  return dropped > MOST_CELLS ? lagBehind(work, point) : work;
}

/**
 * The same work, after which the feed is read again from where it was read before, because rows too young for the cell aggregates lie in more
 * cells than the state takes. These rows were all told since.
 */
function lagBehind({ end, cells }: Work, point: CompactionPoint | undefined): Work | undefined {
  const { cursor, atMs } = point ?? { cursor: FEED_BEGINNING, atMs: 0 };
  if (REPORT_LAYERS.some((layer) => atMs > keptFrom(layer, end.beforeMs) - CLOCKS_DIFFER_MS)) return undefined;
  const rows = createUnmergedRows();
  for (const { cell, rows: kept } of end.rows.all())
    rows.add(cell, rowsBetween(kept, 0, keptFrom(cell.layer, end.beforeMs)));
  const { parts: _, ...rest } = end;
  return { end: { ...rest, cursor, atMs, rows, open: [] }, cells: cells.map((cell) => ({ ...cell, isOpen: false })) };
}

/** Whether the feed from its cursor on tells again of rows that are in the cell aggregates. */
const lagsBehind = ({ atMs, beforeMs }: CompactionPoint): boolean => atMs < beforeMs;

/** What is to be done about cells of which nothing is taken for granted. */
export function workOfCells(cells: Iterable<LogCell>, { point, ...taken }: Omit<WorkFound, "changes">): Work {
  const beforeMs = timeOfCellAggregates(point, taken.atMs);
  const all = new Map<number, ChangedCell>();
  for (const cell of cells) addCell(all, cell, FIRST_ID, true);
  return { end: { ...taken, beforeMs, rows: createUnmergedRows(), open: [] }, cells: inOrder(all.values()) };
}

/** Where the compaction stands when a plan is done. */
export function endOf({ end }: CompactionPlan, { young, open }: CompactionProgress): CompactionPoint {
  const rows = createUnmergedRows();
  for (const { cell, rows: some } of [...end.rows.all(), ...young.all()]) rows.add(cell, some);
  const opened = open.map((cell) => ({ ...cell, from: idTimePrefix(keptFrom(cell.layer, end.beforeMs)) }));
  return { ...end, rows, open: [...end.open, ...opened] };
}

/** Never before the time of the last plan, though clocks differ; but a time to come was told by a clock that is wrong. */
function timeOfCellAggregates(point: CompactionPoint | undefined, nowMs: number): number {
  const lastMs = point !== undefined && point.beforeMs <= nowMs ? point.beforeMs : 0;
  return Math.max(0, nowMs - SETTLED_MS, lastMs);
}

function addCell(to: Map<number, ChangedCell>, cell: LogCell, from: string | undefined, isOpen: boolean): void {
  const code = codeOfCell(cell);
  const known = to.get(code);
  to.set(code, {
    layer: cell.layer,
    geohash5: cell.geohash5,
    from: earlierId(known?.from, from),
    isOpen: isOpen || (known?.isOpen ?? false),
  });
}

/** The cells of rows that cell aggregates may take in, and how many rows these are. */
function settledCells(unmerged: UnmergedRows, beforeMs: number): { cells: LogCell[]; count: number } {
  const cells: LogCell[] = [];
  let count = 0;
  for (const { cell, rows } of unmerged.all()) {
    const settled = rowsBetween(rows, 0, keptFrom(cell.layer, beforeMs)).length;
    if (settled > 0) cells.push(cell);
    count += settled;
  }
  return { cells, count };
}

/**
 * What the cell aggregates will lack, beside what cells turn out to: a cell that is read again without its unmerged rows becomes open. And
 * of how many cells the rows were dropped.
 */
function whatIsLeft(
  unmerged: UnmergedRows,
  cells: Map<number, ChangedCell>,
  { beforeMs, atMs: nowMs, mostRows }: { beforeMs: number; atMs: number; mostRows: number },
) {
  const left = createUnmergedRows();
  const open: LogChange[] = [];
  let count = 0;
  let dropped = 0;
  for (const { cell, rows } of unmerged.all()) {
    const planned = cells.get(codeOfCell(cell));
    if (planned !== undefined) addCell(cells, cell, firstId(rows), false);
    if (planned?.isOpen) continue;
    const kept = rowsBetween(
      rows,
      planned === undefined ? nowMs - REPORT_LIFETIME_MS : keptFrom(cell.layer, beforeMs),
      Infinity,
    );
    count += kept.length;
    if (count <= mostRows) left.add(cell, kept);
    else if (kept.length > 0) {
      dropped++;
      if (planned === undefined) open.push({ ...cell, from: firstId(kept) ?? FIRST_ID });
      else addCell(cells, cell, undefined, true);
    }
  }
  return { rows: left, open, dropped };
}
