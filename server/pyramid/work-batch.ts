import { CELL_PRECISION } from "../../tiles/cluster/cluster-cells.ts";
import { mapLimited } from "../kit/map-limited.ts";
import type { LogCell } from "../ports/report-store.ts";
import type { CellAggregateMaker } from "./cell-aggregate-maker.ts";
import type { CompactionProgress } from "./compaction-progress.ts";
import { MOST_NOTED } from "./compaction-work.ts";
import { createUnmergedRows } from "./unmerged-rows.ts";
import { isOfCell, type WorkItem } from "./work-order.ts";

/** What making a cell aggregate takes, requests: rows and their log segment, or the cell aggregates below, and the cell aggregate itself. */
const COST_OF_CELL = 5;
const COST_OF_CELL_AGGREGATES = 3;
const MOST_COST = 250;

/** Cell aggregates made at the same time. */
const WIDTH = 8;

/**
 * How much work a run does before it notes its progress, in requests, by what it has spent so far and how far the run before it
 * came. Noting takes a request and a write unit; what is not noted is lost when a run is cut off, half a batch in the mean. Of a run
 * that ends after n requests, batches of about the root of n lose the fewest requests. Long runs lose some more, and write less.
 */
export function batchCost(spent: number, reached: number): number {
  const known = Math.max(spent, reached);
  return Math.min(MOST_COST, Math.max((spent < reached ? 1.5 : 2) * Math.sqrt(known), 0.15 * known));
}

/** Takes work of about a cost, one cell aggregate at the least; none when nothing is left. */
export async function takeBatch(work: AsyncGenerator<WorkItem>, cost: number): Promise<WorkItem[]> {
  const batch: WorkItem[] = [];
  for (let sum = 0; batch.length === 0 || sum < cost; ) {
    const { done, value } = await work.next();
    if (done) break;
    batch.push(value);
    sum += isOfCell(value) ? COST_OF_CELL : COST_OF_CELL_AGGREGATES;
  }
  return batch;
}

/** Makes cell aggregates that follow one another in the order of the work: cells first, then what lies above, level by level. */
export async function makeBatch(
  batch: readonly WorkItem[],
  before: CompactionProgress,
  { make, yieldTurn }: { make: CellAggregateMaker["make"]; yieldTurn: (() => Promise<void>) | undefined },
): Promise<Omit<CompactionProgress, "spent">> {
  const anew = new Set(before.anew.map((geohash) => `${before.done?.layer}/${geohash}`));
  const open: LogCell[] = [];
  const young = createUnmergedRows();
  for (const { cell, rows } of before.young.all()) young.add(cell, rows);
  for (let length = CELL_PRECISION; length >= 1; length--) {
    const level = batch.filter(({ geohash }) => geohash.length === length);
    await mapLimited(level, WIDTH, async (item) => {
      const { layer, geohash, change } = item;
      await yieldTurn?.();
      const made = await make(item, anew.has(`${layer}/${geohash}`));
      if (made.isAnew) for (const above of geohashesAbove(geohash)) anew.add(`${layer}/${above}`);
      if (made.young.length === 0 || !change?.isOpen) return;
      const cell = { layer, geohash5: geohash };
      if (young.count() + made.young.length <= MOST_NOTED) young.add(cell, made.young);
      else open.push(cell);
    });
  }
  const { layer, geohash } = batch.at(-1) as WorkItem;
  return {
    number: before.number,
    step: before.step + 1,
    done: { layer, geohash },
    anew: geohashesAbove(geohash).filter((above) => anew.has(`${layer}/${above}`)),
    young,
    open: [...before.open, ...open],
    cells: before.cells + batch.filter(isOfCell).length,
    cellAggregates: before.cellAggregates + batch.length,
  };
}

/** Those of all cell aggregates that hold what a cell aggregate holds, the shortest first. */
const geohashesAbove = (geohash: string): string[] =>
  Array.from({ length: geohash.length - 1 }, (_, i) => geohash.slice(0, i + 1));
