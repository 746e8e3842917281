import type { Log } from "../console/log.ts";
import { settlesWithin } from "./wait.ts";

export interface Closable {
  close(): Promise<void>;
}

/**
 * Remembers what was opened, to close it in the opposite order; what does not close does not keep the rest open, as it would in
 * an `AsyncDisposableStack`.
 */
export interface Closers {
  add<T extends Closable>(part: T): T;
  /**
   * Waits for all parts together no longer than a limit. What hangs is left to the end of the process; the parts before it
   * are closed all the same.
   */
  close(): Promise<void>;
}

/** Less than a signal waits for the end (`stop-on-signal.ts`). */
const CLOSE_WITHIN_MS = 10_000;

export function createClosers(log: Log, closeWithinMs = CLOSE_WITHIN_MS): Closers {
  const open: Closable[] = [];
  return {
    add(part) {
      open.push(part);
      return part;
    },
    async close() {
      const endMs = performance.now() + closeWithinMs;
      for (const part of open.splice(0).reverse()) {
        const closed = part.close().catch((error: unknown) => log.error("not closed", { error }));
        const leftMs = Math.max(0, endMs - performance.now());
        if (!(await settlesWithin(leftMs, closed))) log.warn("not closed in time", { limitMs: closeWithinMs });
      }
    },
  };
}
