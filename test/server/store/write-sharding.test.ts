import { expect, it } from "vitest";
import type { LogCell } from "../../../server/ports/report-store.ts";
import { createWriteSharding, type WriteSharding } from "../../../server/store/dynamo/write-sharding.ts";
import { createTestClock, type TestClock } from "../../kit/clock.ts";

const CELL: LogCell = { layer: "safety", geohash5: "9v6kp" };
const OTHER: LogCell = { layer: "vibe", geohash5: "9v6kp" };
const ROWS_PER_SECOND = 200;

function start(): { clock: TestClock; sharding: WriteSharding } {
  const clock = createTestClock(Date.now());
  return { clock, sharding: createWriteSharding({ clock, rowsPerSecond: ROWS_PER_SECOND }) };
}

/** Shards after so many seconds of a steady rate. */
function shardsAfter(seconds: number, rowsPerSecond: number, { clock, sharding } = start()): number {
  let shards = 1;
  for (let i = 0; i < seconds * rowsPerSecond; i++) {
    clock.advance(1000 / rowsPerSecond);
    shards = sharding.add(CELL);
  }
  return shards;
}

it.each([
  [0.1, 1],
  [10, 1],
  [190, 1],
  [300, 2],
  [700, 4],
  [1500, 8],
  [3100, 16],
  [20_000, 16],
])("spreads a steady %d rows a second over %d shards", (rate, shards) => {
  expect(shardsAfter(30, rate)).toBe(shards);
});

it("takes a burst for no more than that", () => {
  expect(shardsAfter(0.5, 900)).toBe(1);
  expect(shardsAfter(5, 900)).toBeGreaterThan(1);
});

it("spreads no cell for another's rows", () => {
  const { clock, sharding } = start();
  shardsAfter(10, 900, { clock, sharding });
  expect(sharding.add(OTHER)).toBe(1);
});

it("forgets a write sharding that is over, and is not confused by a clock that is set back", () => {
  const { clock, sharding } = start();
  shardsAfter(30, 900, { clock, sharding });
  clock.advance(-60_000);
  expect(sharding.add(CELL)).toBe(8);
  clock.advance(20_000);
  expect(sharding.add(CELL)).toBe(1);
});

it("spreads further for a minute each time that DynamoDB refuses rows, however few are this process's own", () => {
  const { clock, sharding } = start();
  expect(sharding.add(CELL)).toBe(1);
  for (const shards of [2, 4, 8, 16, 16]) {
    sharding.throttled(CELL);
    clock.advance(1000);
    expect(sharding.add(CELL)).toBe(shards);
  }
  clock.advance(60_000);
  expect(sharding.add(CELL)).toBe(1);
});
