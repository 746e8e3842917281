import type { Log } from "../app-parts.ts";
import type { ReportStore } from "../ports.ts";
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

export function followChanges(store: ReportStore, pyramid: Pyramid, log: Log): ChangeFollower {
  let cursor: string | undefined;
  let running: Promise<void> | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let stopped = false;

  async function readOnce(): Promise<void> {
    const { changes, cursor: next } = await store.readChanges(cursor);
    // The cursor moves on only when all of them were taken in, so a failure in between is told again.
    await Promise.all(changes.map((change) => pyramid.noteChange(change)));
    cursor = next;
  }

  function poll(): Promise<void> {
    running ??= readOnce().finally(() => {
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
