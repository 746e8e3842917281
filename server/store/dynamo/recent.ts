import type { LogCell } from "../../ports/report-store.ts";
import { cellName } from "../keys.ts";

/** What is remembered of each of the cells that were last asked for. Takes no room before it is used, unlike an LRU cache. */
export interface RecentCells<T> {
  /** What is remembered of a cell, made anew when there is nothing. */
  of(cell: LogCell): T;
  /** The same, but makes nothing. */
  peek(cell: LogCell): T | undefined;
}

export function createRecentCells<T>(make: () => T, maxCells = 20_000): RecentCells<T> {
  const cells = new Map<string, T>();
  return {
    of(cell) {
      const key = cellName(cell);
      const known = cells.get(key) ?? make();
      // Moves it to the end: a Map iterates in the order of insertion, so the first is the least recently used.
      cells.delete(key);
      cells.set(key, known);
      const [oldest] = cells.size > maxCells ? cells.keys() : [];
      if (oldest !== undefined) cells.delete(oldest);
      return known;
    },

    peek: (cell) => cells.get(cellName(cell)),
  };
}
