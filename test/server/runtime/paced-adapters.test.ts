import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { silentLog } from "../../../server/console/log.ts";
import { createPace, type Pace } from "../../../server/kit/pace.ts";
import { createCompactor } from "../../../server/pyramid/compactor.ts";
import { countCalls } from "../../../server/pyramid/count-calls.ts";
import { createPyramid } from "../../../server/pyramid/pyramid.ts";
import { pacedAdapters } from "../../../server/runtime/paced-adapters.ts";
import { createTileSource } from "../../../server/serving/tile-source.ts";
import { createMemoryDerivedStore } from "../../../server/store/memory/derived-memory.ts";
import { createMemoryStore } from "../../../server/store/memory/memory.ts";
import { createTestClock } from "../../kit/clock.ts";
import { makeCity } from "../../kit/sample-reports.ts";
import { countOf, featuresOfZoom, tilesAround } from "../../kit/tile-features.ts";

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "setImmediate", "clearImmediate", "performance"] });
});
afterEach(() => {
  vi.useRealTimers();
});

/** A city that is to be compacted beside requests. */
async function openWorld() {
  const clock = createTestClock();
  const city = makeCity(300, clock.now() - 60_000);
  const store = createMemoryStore({ clock });
  const derived = createMemoryDerivedStore({ clock });
  await store.putMany(city);
  const pace: Pace = createPace();
  let calls = 0;
  const onCall = () => void calls++;
  const ports = { store: countCalls(store, onCall), derived: countCalls(derived, onCall), sql: async () => [] };
  const behind = pacedAdapters(ports, pace);
  return {
    city,
    pace,
    calls: () => calls,
    compact: () => createCompactor({ ...behind, clock, log: silentLog }).run(),
    async countTiles() {
      const tiles = createTileSource({ pyramid: createPyramid({ store, derived, clock, log: silentLog }) });
      return countOf(await featuresOfZoom(tiles, tilesAround(city, 4), "safety"));
    },
  };
}

describe("a compaction beside requests", () => {
  it("gets its share while there are any, all it wants afterwards, and tiles are right all the time", async () => {
    const world = await openWorld();
    const end = world.pace.begin("tiles");
    let isDone = false;
    const compaction = world.compact().then((report) => {
      isDone = report.done;
    });
    await vi.advanceTimersByTimeAsync(1_000);
    // Calls that take no time are followed by pauses of ten milliseconds.
    expect(world.calls()).toBeGreaterThan(50);
    expect(world.calls()).toBeLessThanOrEqual(101);
    expect(await world.countTiles()).toBe(world.city.length);
    expect(isDone).toBe(false);
    end();
    await vi.advanceTimersByTimeAsync(1_000);
    await compaction;
    expect(isDone).toBe(true);
    expect(world.calls()).toBeGreaterThan(300);
    expect(await world.countTiles()).toBe(world.city.length);
  });

  it("comes to its end though there are always requests", async () => {
    const world = await openWorld();
    world.pace.begin("tiles");
    const compaction = world.compact();
    await vi.advanceTimersByTimeAsync(120_000);
    expect(await compaction).toMatchObject({ done: true });
  });
});
