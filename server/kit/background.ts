import type { Log } from "../console/log.ts";
import { settlesWithin } from "./wait.ts";

/** Work that is done now and then until it is stopped. */
export interface BackgroundWork {
  /** Does nothing once it is stopped. */
  start(): void;
  /** Waits for a run under way, but not long: what it lacks is done after the next start. Its failure is none by then. */
  stop(): Promise<void>;
}

/** One run. Its signal is aborted when the work is stopped, for those that would go on for long. */
export type Run = (signal: AbortSignal) => Promise<void>;

export interface RepeatOptions {
  /** Of the work, for the log: "scoring". */
  readonly name: string;
  /** Between the end of a run and the next one. */
  readonly everyMs: number;
  readonly log: Log;
}

const STOP_WITHIN_MS = 3_000;

/** Runs something again and again. What fails is tried again at the next time; the log says when that begins and ends. */
export function repeatInBackground(run: Run, { name, everyMs, log }: RepeatOptions): BackgroundWork {
  const stopped = new AbortController();
  const { signal } = stopped;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let running = Promise.resolve();
  let failures = 0;

  async function runOnce(): Promise<void> {
    try {
      await run(signal);
      if (failures > 0) log.info(`${name} goes on`, { failures });
      failures = 0;
    } catch (error) {
      if (failures++ === 0 && !signal.aborted) log.warn(`${name} failed; it is tried again`, { error });
      else log.debug(`${name} failed again`, { error, failures });
    }
    if (!signal.aborted) timer = setTimeout(start, everyMs);
  }

  function start(): void {
    if (!signal.aborted) running = runOnce();
  }

  return {
    start,
    async stop() {
      stopped.abort();
      clearTimeout(timer);
      await settlesWithin(STOP_WITHIN_MS, running);
    },
  };
}

/** All that a process does beside its requests. */
export interface Background {
  /** Runs something again and again, from now on or from when it can be done. */
  repeat(run: Run, options: BackgroundOptions): void;
  /** Starts other work that goes on until it is stopped. */
  start(work: BackgroundWork): void;
  /** Stops all at once; bounded, as each of them is. */
  close(): Promise<void>;
}

export interface BackgroundOptions extends Omit<RepeatOptions, "log"> {
  /** Before it resolves nothing is run. It must not reject. */
  readonly from?: Promise<void>;
}

export function createBackground(log: Log): Background {
  const works: BackgroundWork[] = [];
  return {
    repeat(run, { from, ...options }) {
      const work = repeatInBackground(run, { ...options, log });
      works.push(work);
      if (from === undefined) work.start();
      else void from.then(work.start);
    },
    start(work) {
      works.push(work);
      work.start();
    },
    async close() {
      await Promise.all(works.map((work) => work.stop()));
    },
  };
}
