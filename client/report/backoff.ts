/** Pauses between attempts, each twice the one before. */
export interface Backoff {
  /** Another attempt failed; the server may have asked for a pause of its own, in milliseconds. */
  failed(askedMs: number): void;
  /** Nothing is amiss, or no longer. */
  reset(): void;
  /** Waits without a failure. */
  pause(ms: number): void;
  /** Milliseconds until the next attempt; 0 when it may be now. */
  leftMs(): number;
  failures(): number;
}

const FIRST_MS = 2_000;
const LAST_MS = 300_000;

export function createBackoff(): Backoff {
  let failures = 0;
  let untilMs = 0;
  const pause = (ms: number) => {
    untilMs = Date.now() + Math.min(LAST_MS, ms);
  };
  return {
    failed(askedMs) {
      // Not all at the same moment when a server comes back.
      const share = 0.75 + Math.random() / 4;
      pause(Math.max(askedMs, Math.min(LAST_MS, FIRST_MS * 2 ** failures) * share));
      failures++;
    },
    reset() {
      failures = 0;
      untilMs = 0;
    },
    pause,
    leftMs: () => Math.min(LAST_MS, Math.max(0, untilMs - Date.now())),
    failures: () => failures,
  };
}
