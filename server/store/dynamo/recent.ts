import { LRUCache } from "lru-cache";
import type { LogCell } from "../../ports/report-store.ts";
import { cellName } from "../keys.ts";

/** What is remembered of each of the cells that were last asked for. */
export interface RecentCells<T> {
  /** What is remembered of a cell, made anew when there is nothing. */
  of(cell: LogCell): T;
  /** The same, but makes nothing. */
  peek(cell: LogCell): T | undefined;
}

export function createRecentCells<T extends object>(make: () => T, maxCells = 20_000): RecentCells<T> {
  // By size: by `max`, the room of all of them is taken before the first one.
  const cells = new LRUCache<string, T>({ maxSize: maxCells, sizeCalculation: () => 1 });
  return {
    of(cell) {
      const key = cellName(cell);
      const known = cells.get(key);
      if (known !== undefined) return known;
      const made = make();
      cells.set(key, made);
      return made;
    },

    peek: (cell) => cells.peek(cellName(cell)),
  };
}
