import type { Log } from "../../console/log.ts";
import type { Clock } from "../../ports/clock.ts";
import type { ScoreCache } from "../../scores/score-cache.ts";

/** Keeps an isolate's scores up beside the requests: whoever asks for a tile lets them be read after its own answer. */
export interface WorkerScores {
  /** Begins to read what is new, now and then; undefined when it is not time yet. Never rejects. */
  keepUp(): Promise<void> | undefined;
}

const READ_EVERY_MS = 2_000;
/** After PostgreSQL did not answer. */
const PAUSE_MS = 10_000;

export function createWorkerScores(cache: ScoreCache, clock: Clock, log: Log): WorkerScores {
  let nextAtMs = Number.NEGATIVE_INFINITY;
  let failures = 0;

  async function refresh(): Promise<void> {
    try {
      await cache.refresh();
      failures = 0;
    } catch (error) {
      nextAtMs = clock.now() + PAUSE_MS;
      if (failures++ === 0) log.warn("scores not read; it is tried again", { error });
      else log.debug("scores not read", { error, failures });
    }
  }

  return {
    keepUp() {
      const now = clock.now();
      if (now < nextAtMs) return undefined;
      nextAtMs = now + READ_EVERY_MS;
      return refresh();
    },
  };
}
