import { OLDEST_COUNT } from "./micro-cell-format.ts";

/**
 * What is known of an item's cells while they are written or read, one element a cell. Items of a group, which are read one after
 * the other, share one.
 */
export interface CellScratch {
  /** The bands in which each cell has reports: bit 0 is the newest. */
  readonly bands: Uint8Array;
  /** Reports of each cell in the bands so far, which are written the oldest first. */
  readonly total: Uint32Array;
  /** Reports of each cell in the band before, of those in which it has any. */
  readonly older: Uint32Array;
  /** Cells that a loop is about, ascending. */
  readonly chosen: Uint32Array;
}

/** For items of at most so many cells. */
export function allocateScratch(length: number): CellScratch {
  const integers = (): Uint32Array => new Uint32Array(length);
  return { bands: new Uint8Array(length), total: integers(), older: integers(), chosen: integers() };
}

/** Begins with an item of so many cells. */
export function clearScratch({ total, older }: CellScratch, length: number): void {
  total.fill(0, 0, length);
  older.fill(OLDEST_COUNT, 0, length);
}
