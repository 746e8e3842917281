import { OperatorError } from "../../console/operator-error.ts";
import { mapLimited } from "../../kit/map-limited.ts";
import type { Clock } from "../../ports/clock.ts";
import type { DerivedStore } from "../../ports/derived-store.ts";
import type { ReportStore } from "../../ports/report-store.ts";
import { findRowKey } from "../ids/row-key.ts";
import { isAlive } from "./alive.ts";
import type { JournalEntry } from "./journal-items.ts";
import { readKnownRows } from "./known-rows.ts";
import { takeLease } from "./lease.ts";
import { type LeftOptions, noteLeft } from "./left-reports.ts";
import { patiently } from "./patiently.ts";
import { restoredId } from "./restored-id.ts";
import { createRowIndex } from "./row-index.ts";
import { findRun, journalGroup, listRuns, putRun, type Run, type Undone } from "./run-items.ts";
import { readLeft, readSegments } from "./segments.ts";
import { settle } from "./settle.ts";

export interface UndoOptions {
  readonly store: Pick<ReportStore, "getMany" | "readCell" | "edit" | "put" | "remember">;
  readonly derived: DerivedStore;
  readonly clock: Clock;
  readonly runId: string;
  readonly retryMs?: number | undefined;
  /** Ends it between some reports; it goes on when it is called again. */
  readonly signal?: AbortSignal | undefined;
  onProgress?(reports: number): void;
}

export type UndoOutcome = Undone | "interrupted";

const EDITS_AT_ONCE = 16;

/**
 * Takes back what a run did: reports that it made are removed, those that it replaced say what they said before, and rows that it moved
 * are where they were. What moderators have hidden or removed since stays as they have it. Safe to repeat when it was cut off.
 * @throws OperatorError when there is no such run, it was undone before, it is under way, or later runs built on it
 * @throws StoreUnavailableError when the store stays away
 */
export async function undoRun(options: UndoOptions): Promise<UndoOutcome> {
  const { derived, runId, retryMs } = options;
  const { run: found } = await keptRun(options);
  const { source } = found;
  const lease = await takeLease({ ...options, source: source ?? `run ${runId}` });
  try {
    let { run, version } = await keptRun(options);
    refuse(run, options.clock.now());
    if (run.state === "running") {
      await settle({ run, version }, { ...options, source });
      ({ run, version } = await keptRun(options));
    }
    await refuseBuiltUpon(run, options);
    const rowKey = await patiently(() => findRowKey(options.store), retryMs);
    const idNow = await idsNow(run, rowKey, options);
    if (run.state !== "undoing") {
      await noteLeft(run, { ...options, idNow });
      await patiently(() => putRun(derived, { ...run, state: "undoing" }, version), retryMs);
    }
    const outcome = await takeBack(run, { ...options, rowKey, idNow, renew: lease.renew });
    if (outcome === "interrupted") return outcome;
    ({ run, version } = await keptRun(options));
    await patiently(() => putRun(derived, { ...run, state: "undone", undone: outcome }, version), retryMs);
    return outcome;
  } finally {
    await lease.release();
  }
}

async function keptRun({ derived, runId, retryMs }: UndoOptions) {
  const kept = await patiently(() => findRun(derived, runId), retryMs);
  if (kept === undefined) {
    throw new OperatorError(
      `There is no run ${runId}, or its reports have expired: --runs lists those that there are.`,
    );
  }
  return kept;
}

function refuse({ id, state, alive, undone, source }: Run, nowMs: number): void {
  if (state === "undone") {
    const when = undone === undefined ? "" : `, on ${new Date(undone.atMs).toISOString().slice(0, 10)}`;
    throw new OperatorError(`Run ${id} was taken back already${when}.`);
  }
  if (state === "running" && source === undefined && isAlive(alive, nowMs)) {
    throw new OperatorError(`Run ${id} is under way: end it first, or wait for its end.`);
  }
}

/** @throws OperatorError when a later run has touched rows of this one */
async function refuseBuiltUpon({ id, source }: Run, { derived, retryMs }: UndoOptions): Promise<void> {
  if (source === undefined) return;
  const runs = await patiently(() => listRuns(derived), retryMs);
  const later = runs.filter(({ run }) => run.source === source && run.id > id && run.state !== "undone");
  if (later.length === 0) return;
  const rows = createRowIndex();
  const group = journalGroup(source);
  for await (const { entries } of readSegments({ derived, group, runId: id, retryMs })) {
    for (const { id: report, row } of entries) {
      if (row !== undefined) rows.set(row.key, { ...row, id: report, isThere: true });
    }
  }
  // The last one can be undone.
  for (const { run } of later.reverse()) {
    let shared = 0;
    for await (const { entries } of readSegments({ derived, group, runId: run.id, retryMs })) {
      for (const { row } of entries) if (row !== undefined && rows.find(row.key) !== undefined) shared++;
    }
    if (shared === 0) continue;
    throw new OperatorError(
      `Run ${run.id} has changed ${shared} rows of run ${id} since: take that one back first, with --undo ${run.id}.`,
    );
  }
}

/** Under which id a report is that a run made: undone runs may have moved it and put it back. */
async function idsNow(
  { source }: Run,
  rowKey: string,
  { derived, retryMs }: UndoOptions,
): Promise<LeftOptions["idNow"]> {
  if (source === undefined) return ({ id }) => id;
  const runs = await patiently(() => listRuns(derived), retryMs);
  const index = await readKnownRows(source, { derived, runs, rowKey, retryMs });
  return ({ id, row }) => (row && index.find(row.key)?.id) ?? id;
}

interface TakeBackOptions extends UndoOptions {
  readonly rowKey: string;
  readonly idNow: LeftOptions["idNow"];
  /** Called now and then, so that others keep away. */
  renew(): Promise<void>;
}

async function takeBack(run: Run, options: TakeBackOptions): Promise<UndoOutcome> {
  const { store, derived, clock, retryMs, signal, rowKey, idNow, renew, onProgress } = options;
  const left = await readLeft({ derived, runId: run.id, retryMs });
  const counts = { removed: 0, restored: 0, left: 0 };
  let reports = 0;

  async function takeBackOne(entry: JournalEntry): Promise<void> {
    if (entry.kind === "replaced") {
      await store.edit(idNow(entry), { kind: "replace", report: entry.before.report });
      counts.restored++;
    } else if (left.has(entry.id)) {
      counts.left++;
    } else {
      if (entry.kind === "moved") {
        await store.put({ ...entry.before.report, id: restoredId(rowKey, run.id, entry) });
        counts.restored++;
      } else counts.removed++;
      await store.edit(idNow(entry), { kind: "remove" });
    }
    onProgress?.(++reports);
  }

  const group = journalGroup(run.source);
  for await (const { entries } of readSegments({ derived, group, runId: run.id, retryMs })) {
    if (signal?.aborted) return "interrupted";
    await renew();
    await mapLimited(entries, EDITS_AT_ONCE, (entry) => patiently(() => takeBackOne(entry), retryMs));
  }
  return { atMs: clock.now(), ...counts };
}
