import type { Clock } from "../../server/ports/clock.ts";

/** A clock that stands still until it is moved. */
export interface TestClock extends Clock {
  nowMs: number;
  advance(ms: number): void;
}

/** @param startMs a noon in June; what DynamoDB Local is to keep must be of today */
export function createTestClock(startMs = Date.UTC(2026, 5, 1, 12)): TestClock {
  const clock = {
    nowMs: startMs,
    now: () => clock.nowMs,
    advance(ms: number) {
      clock.nowMs += ms;
    },
  };
  return clock;
}
