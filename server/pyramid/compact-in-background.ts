import type { Log } from "../console/log.ts";
import { type BackgroundWork, repeatInBackground } from "../kit/background.ts";
import type { Clock } from "../ports/clock.ts";
import { createCompactionSchedule } from "./compaction-schedule.ts";
import type { Compactor } from "./compactor.ts";
import type { HurriedChanges } from "./hurried-changes.ts";

/** How often it is looked whether something is to be compacted. */
const LOOK_EVERY_MS = 5_000;

export interface BackgroundCompaction {
  readonly compactor: Compactor;
  readonly hurried: HurriedChanges;
  readonly clock: Clock;
  /** Of the compactions of everything. */
  readonly everyMs: number;
  readonly log: Log;
}

/**
 * Runs a compactor now and then until it is stopped, beside requests that have their turn before each cell aggregate. A run under way is
 * ended, not waited for: what it has noted stays, and the next one goes on from there.
 */
export function compactInBackground({ log, ...options }: BackgroundCompaction): BackgroundWork {
  const schedule = createCompactionSchedule(options);
  const yieldTurn = () => new Promise<void>((resolve) => setImmediate(resolve));

  async function runOnce(signal: AbortSignal): Promise<void> {
    const startMs = performance.now();
    const report = await schedule.run({ signal, yieldTurn });
    if (report !== undefined && report.cellAggregates > 0)
      log.debug("compacted", { ...report, ms: Math.round(performance.now() - startMs) });
  }

  return repeatInBackground(runOnce, { name: "compaction", everyMs: Math.min(LOOK_EVERY_MS, options.everyMs), log });
}
