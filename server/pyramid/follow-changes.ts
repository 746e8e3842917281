import type { Log } from "../console/log.ts";
import type { Pyramid } from "./pyramid.ts";

/** Keeps a pyramid up with what other processes write, by polling the store's changes. */
export interface ChangeFollower {
  /** Reads the changes since the last poll; only one poll runs at a time. Rejects when the store does not answer. */
  poll(): Promise<void>;
  start(): void;
  stop(): Promise<void>;
}

/** Half of the promised two seconds in which every process shows a report. */
const POLL_EVERY_MS = 1000;

export function followChanges(pyramid: Pyramid, log: Log): ChangeFollower {
  let running: Promise<void> | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let stopped = false;

  function poll(): Promise<void> {
    running ??= pyramid.poll().finally(() => {
      running = undefined;
    });
    return running;
  }

  async function loop(): Promise<void> {
    try {
      await poll();
    } catch (error) {
      log.warn("changes not read", { error });
    }
    if (!stopped) timer = setTimeout(loop, POLL_EVERY_MS);
  }

  return {
    poll,
    start() {
      void loop();
    },
    async stop() {
      stopped = true;
      clearTimeout(timer);
      await running?.catch(() => undefined);
    },
  };
}
