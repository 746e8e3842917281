import { beforeEach, describe, expect, it } from "vitest";
import { silentLog } from "../../server/console/log.ts";
import type { ReportStore } from "../../server/ports/report-store.ts";
import { createCompactor } from "../../server/pyramid/compactor.ts";
import { createPyramid, type Pyramid } from "../../server/pyramid/pyramid.ts";
import { createWorkerTiles, type WorkerTiles } from "../../server/runtime/worker/worker-tiles.ts";
import { createMemoryDerivedStore } from "../../server/store/memory/derived-memory.ts";
import { createMemoryStore } from "../../server/store/memory/memory.ts";
import type { Report } from "../../tiles/report.ts";
import { createTestClock } from "../kit/clock.ts";
import { seededRandom } from "../kit/random.ts";
import { makeReport } from "../kit/sample-reports.ts";

let clock: ReturnType<typeof createTestClock>;
let polls: PromiseWithResolvers<void>[];
let opened: number;
let tiles: WorkerTiles;

beforeEach(() => {
  clock = createTestClock();
  polls = [];
  opened = 0;
  tiles = createWorkerTiles({
    open() {
      opened++;
      const pyramid: Pyramid = {
        ...createPyramid({
          store: createMemoryStore({ clock }),
          derived: createMemoryDerivedStore({ clock }),
          clock,
          log: silentLog,
        }),
        poll() {
          const poll = Promise.withResolvers<void>();
          polls.push(poll);
          return poll.promise;
        },
      };
      return { pyramid, source: { read: async () => undefined } };
    },
    clock,
    log: silentLog,
  });
});

/** One request, whose poll succeeds at once when it makes one. Returns whether it did. */
async function request(): Promise<boolean> {
  const before = polls.length;
  const done = tiles.keepUp();
  polls.at(before)?.resolve();
  await done;
  return polls.length > before;
}

describe("keeping up", () => {
  it("polls before the first tile and then once a second at most", async () => {
    expect(await request()).toBe(true);
    expect(await request()).toBe(false);
    clock.nowMs += 1000;
    expect(await request()).toBe(false);
    clock.nowMs += 1;
    expect(await request()).toBe(true);
  });

  it("polls for nothing else: the reads of a request cost none of their own", async () => {
    await request();
    clock.nowMs += 3000;
    await Promise.all(["9q8yy", "9q8yz"].map((geohash5) => tiles.pyramid.reports({ layer: "safety", geohash5 })));
    await tiles.source.read({ layers: ["safety"], tile: { z: 0, x: 0, y: 0 }, window: "90d" });
    expect(polls).toHaveLength(1);
  });

  it("lets a request go on while another polls, but never with what is older than two seconds", async () => {
    await request();
    clock.nowMs += 1500;
    const first = tiles.keepUp();
    await tiles.keepUp();
    expect(polls).toHaveLength(2);
    clock.nowMs += 501;
    const second = tiles.keepUp();
    expect(polls).toHaveLength(3);
    for (const poll of polls) poll.resolve();
    await Promise.all([first, second]);
  });

  it("serves what it has while the store fails, and asks again after a pause", async () => {
    await request();
    clock.nowMs += 3000;
    const failing = tiles.keepUp();
    polls.at(-1)?.reject(new Error("away"));
    await failing;
    expect(await request()).toBe(false);
    clock.nowMs += 5001;
    expect(await request()).toBe(true);
  });

  it("starts anew after a long sleep", async () => {
    await request();
    clock.nowMs += 9 * 60_000;
    await request();
    expect(opened).toBe(1);
    clock.nowMs += 11 * 60_000;
    await request();
    expect(opened).toBe(2);
  });

  it("reads once for fifty requests that find the isolate cold", async () => {
    const all = Promise.all(Array.from({ length: 50 }, () => tiles.keepUp()));
    await settle(100);
    expect(polls).toHaveLength(1);
    polls[0]?.resolve();
    await all;
    expect(polls).toHaveLength(1);
  });

  it("goes on without the request whose first reading ended with it, one request at a time", async () => {
    for (let i = 0; i < 20; i++) void tiles.keepUp();
    await settle(400);
    expect(polls).toHaveLength(1);
    await expect.poll(() => polls.length).toBe(2);
    await settle(300);
    expect(polls).toHaveLength(2);
    polls[1]?.resolve();
    await settle(100);
    expect(await request()).toBe(false);
    expect(polls).toHaveLength(2);
  });

  it("asks again after a first reading that failed", async () => {
    const all = Promise.all([tiles.keepUp(), tiles.keepUp()]);
    polls[0]?.reject(new Error("away"));
    await all;
    clock.nowMs += 5001;
    expect(await request()).toBe(true);
  });
});

describe("what is noted after a long sleep", () => {
  const PLACE = { lonDeg: -119.92, latDeg: -30 };

  /** So many that a compaction does not put them off. */
  const COMPACTED = 200;

  /** An isolate of a world that was compacted, which now wakes. The changes tell it nothing: what it is not told itself it misses. */
  async function wake() {
    const store = createMemoryStore({ clock });
    const derived = createMemoryDerivedStore({ clock });
    const random = seededRandom(3);
    const createdAtMs = clock.now() - 86_400_000;
    const reports = Array.from({ length: COMPACTED }, () => makeReport({ ...PLACE, createdAtMs }, random));
    await store.putMany(reports);
    clock.nowMs += 60_000;
    await createCompactor({ store, derived, clock, log: silentLog }).run();
    const silent: ReportStore = { ...store, readChanges: async () => ({ changes: [], cursor: "0" }) };
    const open = () => ({
      pyramid: createPyramid({ store: silent, derived, clock, log: silentLog, shareBuilds: false }),
      source: { read: async () => undefined },
    });
    const isolate = createWorkerTiles({ open, clock, log: silentLog });
    await isolate.keepUp();
    clock.nowMs += 11 * 60_000;
    /** Reports in the whole world, as the widest tiles have them. */
    const count = async () => {
      await isolate.keepUp();
      return (await isolate.pyramid.cells("safety", "")).bandCount.reduce((a, b) => a + b, 0);
    };
    return { isolate, store, report: reports[0] as Report, count };
  }

  it("is a report that the tiles made anew have", async () => {
    const { isolate, store, count } = await wake();
    const report = makeReport({ ...PLACE, createdAtMs: clock.now() }, seededRandom(4));
    await store.append(report);
    isolate.pyramid.noteReport(report);
    expect(await count()).toBe(COMPACTED + 1);
  });

  it("is an edit that the tiles made anew show", async () => {
    const { isolate, store, report, count } = await wake();
    const edited = await store.edit(report.id, { kind: "hide" });
    if (edited !== undefined) isolate.pyramid.noteEdited(edited, report);
    expect(await count()).toBe(COMPACTED - 1);
  });
});

const settle = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
