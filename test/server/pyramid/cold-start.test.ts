import { beforeEach, describe, expect, it } from "vitest";
import { silentLog } from "../../../server/console/log.ts";
import type { DerivedStore } from "../../../server/ports/derived-store.ts";
import { type ReportStore, StoreUnavailableError } from "../../../server/ports/report-store.ts";
import { createPyramid, type Pyramid } from "../../../server/pyramid/pyramid.ts";
import { createTileSource } from "../../../server/serving/tile-source.ts";
import { createMemoryDerivedStore } from "../../../server/store/memory/derived-memory.ts";
import { createMemoryStore } from "../../../server/store/memory/memory.ts";
import { tileAt, worldX, worldY } from "../../../tiles/geo/tile-address.ts";
import type { Report } from "../../../tiles/report.ts";
import { createTestClock } from "../../kit/clock.ts";
import { makeCity } from "../../kit/sample-reports.ts";
import { countOf, featuresOfZoom, tilesAround } from "../../kit/tile-features.ts";

const HOUSTON = { lonDeg: -95.37, latDeg: 29.76 };

let clock: ReturnType<typeof createTestClock>;
let store: ReportStore;
let derived: DerivedStore;
let city: Report[];
let feedReads: number;
let isAway: boolean;

beforeEach(async () => {
  clock = createTestClock();
  feedReads = 0;
  isAway = false;
  const memory = createMemoryStore({ clock });
  store = {
    ...memory,
    async readChanges(cursor) {
      feedReads++;
      // As long as a store is away: whoever asks at the same time does so before the answer.
      await new Promise((resolve) => setTimeout(resolve, 5));
      if (isAway) throw new StoreUnavailableError("away");
      return memory.readChanges(cursor);
    },
  };
  derived = createMemoryDerivedStore({ clock });
  city = makeCity(300, clock.nowMs);
  await memory.putMany(city);
});

const open = (shareBuilds = true): Pyramid => createPyramid({ store, derived, clock, log: silentLog, shareBuilds });

/** Fifty questions at once, of every kind that a pyramid answers. */
function askAtOnce(pyramid: Pyramid): Promise<unknown[]> {
  const address = (z: number) => tileAt(worldX(HOUSTON.lonDeg), worldY(HOUSTON.latDeg), z);
  return Promise.all(
    Array.from({ length: 50 }, (_, i) => {
      if (i % 5 === 1) return pyramid.cells("safety", "9v6kp".slice(0, 1 + (i % 4)));
      if (i % 5 === 2) return pyramid.reports({ layer: "safety", geohash5: "9v6kp" });
      if (i % 5 === 3) return pyramid.poll();
      return pyramid.clusterCells("safety", address(i % 18), "90d");
    }),
  );
}

const countIn = async (pyramid: Pyramid): Promise<number> =>
  countOf(await featuresOfZoom(createTileSource({ pyramid }), tilesAround(city, 4), "safety"));

describe("a cold pyramid", () => {
  it("reads the feed once for all who ask at the same time", async () => {
    const pyramid = open();
    await askAtOnce(pyramid);
    expect(feedReads).toBe(1);
    expect(await countIn(pyramid)).toBe(city.length);
    await askAtOnce(pyramid);
    expect(feedReads, "a warm one only when it is told to poll").toBe(2);
  });

  it("asks again for whoever comes after a failure, and fails for all who waited", async () => {
    const pyramid = open();
    isAway = true;
    const first = await Promise.allSettled([1, 2, 3].map(() => pyramid.cells("safety", "9v")));
    expect(first.map(({ status }) => status)).toEqual(["rejected", "rejected", "rejected"]);
    expect(feedReads).toBe(1);
    await expect(pyramid.reports({ layer: "safety", geohash5: "9v6kp" })).rejects.toThrow("away");
    expect(feedReads).toBe(2);
    isAway = false;
    await askAtOnce(pyramid);
    expect(feedReads).toBe(3);
    expect(await countIn(pyramid)).toBe(city.length);
  });

  it("lets nobody wait for another request's promise in a Worker", async () => {
    const pyramid = open(false);
    await Promise.all([pyramid.cells("safety", "9v"), pyramid.cells("safety", "9v")]);
    expect(feedReads).toBe(2);
  });
});
