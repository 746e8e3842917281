import type { Log } from "../console/log.ts";
import { type BackgroundWork, repeatInBackground } from "../kit/background.ts";
import type { Compactor } from "./compactor.ts";

/**
 * Runs a compactor now and then until it is stopped, beside requests that have their turn before each cell aggregate. A run under way is
 * ended, not waited for: what it has noted stays, and the next one goes on from there.
 */
export function compactInBackground(compactor: Compactor, everyMs: number, log: Log): BackgroundWork {
  const yieldTurn = () => new Promise<void>((resolve) => setImmediate(resolve));

  async function runOnce(signal: AbortSignal): Promise<void> {
    const startMs = performance.now();
    const report = await compactor.run({ signal, yieldTurn });
    if (report.cellAggregates > 0) log.debug("compacted", { ...report, ms: Math.round(performance.now() - startMs) });
  }

  return repeatInBackground(runOnce, { name: "compaction", everyMs, log });
}
