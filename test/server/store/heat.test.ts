import { expect, it } from "vitest";
import type { LogCell } from "../../../server/ports/report-store.ts";
import { createHeat, type Heat } from "../../../server/store/dynamo/write-sharding.ts";
import { createTestClock, type TestClock } from "../../kit/make-report.ts";

const CELL: LogCell = { layer: "safety", geohash5: "9v6kp" };
const OTHER: LogCell = { layer: "vibe", geohash5: "9v6kp" };
const ROWS_PER_SECOND = 200;

function start(): { clock: TestClock; heat: Heat } {
  const clock = createTestClock();
  return { clock, heat: createHeat({ clock, rowsPerSecond: ROWS_PER_SECOND }) };
}

/** Shards after so many seconds of a steady rate. */
function shardsAfter(seconds: number, rowsPerSecond: number, { clock, heat } = start()): number {
  let shards = 1;
  for (let i = 0; i < seconds * rowsPerSecond; i++) {
    clock.advance(1000 / rowsPerSecond);
    shards = heat.add(CELL);
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
  const { clock, heat } = start();
  shardsAfter(10, 900, { clock, heat });
  expect(heat.add(OTHER)).toBe(1);
});

it("forgets a heat that is over, and is not confused by a clock that is set back", () => {
  const { clock, heat } = start();
  shardsAfter(30, 900, { clock, heat });
  clock.advance(-60_000);
  expect(heat.add(CELL)).toBe(8);
  clock.advance(20_000);
  expect(heat.add(CELL)).toBe(1);
});

it("spreads further for a minute each time that DynamoDB refuses rows, however few are this process's own", () => {
  const { clock, heat } = start();
  expect(heat.add(CELL)).toBe(1);
  for (const shards of [2, 4, 8, 16, 16]) {
    heat.throttled(CELL);
    clock.advance(1000);
    expect(heat.add(CELL)).toBe(shards);
  }
  clock.advance(60_000);
  expect(heat.add(CELL)).toBe(1);
});
