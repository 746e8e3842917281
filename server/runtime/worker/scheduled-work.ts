import type { Log } from "../../console/log.ts";
import { DAY_MS } from "../../kit/utc-time.ts";
import type { Clock } from "../../ports/clock.ts";
import { compactHurried } from "../../pyramid/compaction-schedule.ts";
import type { Compactor } from "../../pyramid/compactor.ts";
import type { HurriedChanges } from "../../pyramid/hurried-changes.ts";

/** Everything takes less than the five minutes after which the cron trigger fires again. */
const END_AFTER_MS = 4 * 60_000;
/** The compaction stops by itself after this time, and leaves the rest to scoring. */
const COMPACT_FOR_MS = 3 * 60_000;
/**
 * Calls of the stores that a compaction makes in one invocation. The platform cuts it off after `limits.subrequests` of
 * wrangler.toml, which by default are 10 000 (on the free plan 50). A call is one subrequest, but several where a cell has write
 * shards or an answer has pages, and scoring follows. https://developers.cloudflare.com/workers/platform/limits/#subrequests
 */
const COMPACT_CALLS = 5_000;

/** As `wrangler.toml` has it. What is done once a day is done by the first one of a day (UTC). */
const TRIGGER_EVERY_MS = 300_000;

export interface ScheduledWorkOptions {
  readonly compactor: Pick<Compactor, "run">;
  readonly scoring: { run(): Promise<unknown> };
  readonly billing?: { refreshOverdue(): Promise<void> };
  readonly clock: Clock;
  readonly log: Log;
}

/**
 * What the cron trigger does: compacts and scores once, within what an invocation may take. What is left undone is done by the next
 * one, and both may be cut off anywhere. Rejects when the report store fails.
 */
export async function doScheduledWork({
  compactor,
  scoring,
  billing,
  clock,
  log,
}: ScheduledWorkOptions): Promise<void> {
  const startMs = clock.now();
  const timeIsUp = new AbortController();
  const stopTimer = setTimeout(() => timeIsUp.abort(), COMPACT_FOR_MS);
  const late = Promise.withResolvers<"late">();
  const endTimer = setTimeout(() => late.resolve("late"), END_AFTER_MS);

  async function work(): Promise<void> {
    const report = await compactor.run({ maxCalls: COMPACT_CALLS, signal: timeIsUp.signal });
    log.info("compacted", { ...report, ms: clock.now() - startMs });
    // PostgreSQL may be away; what was compacted stays.
    await scoring.run().catch((error: unknown) => log.warn("scoring failed; it is tried again", { error }));
    if (startMs % DAY_MS >= TRIGGER_EVERY_MS) return;
    await billing?.refreshOverdue().catch((error: unknown) => log.warn("payments not read", { error }));
  }

  try {
    if ((await Promise.race([work(), late.promise])) === "late") {
      log.warn("compaction and scoring cut off; the next ones go on", { ms: END_AFTER_MS });
    }
  } finally {
    clearTimeout(stopTimer);
    clearTimeout(endTimer);
  }
}

/** What is done some seconds after a write: compacts and scores, if there is anything that does not wait for the cron trigger. */
export async function doHurriedWork(
  options: ScheduledWorkOptions & { readonly hurried: HurriedChanges },
): Promise<void> {
  const { hurried } = options;
  await hurried.look();
  if (hurried.dueAtMs() === undefined) return;
  const run: Compactor["run"] = (limits) => compactHurried(options, { ...limits, hurry: hurried });
  await doScheduledWork({ ...options, compactor: { run } });
}
