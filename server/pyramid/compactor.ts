import { createAreaSets } from "../areas/area-sets.ts";
import { type AreaShapes, createAreaShapes } from "../areas/area-shapes.ts";
import type { Log } from "../console/log.ts";
import type { Clock } from "../ports/clock.ts";
import type { DerivedStore } from "../ports/derived-store.ts";
import type { ReportStore } from "../ports/report-store.ts";
import { type AreaCompaction, createAreaCompaction } from "./area-compaction.ts";
import { createCellAggregateMaker } from "./cell-aggregate-maker.ts";
import { type CellAggregates, createCellAggregates, OvertakenError } from "./cell-aggregates.ts";
import { type CompactionJournal, createCompactionJournal, type Standing } from "./compaction-journal.ts";
import type { CompactionPlan } from "./compaction-plan.ts";
import { type ChoiceOfWork, type CompactionPlanner, createCompactionPlanner } from "./compaction-planner.ts";
import { type CompactionProgress, noProgress } from "./compaction-progress.ts";
import type { CompactionPoint } from "./compaction-state.ts";
import { endOf, MOST_OPEN } from "./compaction-work.ts";
import { countCalls } from "./count-calls.ts";
import { createLogSegments } from "./log-segments.ts";
import { createRowCompaction, type RowCompaction } from "./row-compaction.ts";
import type { StreetLimits } from "./street-base.ts";
import { createStreetCompaction, type StreetCompaction } from "./street-compaction.ts";
import { batchCost, makeBatch, takeBatch } from "./work-batch.ts";
import { isOfCell, workOf } from "./work-order.ts";
import { createPartCache, createYoungParts, type PartCache, type YoungParts } from "./young-parts.ts";

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

export interface RunOptions extends ChoiceOfWork {
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
  readonly streetLimits?: StreetLimits;
}

export function createCompactor(options: CompactorOptions): Compactor {
  // Areas and young rows are read once for all runs.
  const kept = { shapes: createAreaShapes({ derived: options.derived }), cache: createPartCache() };
  return {
    run: (limits = {}) => report(startRun(options, limits, kept), runOnce),
    rebuild: (limits = {}) => report(startRun(options, limits, kept), rebuildAll),
  };
}

/** One run: its own count of calls, and its own view of the journal. */
interface Run {
  readonly options: CompactorOptions;
  readonly limits: RunOptions;
  readonly parts: YoungParts;
  readonly journal: CompactionJournal;
  readonly planner: CompactionPlanner;
  readonly cellAggregates: CellAggregates;
  readonly compactRows: RowCompaction;
  readonly streets: StreetCompaction;
  readonly areas: AreaCompaction;
  /** Parts of the state as it was read. */
  partsBefore: readonly string[];
  /** Calls of the stores so far. */
  calls: number;
  /** Cells and cell aggregates made so far. */
  readonly made: { cells: number; cellAggregates: number };
}

function startRun(
  options: CompactorOptions,
  limits: RunOptions,
  { shapes, cache }: { readonly shapes: AreaShapes; readonly cache: PartCache },
): Run {
  const { clock, log } = options;
  const onCall = (): void => void run.calls++;
  const store = countCalls(options.store, onCall);
  const derived = countCalls(options.derived, onCall);
  const cellAggregates = createCellAggregates({ derived, clock, log });
  const streets = createStreetCompaction(derived, options.streetLimits);
  const parts = createYoungParts({ derived, clock, cache });
  const run: Run = {
    options,
    limits,
    parts,
    journal: createCompactionJournal({ derived, clock, log, parts }),
    planner: createCompactionPlanner({ store, cellAggregates, clock }),
    cellAggregates,
    compactRows: createRowCompaction({ store, logSegments: createLogSegments(derived, log), streets }),
    streets,
    areas: createAreaCompaction({
      derived,
      sets: createAreaSets({ derived, log }),
      shapes,
      clock,
      log,
    }),
    partsBefore: [],
    calls: 0,
    made: { cells: 0, cellAggregates: 0 },
  };
  return run;
}

async function report(run: Run, work: (run: Run) => Promise<boolean>): Promise<CompactionReport> {
  return { done: await work(run), ...run.made };
}

async function read(run: Run): Promise<Standing> {
  const standing = await run.journal.read();
  run.partsBefore = standing.point?.parts?.names ?? [];
  return standing;
}

/** Does what is left of a plan in force, then plans what changed since. Whether nothing is left. */
async function runOnce(run: Run): Promise<boolean> {
  let standing = await read(run);
  if (standing.plan !== undefined) {
    if (!(await carryOut(run, standing.plan, standing.progress)) || mustStop(run)) return false;
    standing = await read(run);
  }
  return standing.plan === undefined && begin(run, await run.planner.planChanges(standing, run.limits), standing);
}

async function rebuildAll(run: Run): Promise<boolean> {
  const standing = await read(run);
  return begin(run, await run.planner.planAll(standing), standing);
}

/** Notes what is to be done, and does it. */
async function begin(run: Run, found: CompactionPlan | undefined, { reached }: Standing): Promise<boolean> {
  if (found === undefined) return false;
  const plan = { ...found, end: await run.parts.extend(found.end) };
  if (plan.cells.length === 0 && plan.aged.length === 0) return moveOn(run, plan.end);
  return (await run.journal.begin(plan)) && (await carryOut(run, plan, noProgress(plan.end.number, reached)));
}

async function carryOut(run: Run, plan: CompactionPlan, from: CompactionProgress): Promise<boolean> {
  try {
    return await workThrough(run, plan, from);
  } catch (error) {
    if (!(error instanceof OvertakenError)) throw error;
    run.options.log.info("compaction left to one that began later", { at: error.message });
    // Else nobody came further, were that one lost. If it is not, this plan is not in force any more.
    await run.journal.drop(plan);
    return false;
  }
}

/** Whether all of a plan is done; else it was to stop, or another compactor was faster. */
async function workThrough(run: Run, plan: CompactionPlan, from: CompactionProgress): Promise<boolean> {
  const { journal, cellAggregates, compactRows, streets, areas, made } = run;
  const { clock } = run.options;
  const { signal, yieldTurn, onProgress } = run.limits;
  await areas.refresh();
  const { make } = createCellAggregateMaker({ compactRows, streets, areas, cellAggregates, clock, end: plan.end });
  const work = workOf(plan, { cellAggregates, nowMs: clock.now(), after: from.done });
  let progress = from;
  while (signal?.aborted !== true) {
    // The first time carefully: this run may be cut off much sooner than the one before.
    const cost = batchCost(run.calls, progress === from ? 0 : from.spent);
    const batch = await takeBatch(work, cost);
    if (batch.length === 0) return finish(run, plan, progress);
    progress = { ...(await makeBatch(batch, progress, { make, yieldTurn })), spent: run.calls };
    made.cellAggregates += batch.length;
    made.cells += batch.filter(isOfCell).length;
    onProgress?.(progress.cells, plan.cells.length);
    if (!(await journal.note(progress)) || mustStop(run)) return false;
  }
  return false;
}

async function finish(run: Run, plan: CompactionPlan, progress: CompactionProgress): Promise<boolean> {
  const open = progress.open.length;
  if (open <= MOST_OPEN) return moveOn(run, await run.parts.extend(endOf(plan, progress)));
  const { journal, options } = run;
  options.log.warn("compaction planned again: too much came at the same time", { open });
  await journal.drop(plan);
  return false;
}

/** Moves the state on, and removes what only the one before needed. */
async function moveOn(run: Run, end: CompactionPoint): Promise<boolean> {
  if (!(await run.journal.finish(end))) return false;
  const isLess = run.partsBefore.some((name) => !end.parts?.names.includes(name));
  if (isLess) await run.parts.sweep(end);
  return true;
}

function mustStop({ limits: { maxCalls = Infinity, signal }, calls }: Run): boolean {
  return signal?.aborted === true || calls >= maxCalls;
}
