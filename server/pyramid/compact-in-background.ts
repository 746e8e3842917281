import type { Log } from "../console/log.ts";
import type { Compactor } from "./compactor.ts";

/** Runs a compactor now and then until it is stopped. A run that fails is tried again at the next time. */
export interface BackgroundCompaction {
  start(): void;
  /** Waits for a run under way. */
  stop(): Promise<void>;
}

export function compactInBackground(compactor: Compactor, everyMs: number, log: Log): BackgroundCompaction {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let running: Promise<void> | undefined;
  let stopped = false;

  async function runOnce(): Promise<void> {
    const startMs = performance.now();
    try {
      const { cells, slices } = await compactor.run();
      if (cells > 0) log.debug("compacted", { cells, slices, ms: Math.round(performance.now() - startMs) });
    } catch (error) {
      log.warn("compaction failed; it is tried again", { error });
    }
    if (!stopped) timer = setTimeout(start, everyMs);
  }

  function start(): void {
    running = runOnce();
  }

  return {
    start,
    async stop() {
      stopped = true;
      clearTimeout(timer);
      await running;
    },
  };
}
