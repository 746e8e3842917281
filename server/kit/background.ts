import type { Log } from "../console/log.ts";
import { type BackgroundWork, repeatInBackground } from "./repeat-in-background.ts";

/** All that a process does beside its requests. */
export interface Background {
  /** Runs something again and again, from now on or from when it can be done. */
  repeat(run: () => Promise<void>, options: BackgroundOptions): void;
  /** Starts other work that goes on until it is stopped. */
  start(work: BackgroundWork): void;
  /** Stops all at once; bounded, as each of them is. */
  close(): Promise<void>;
}

export interface BackgroundOptions {
  /** Of the work, for the log: "scoring". */
  readonly name: string;
  /** Between the end of a run and the next one. */
  readonly everyMs: number;
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
