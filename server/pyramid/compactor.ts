import type { Log } from "../console/log.ts";
import type { Clock } from "../ports/clock.ts";
import type { DerivedStore } from "../ports/derived-store.ts";
import type { LogCell, ReportStore } from "../ports/report-store.ts";
import { createCellAggregateMaker } from "./cell-aggregate-maker.ts";
import { createCellAggregates, OvertakenError } from "./cell-aggregates.ts";
import { createCompactionJournal, type Standing } from "./compaction-journal.ts";
import type { CompactionPlan } from "./compaction-plan.ts";
import { type CompactionProgress, noProgress } from "./compaction-progress.ts";
import { endOf, MOST_OPEN, workOfCells, workOfChanges } from "./compaction-work.ts";
import { countCalls } from "./count-calls.ts";
import { createLogSegments } from "./log-segments.ts";
import { createRowCompaction } from "./row-compaction.ts";
import { fromStoredCursor } from "./stored-cursor.ts";
import { batchCost, makeBatch, takeBatch } from "./work-batch.ts";
import { agedLayers, isOfCell, workOf } from "./work-order.ts";

/**
 * Turns log rows into log segments and cell aggregates. Everything is made from truth again, bottom up, and written on the condition that
 * nobody else wrote meanwhile, so any process may compact, twice, together or half way.
 *
 * What is to be done is written down first, as a plan, and then how much of it is done. A run that is cut off, at any request,
 * has come forward by what it noted, and whoever runs next goes on from there. The state, which readers go by, moves when all is done.
 *
 * Few rows, that the feed brought whole, are left unmerged: they stay in the compaction's state, which is written anyway, and readers
 * add them to the cell aggregates. A lone report is not worth a cell aggregate of each level.
 */
export interface Compactor {
  /**
   * Does what an earlier run has left, then compacts what changed since and what has aged. Rejects when a store fails; run it
   * again then.
   */
  run(options?: RunOptions): Promise<CompactionReport>;
  /** Makes everything anew from the log, in place of what an earlier run has left. */
  rebuild(options?: RunOptions): Promise<CompactionReport>;
}

export interface RunOptions {
  /** Stops soon after so many calls of the stores, and not before it has come forward. */
  readonly maxCalls?: number;
  /** Stops soon after it is aborted. */
  readonly signal?: AbortSignal;
  /** Called before each cell aggregate, and waited for: lets others have their turn. */
  yieldTurn?(): Promise<void>;
  /** Told how many of the plan's cells are done. */
  onProgress?(cells: number, of: number): void;
}

/** What one run did. */
export interface CompactionReport {
  readonly cells: number;
  readonly cellAggregates: number;
  /** Whether nothing is left to do. If not, run again: it has stopped as it was told to, or another compactor is at work. */
  readonly done: boolean;
}

export interface CompactorOptions {
  readonly store: ReportStore;
  readonly derived: DerivedStore;
  readonly clock: Clock;
  readonly log: Log;
}

export function createCompactor(options: CompactorOptions): Compactor {
  return {
    run: (limits = {}) => createRun(options, limits).run(),
    rebuild: (limits = {}) => createRun(options, limits).rebuild(),
  };
}

/** One run: its own count of calls, and its own view of the journal. */
function createRun({ store, derived, clock, log }: CompactorOptions, limits: RunOptions) {
  const { maxCalls = Infinity, signal, yieldTurn, onProgress } = limits;
  let calls = 0;
  const onCall = (): void => void calls++;
  const counted = { store: countCalls(store, onCall), derived: countCalls(derived, onCall) };
  const journal = createCompactionJournal({ derived: counted.derived, clock, log });
  const cellAggregates = createCellAggregates({ derived: counted.derived, clock, log });
  const compactRows = createRowCompaction({
    store: counted.store,
    logSegments: createLogSegments(counted.derived, log),
  });
  const made = { cells: 0, cellAggregates: 0 };

  const mustStop = (): boolean => signal?.aborted === true || calls >= maxCalls;

  /** Whether all of a plan is done; else it was to stop, or another compactor was faster. */
  async function workThrough(plan: CompactionPlan, from: CompactionProgress): Promise<boolean> {
    const { make } = createCellAggregateMaker({ compactRows, cellAggregates, clock, end: plan.end });
    const work = workOf(plan, { cellAggregates, nowMs: clock.now(), after: from.done });
    let progress = from;
    while (signal?.aborted !== true) {
      // The first time carefully: this run may be cut off much sooner than the one before.
      const cost = batchCost(calls, progress === from ? 0 : from.spent);
      const batch = await takeBatch(work, cost);
      if (batch.length === 0) return finish(plan, progress);
      progress = { ...(await makeBatch(batch, progress, { make, yieldTurn })), spent: calls };
      made.cellAggregates += batch.length;
      made.cells += batch.filter(isOfCell).length;
      onProgress?.(progress.cells, plan.cells.length);
      if (!(await journal.note(progress)) || mustStop()) return false;
    }
    return false;
  }

  async function finish(plan: CompactionPlan, progress: CompactionProgress): Promise<boolean> {
    const open = progress.open.length;
    if (open <= MOST_OPEN) return journal.finish(endOf(plan, progress));
    log.warn("compaction planned again: too much came at the same time", { open });
    await journal.drop(plan);
    return false;
  }

  async function carryOut(plan: CompactionPlan, from: CompactionProgress): Promise<boolean> {
    try {
      return await workThrough(plan, from);
    } catch (error) {
      if (!(error instanceof OvertakenError)) throw error;
      log.info("compaction left to one that began later", { at: error.message });
      // Else nobody came further, were that one lost. If it is not, this plan is not in force any more.
      await journal.drop(plan);
      return false;
    }
  }

  /** Notes what is to be done, and does it. */
  async function begin(plan: CompactionPlan | undefined, { reached }: Standing): Promise<boolean> {
    if (plan === undefined) return false;
    if (plan.cells.length === 0 && plan.aged.length === 0) return journal.finish(plan.end);
    return (await journal.begin(plan)) && (await carryOut(plan, noProgress(plan.end.number, reached)));
  }

  /** What a deployment that slept through the feed's whole life left in it is found, too. */
  const readChangesSince = (point: Standing["point"]) =>
    fromStoredCursor(point?.cursor, async (cursor) => {
      if (point !== undefined) await counted.store.recover(cursor);
      return counted.store.readChanges(cursor);
    });

  async function planChanges({ point, nextNumber: number }: Standing): Promise<CompactionPlan | undefined> {
    const atMs = clock.now();
    const { changes, cursor } = await readChangesSince(point);
    const work = workOfChanges({ point, number, changes, cursor, atMs });
    return work && { ...work, aged: await agedLayers(cellAggregates, clock.now()) };
  }

  async function planAll({ point, nextNumber: number }: Standing): Promise<CompactionPlan> {
    const atMs = clock.now();
    // Nobody needs the changes, but what is in the feed alone must become rows before the cursor leaves it behind.
    const { cursor } = await readChangesSince(point);
    const cells: LogCell[] = [];
    for await (const cell of counted.store.cells()) cells.push(cell);
    return {
      ...workOfCells(cells, { point, number, cursor, atMs }),
      aged: await agedLayers(cellAggregates, clock.now()),
    };
  }

  async function run(): Promise<boolean> {
    let standing = await journal.read();
    if (standing.plan !== undefined) {
      if (!(await carryOut(standing.plan, standing.progress)) || mustStop()) return false;
      standing = await journal.read();
    }
    return standing.plan === undefined && begin(await planChanges(standing), standing);
  }

  async function rebuild(): Promise<boolean> {
    const standing = await journal.read();
    return begin(await planAll(standing), standing);
  }

  const reportOf = async (work: Promise<boolean>): Promise<CompactionReport> => ({ done: await work, ...made });

  return {
    run: () => reportOf(run()),
    rebuild: () => reportOf(rebuild()),
  };
}
