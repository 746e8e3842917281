import type { Clock } from "../../server/ports/clock.ts";
import { StoreUnavailableError } from "../../server/ports/report-store.ts";
import type { Ledger } from "./ledger.ts";
import { LinkError } from "./link.ts";
import { currentTask } from "./task.ts";
import type { Trace } from "./trace.ts";

/** Tries so often until it succeeds, with growing pauses; undefined when it was given up. */
export type Insist = <T>(attempts: number, attempt: (number: number) => Promise<T>) => Promise<T | undefined>;

export interface InsistOptions {
  /** True time. */
  readonly clock: Clock;
  readonly ledger: Ledger;
  readonly trace: Trace;
  /** When nothing fails any more, whoever waits tries again soon. */
  readonly isQuiet: () => boolean;
}

/** As in the page's outbox: after a day nothing is sent again by itself. */
const OLD_MS = 24 * 3_600_000;
const MAX_PAUSE_MS = 8_000;
const QUIET_PAUSE_MS = 2_000;

export function createInsist({ clock, ledger, trace, isQuiet }: InsistOptions): Insist {
  return async (attempts, attempt) => {
    const begunMs = clock.now();
    for (let tries = 0; clock.now() - begunMs <= OLD_MS; tries++) {
      try {
        return await attempt(tries);
      } catch (error) {
        const { name, message } = error as Error;
        trace.note(currentTask().name, `attempt ${tries + 1} failed: ${name}: ${message}`);
        if (!isExpected(error))
          ledger.violate("answers are 503 or right", `${currentTask().name}: ${name}: ${message}`);
        if (tries + 1 >= attempts) return undefined;
        const pauseMs = Math.min(isQuiet() ? QUIET_PAUSE_MS : MAX_PAUSE_MS, 1000 * 2 ** tries);
        await sleep(pauseMs * (0.75 + Math.random() / 4));
      }
    }
    return undefined;
  };
}

/** What a client must be ready for; compactions may also have to leave it to others. */
const isExpected = (error: unknown): boolean =>
  error instanceof LinkError ||
  error instanceof StoreUnavailableError ||
  /changed by others|rewritten by others|is damaged/.test((error as Error).message);

/** In virtual time, as everything. */
export const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
