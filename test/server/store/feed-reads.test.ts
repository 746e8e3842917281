/** @module-tag random */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readFrom } from "../../../server/store/dynamo/feed.ts";
import { OVERLAP_MS } from "../../../server/store/dynamo/publisher.ts";
import { runs } from "../../kit/runs.ts";

const NOW = Date.UTC(2026, 5, 1, 12);
/** By which an item may come to be seen after its time: a slow put, clocks that differ, and a read that lags. */
const LATEST_MS = 4500;
/** Of an intent that lies this near to where a read begins, an earlier read has told: an edit of the same second may lie before. */
const UNTOLD_MS = 1500;

/** Whether a reader who polls at these times is told of an item of a time, that can be read from another time on. */
function isTold(polls: readonly number[], atMs: number, readableMs: number): boolean {
  return polls.some((pollMs, i) => {
    const from = readFrom(polls[i - 1] ?? NOW - 60_000, pollMs);
    return pollMs >= readableMs && atMs >= from + UNTOLD_MS;
  });
}

describe("the feed's reads", () => {
  it("tell of whatever becomes readable in time, however unevenly its readers poll", () => {
    const gaps = fc.array(fc.oneof(fc.integer({ min: 1000, max: 2100 }), fc.integer({ min: 20, max: 9000 })), {
      minLength: 3,
      maxLength: 20,
    });
    fc.assert(
      fc.property(gaps, fc.nat(1999), fc.nat(12_000), fc.nat(LATEST_MS), (steps, phase, offset, lateMs) => {
        const polls = [NOW + phase];
        // Whoever polls on sees it in the end.
        for (const ms of [...steps, ...Array<number>(25).fill(1000)]) polls.push((polls.at(-1) ?? 0) + ms);
        const atMs = NOW + offset;
        expect(isTold(polls, atMs, atMs + lateMs)).toBe(true);
      }),
      runs(3000),
    );
  });

  it("reach from the last deep one back, though it came first in its two seconds and this one last in the next", () => {
    const polls = [20, 1970, 2990, 4010].map((ms) => NOW + ms);
    expect(isTold(polls, NOW + 20 - OVERLAP_MS + UNTOLD_MS, NOW + 1000)).toBe(true);
  });

  it("go back by minutes after the clock was set back, and not for a clock that is a little behind", () => {
    expect(readFrom(NOW + 60_000, NOW)).toBeLessThan(NOW - 10 * 60_000);
    expect(readFrom(NOW + 400, NOW)).toBeGreaterThan(NOW - OVERLAP_MS - 2001);
  });
});
