import type { Clock } from "../ports/clock.ts";
import type { LogCell, ReportStore } from "../ports/report-store.ts";
import type { CellAggregates } from "./cell-aggregates.ts";
import type { Standing } from "./compaction-journal.ts";
import type { CompactionPlan } from "./compaction-plan.ts";
import { MOST_UNMERGED_OF_HURRIED, workOfCells, workOfChanges } from "./compaction-work.ts";
import { fromStoredCursor } from "./stored-cursor.ts";
import type { UnmergedRows } from "./unmerged-rows.ts";
import { weighUnmerged } from "./weigh-unmerged.ts";
import { agedLayers } from "./work-order.ts";

/** Finds out what a compaction has to do. */
export interface CompactionPlanner {
  /** What changed since the compaction's state, and has aged, and some cells beside; undefined when nothing can be done yet. */
  planChanges(standing: Standing, choice?: ChoiceOfWork): Promise<CompactionPlan | undefined>;
  /** Everything that the store has. */
  planAll(standing: Standing): Promise<CompactionPlan>;
}

export interface ChoiceOfWork {
  /** Cells that are compacted although nothing changed in them. */
  readonly also?: readonly LogCell[];
  /** Compacts what was edited, and leaves new rows unmerged, with what they weigh. */
  readonly hurry?: { weigh(unmerged: UnmergedRows): Promise<UnmergedRows> };
}

export interface CompactionPlannerOptions {
  readonly store: ReportStore;
  readonly cellAggregates: CellAggregates;
  readonly clock: Clock;
}

export function createCompactionPlanner({ store, cellAggregates, clock }: CompactionPlannerOptions): CompactionPlanner {
  /** What a deployment that slept through the feed's whole life left in it is found, too. */
  const readChangesSince = (point: Standing["point"]) =>
    fromStoredCursor(point?.cursor, async (cursor) => {
      if (point !== undefined) await store.recover(cursor);
      return store.readChanges(cursor);
    });

  return {
    async planChanges({ point, nextNumber: number }, { also = [], hurry } = {}) {
      const atMs = clock.now();
      const weighed = point?.rows.all();
      const { changes, cursor } = await readChangesSince(point);
      const bound = hurry && { mostUnmerged: MOST_UNMERGED_OF_HURRIED };
      const work = workOfChanges({ point, number, changes, cursor, atMs, also, ...bound });
      if (work === undefined) return undefined;
      const { rows: left } = work.end;
      const rows = hurry === undefined ? await weighUnmerged(store, left, weighed) : await hurry.weigh(left);
      return { ...work, end: { ...work.end, rows }, aged: await agedLayers(cellAggregates, clock.now()) };
    },

    async planAll({ point, nextNumber: number }) {
      const atMs = clock.now();
      // Nobody needs the changes, but what is in the feed alone must become rows before the cursor leaves it behind.
      const { cursor } = await readChangesSince(point);
      const cells: LogCell[] = [];
      for await (const cell of store.cells()) cells.push(cell);
      const work = workOfCells(cells, { point, number, cursor, atMs });
      return { ...work, aged: await agedLayers(cellAggregates, clock.now()) };
    },
  };
}
