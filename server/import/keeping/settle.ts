import type { Report } from "../../../tiles/report.ts";
import type { Clock } from "../../ports/clock.ts";
import type { DerivedStore } from "../../ports/derived-store.ts";
import type { ReportStore } from "../../ports/report-store.ts";
import { isAlive } from "./alive.ts";
import { segmentName } from "./journal.ts";
import { encodeSegment, expiryOf, type JournalEntry } from "./journal-items.ts";
import { patiently } from "./patiently.ts";
import { journalGroup, type KeptRun, listRuns, putRun, type Run } from "./run-items.ts";
import { type KeptSegment, readSegments } from "./segments.ts";

export interface SettleOptions {
  readonly store: Pick<ReportStore, "getMany" | "edit">;
  readonly derived: DerivedStore;
  readonly clock: Clock;
  readonly source: string | undefined;
  readonly retryMs?: number | undefined;
}

/**
 * Makes the journals of runs that broke off say what was done, no more: what they wrote down last may not have been. A row that was about
 * to be stored is then unknown again, and stored by whoever comes next.
 * @throws StoreUnavailableError
 */
export async function settleDead(options: SettleOptions): Promise<void> {
  const { derived, clock, source, retryMs } = options;
  for (const kept of await patiently(() => listRuns(derived), retryMs)) {
    const { state, alive, source: of } = kept.run;
    // Of a source whoever calls has the lease, so that whatever runs is dead.
    const isDead = of !== undefined || !isAlive(alive, clock.now());
    if (of === source && state === "running" && isDead) await settle(kept, options);
  }
}

/** @throws StoreUnavailableError */
export async function settle({ run, version }: KeptRun, options: SettleOptions): Promise<Run> {
  const { derived, retryMs } = options;
  let unsure: KeptSegment[] = [];
  for await (const segment of readSegments({ derived, group: journalGroup(run.source), runId: run.id, retryMs })) {
    unsure = [...unsure.filter(({ number }) => number >= segment.doneBelow), segment];
  }
  for (const segment of unsure) await patiently(() => settleSegment(run, segment, options), retryMs);
  const settled: Run = { ...run, state: "stopped" };
  await patiently(() => putRun(derived, settled, version), retryMs);
  return settled;
}

async function settleSegment(run: Run, segment: KeptSegment, { store, derived }: SettleOptions): Promise<void> {
  const { entries, doneBelow, number, version } = segment;
  const shown = new Map((await store.getMany(entries.map(({ id }) => id))).map((report) => [report.id, report]));
  const done = entries.flatMap((entry) => doneOf(entry, shown.get(entry.id)));
  for (const entry of done) {
    if (entry.kind === "moved") await store.edit(entry.before.report.id, { kind: "remove" });
  }
  if (done.length === entries.length && done.every((entry, i) => entry === entries[i])) return;
  const [group, name] = [journalGroup(run.source), segmentName(run.id, number)];
  if (done.length === 0) return derived.remove(group, [{ name, version }]);
  const body = encodeSegment({ entries: done, doneBelow });
  await derived.put(group, name, body, { expected: version, expiresAtMs: expiryOf(done) });
}

/** What of an entry was done, by what the store has now. */
function doneOf(entry: JournalEntry, shown: Report | undefined): JournalEntry[] {
  if (entry.kind !== "replaced") return shown === undefined ? [] : [entry];
  // Nobody can tell: the digest of nothing has it replaced again.
  if (shown === undefined) return [{ ...entry, row: { ...entry.row, digest: [0, 0] } }];
  return saysSame(shown, entry.before.report) ? [] : [entry];
}

const saysSame = (a: Report, b: Report): boolean =>
  (["category", "severity", "lonDeg", "latDeg", "text"] as const).every((name) => a[name] === b[name]);
