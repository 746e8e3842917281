import type { Log } from "../console/log.ts";
import { settlesWithin } from "./wait.ts";

/** Work that is done now and then until it is stopped. */
export interface BackgroundWork {
  /** Does nothing once it is stopped. */
  start(): void;
  /** Waits for a run under way, but not long: what it lacks is done after the next start. Its failure is none by then. */
  stop(): Promise<void>;
}

export interface RepeatOptions {
  /** Of the work, for the log: "scoring". */
  readonly name: string;
  /** Between the end of a run and the next one. */
  readonly everyMs: number;
  readonly log: Log;
}

const STOP_WITHIN_MS = 3_000;

/** Runs something again and again. What fails is tried again at the next time; the log says when that begins and ends. */
export function repeatInBackground(run: () => Promise<void>, { name, everyMs, log }: RepeatOptions): BackgroundWork {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let running = Promise.resolve();
  let failures = 0;
  let stopped = false;

  async function runOnce(): Promise<void> {
    try {
      await run();
      if (failures > 0) log.info(`${name} goes on`, { failures });
      failures = 0;
    } catch (error) {
      if (failures++ === 0 && !stopped) log.warn(`${name} failed; it is tried again`, { error });
      else log.debug(`${name} failed again`, { error, failures });
    }
    if (!stopped) timer = setTimeout(start, everyMs);
  }

  function start(): void {
    if (!stopped) running = runOnce();
  }

  return {
    start,
    async stop() {
      stopped = true;
      clearTimeout(timer);
      await settlesWithin(STOP_WITHIN_MS, running);
    },
  };
}
