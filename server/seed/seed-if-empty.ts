import type { Clock } from "../ports/clock.ts";
import type { ReportStore } from "../ports/report-store.ts";
import { seedReports } from "./seed-reports.ts";

export interface SeedIfEmptyOptions {
  readonly store: Pick<ReportStore, "isEmpty" | "putMany" | "remember">;
  readonly clock: Clock;
  /** Called before the first report is written, again where that was cut off. */
  onBegin?(): Promise<void>;
  onProgress?(progress: { readonly written: number; readonly total: number }): void;
}

export interface EndSeedingOptions {
  readonly store: Pick<ReportStore, "remember">;
  readonly clock: Clock;
}

const KEY = "seed";
const DONE = "done";
const NOT_OURS = "none";
const DAY_MS = 86_400_000;
const BATCH_REPORTS = 250;

/**
 * Fills a store that never held a report with three cities' reports; resolves with how many were written, 0 when the store
 * had reports already. The store remembers for a day when the seed was dated, so one that was cut off half way is
 * completed by the next call instead of being taken for somebody's data.
 */
export async function seedIfEmpty({ store, clock, onBegin, onProgress }: SeedIfEmptyOptions): Promise<number> {
  const nowMs = clock.now();
  const untilMs = nowMs + DAY_MS;
  const empty = await store.isEmpty();
  const begun = await store.remember(KEY, empty ? String(nowMs) : NOT_OURS, { untilMs, replace: empty });
  if (!/^\d+$/.test(begun)) return 0;

  await onBegin?.();
  const reports = seedReports({ nowMs: Number(begun) });
  let written = 0;
  for (let at = 0; at < reports.length; at += BATCH_REPORTS) {
    const outcome = await store.putMany(reports.slice(at, at + BATCH_REPORTS));
    written += outcome.written;
    onProgress?.({ written: Math.min(at + BATCH_REPORTS, reports.length), total: reports.length });
  }
  await store.remember(KEY, DONE, { untilMs, replace: true });
  return written;
}

/** Keeps a seed that was cut off from being completed. */
export async function endSeeding({ store, clock }: EndSeedingOptions): Promise<void> {
  await store.remember(KEY, DONE, { untilMs: clock.now() + DAY_MS, replace: true });
}
