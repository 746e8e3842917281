import { beforeEach, describe, expect, it, vi } from "vitest";
import { silentLog } from "../../../server/console/log.ts";
import { createLogFollower, type LogFollower } from "../../../server/live/follow-log.ts";
import { createLiveHub, type LiveHub, type LiveInterest } from "../../../server/live/hub.ts";
import type { ReportStore } from "../../../server/ports/report-store.ts";
import { createMemoryStore } from "../../../server/store/memory/memory.ts";
import { encodeGeohash } from "../../../tiles/geo/geohash.ts";
import type { Report } from "../../../tiles/report.ts";
import { createTestClock } from "../../kit/clock.ts";
import { seededRandom } from "../../kit/random.ts";
import { makeReport } from "../../kit/sample-reports.ts";

const AUSTIN = { lonDeg: -97.74, latDeg: 30.27 };
const TEXAS: LiveInterest = { bounds: { west: -107, south: 25, east: -93, north: 37 }, layers: ["safety"] };

let clock: ReturnType<typeof createTestClock>;
let store: ReportStore;
let reads: number;
let isAway: boolean;
let hub: LiveHub;
let follower: LogFollower;
let told: string[];
const random = seededRandom(3);

beforeEach(async () => {
  clock = createTestClock();
  const memory = createMemoryStore({ clock });
  reads = 0;
  isAway = false;
  store = {
    ...memory,
    async readNewest(...query) {
      reads++;
      if (isAway) throw new Error("away");
      return memory.readNewest(...query);
    },
  };
  told = [];
  const inner = createLiveHub({ clock });
  hub = { ...inner, publish: (layer, geohash) => void told.push(`${layer}/${geohash}`) };
  inner.subscribe(TEXAS);
  follower = createLogFollower({ store, hub, log: silentLog });
  await follower.begin();
});

async function write(place = AUSTIN): Promise<Report> {
  clock.nowMs += 10;
  const report = makeReport({ ...place, createdAtMs: clock.nowMs }, random);
  await store.put(report);
  return report;
}

const placeOf = ({ layer, lonDeg, latDeg }: Report): string => `${layer}/${encodeGeohash(lonDeg, latDeg, 8)}`;

describe("following the log", () => {
  it("tells each new report once, however often the store tells of its cell", async () => {
    const first = await write();
    await follower.poll();
    const second = await write({ lonDeg: -97.7, latDeg: 30.3 });
    await follower.poll();
    await follower.poll();
    expect(told).toEqual([first, second].map(placeOf));
  });

  it("reads nothing where nobody looks, nor what the feed brings", async () => {
    await store.putMany([makeReport({ lonDeg: 13.4, latDeg: 52.5, createdAtMs: clock.nowMs }, random)]);
    const report = await write();
    await follower.poll();
    expect([told, reads]).toEqual([[placeOf(report)], 0]);
  });

  it("tells the cell of a report that is hidden, once", async () => {
    const report = await write();
    await follower.poll();
    await store.edit(report.id, { kind: "hide" });
    await follower.poll();
    await follower.poll();
    expect(told).toEqual([placeOf(report), `safety/${encodeGeohash(AUSTIN.lonDeg, AUSTIN.latDeg, 5)}`]);
  });

  it("tells the cell of more reports than are worth telling one by one", async () => {
    for (let i = 0; i < 40; i++) await write();
    await follower.poll();
    expect(told).toEqual([`safety/${encodeGeohash(AUSTIN.lonDeg, AUSTIN.latDeg, 5)}`]);
    await follower.poll();
    expect(told).toHaveLength(1);
  });

  it("tells the cell again of a report that is not among the newest of its quarter of an hour", async () => {
    let nowMs = 0;
    const time = vi.spyOn(performance, "now").mockImplementation(() => nowMs);
    const createdAtMs = clock.nowMs;
    // As DynamoDB's feed tells: from a time on.
    follower = createLogFollower({
      store: {
        readNewest: store.readNewest,
        async readChanges(since) {
          const { changes, cursor } = await store.readChanges(since);
          return { changes: changes.map((change) => ({ ...change, from: change.from.slice(0, 10) })), cursor };
        },
      },
      hub,
      log: silentLog,
    });
    await follower.begin();
    await store.putMany(Array.from({ length: 40 }, () => makeReport({ ...AUSTIN, createdAtMs }, random)));
    await follower.poll();
    nowMs += 2000;
    await follower.poll();
    const before = told.length;
    for (const least of [0.004, 0]) {
      nowMs += 2000;
      await store.putMany([makeReport({ ...AUSTIN, createdAtMs }, () => least)]);
      await follower.poll();
    }
    time.mockRestore();
    const cell = `safety/${encodeGeohash(AUSTIN.lonDeg, AUSTIN.latDeg, 5)}`;
    expect(told.slice(before)).toEqual([cell, cell]);
  });

  it("reads a bounded number of cells in one poll, and tells of the others by cell", async () => {
    const places = Array.from({ length: 50 }, (_, i) => ({ lonDeg: -97 + 0.05 * i, latDeg: 30 }));
    await store.putMany(places.map((place) => makeReport({ ...place, createdAtMs: clock.nowMs }, random)));
    await follower.poll();
    expect(reads).toBe(32);
    expect(told.filter((cell) => cell.length === "safety/".length + 5)).toHaveLength(18);
  });

  it("tells later what it could not read", async () => {
    const report = makeReport({ ...AUSTIN, createdAtMs: clock.nowMs }, random);
    await store.putMany([report]);
    isAway = true;
    await expect(follower.poll()).rejects.toThrow("away");
    isAway = false;
    await follower.poll();
    expect(told).toEqual([placeOf(report)]);
  });
});
