import { REPORT_LIFETIME_MS, type ReportLayer } from "../../tiles/layers.ts";
import { rowsBetween } from "../../tiles/report-columns.ts";
import { earlierId } from "../../tiles/report-id.ts";
import type { LogCell, LogChange } from "../ports.ts";
import type { CompactionPoint } from "./compaction-state.ts";
import { createFreshRows, type FreshCells, type FreshRows, firstId } from "./fresh-rows.ts";

/** What one run of a compactor takes in. */
export interface CompactionWork {
  /** Slices made in it hold the reports created before, Unix milliseconds. */
  readonly beforeMs: number;
  /** The time at which it sees ages. */
  readonly agesAtMs: number;
  /** Rows that the feed brought, or that were put off. */
  readonly fresh: FreshRows;
  /** Cells to compact. */
  readonly cells: Map<string, WorkCell>;
  /** Cells that turned out to have rows too young for the slices that the feed did not bring. */
  readonly open: LogChange[];
}

export interface WorkCell {
  readonly cell: LogCell;
  /** Smallest id that its segments may lack, beside those of fresh rows. */
  readonly from: string | undefined;
  /** It changed in a way that the feed did not bring: its fresh rows are not all there is to know. */
  readonly isOpen: boolean;
}

/**
 * Rows that are put off, 20 bytes each, in a state that takes two write units then: a lone report is not worth a slice of each
 * level.
 */
export const MOST_PUT_OFF = 80;

/** Rows that the state takes; where there are more, their cells are read again. */
const MOST_ROWS = 8000;

const keyOf = ({ layer, geohash5 }: LogCell): string => `${layer}/${geohash5}`;

export function addCell(work: CompactionWork, cell: LogCell, change: { from?: string; isOpen?: boolean }): void {
  const known = work.cells.get(keyOf(cell));
  work.cells.set(keyOf(cell), {
    cell: { layer: cell.layer, geohash5: cell.geohash5 },
    from: earlierId(known?.from, change.from),
    isOpen: (known?.isOpen ?? false) || (change.isOpen ?? false),
  });
}

/** The cells of fresh rows that slices may take in, and how many rows these are. */
export function settledCells({ fresh, beforeMs }: CompactionWork): { cells: LogCell[]; count: number } {
  const cells: LogCell[] = [];
  let count = 0;
  for (const { cell, rows } of fresh.all()) {
    const settled = rowsBetween(rows, 0, beforeMs).length;
    if (settled > 0) cells.push(cell);
    count += settled;
  }
  return { cells, count };
}

/** Fresh rows below a geohash of cells that this run does not compact. */
export const putOff = ({ fresh, cells }: CompactionWork, layer: ReportLayer, geohash: string): FreshCells =>
  fresh.under(layer, geohash).filter(({ cell }) => !cells.has(keyOf(cell)));

/** What the slices lack after a run. */
export function whatIsLeft(
  { beforeMs, fresh, cells, open }: CompactionWork,
  nowMs: number,
): Pick<CompactionPoint, "rows" | "open"> {
  const left = createFreshRows();
  const again = new Map(open.map((change) => [keyOf(change), change]));
  let count = 0;
  for (const { cell, rows } of fresh.all()) {
    const done = cells.get(keyOf(cell));
    if (done?.isOpen || again.has(keyOf(cell))) continue;
    const kept = rowsBetween(rows, done === undefined ? nowMs - REPORT_LIFETIME_MS : beforeMs, Infinity);
    count += kept.length;
    if (count <= MOST_ROWS) left.add(cell, kept);
    else if (kept.length > 0) again.set(keyOf(cell), { ...cell, from: firstId(kept) ?? "" });
  }
  return { rows: left, open: [...again.values()] };
}
