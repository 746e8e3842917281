import type { LogCell } from "../../ports/report-store.ts";
import { cellName } from "../keys.ts";

/** "Whoever follows the feed must read this cell from there on." */
export interface Change extends LogCell {
  readonly from: string;
}

/** What could not be published, once a cell, from the earliest id on: the rows may be stored. */
export interface OwedChanges {
  add(change: Change): void;
  /** An intent that names the change's beginning, or an earlier one, is stored. */
  settle(change: Change): void;
  all(): Change[];
}

/** Cells; of more it is not known that they are owed, which takes a store that is away while a hundred thousand cells report. */
const MOST_CELLS = 100_000;

export function createOwedChanges(): OwedChanges {
  const owed = new Map<string, Change>();
  return {
    add({ layer, geohash5, from }) {
      const name = cellName({ layer, geohash5 });
      const known = owed.get(name);
      if (known === undefined && owed.size >= MOST_CELLS) return;
      owed.set(name, { layer, geohash5, from: known !== undefined && known.from < from ? known.from : from });
    },
    settle(change) {
      const known = owed.get(cellName(change));
      if (known !== undefined && known.from >= change.from) owed.delete(cellName(change));
    },
    all: () => [...owed.values()],
  };
}
