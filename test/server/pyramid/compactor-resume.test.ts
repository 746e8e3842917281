import { beforeEach, describe, expect, it } from "vitest";
import { silentLog } from "../../../server/console/log.ts";
import type { DerivedStore } from "../../../server/ports/derived-store.ts";
import type { ReportStore } from "../../../server/ports/report-store.ts";
import { createCompactionState } from "../../../server/pyramid/compaction-state.ts";
import { type CompactionReport, createCompactor, type RunOptions } from "../../../server/pyramid/compactor.ts";
import { createPyramid, type Pyramid } from "../../../server/pyramid/pyramid.ts";
import { createMemoryDerivedStore } from "../../../server/store/memory/derived-memory.ts";
import { createMemoryStore } from "../../../server/store/memory/memory.ts";
import { decodeMicroCells } from "../../../tiles/codec/micro-cell-codec.ts";
import type { Report } from "../../../tiles/report.ts";
import { createTestClock } from "../../kit/clock.ts";
import { seededRandom } from "../../kit/random.ts";
import { makeCity, makeReport } from "../../kit/sample-reports.ts";
import { allow, cellAggregatesOf, contentsOf, cutOff } from "./cut-off.ts";
import { hideReport } from "./edit-report.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
/** Calls of a run that is cut off in the middle of the work. */
const CUT = 150;

let clock: ReturnType<typeof createTestClock>;
let store: ReportStore;
let derived: DerivedStore;
let random: () => number;
let reports: Report[];

beforeEach(async () => {
  clock = createTestClock();
  random = seededRandom(11);
  store = createMemoryStore({ clock });
  derived = createMemoryDerivedStore({ clock });
  reports = [];
  await put(makeCity(300, clock.now()), makeCity(100, clock.now(), 2, [8.54, 47.37]));
});

async function put(...more: Report[][]): Promise<void> {
  reports.push(...more.flat());
  await store.putMany(more.flat());
}

const compactor = (on: { store?: ReportStore; derived?: DerivedStore } = {}) =>
  createCompactor({ store, derived, clock, log: silentLog, ...on });

async function cutOffAfter(calls: number): Promise<void> {
  const allowance = allow(calls, random() < 0.5);
  const cut = compactor({ store: cutOff(store, allowance), derived: cutOff(derived, allowance) });
  await expect(cut.run()).rejects.toThrow("cut off");
  await new Promise((resolve) => setImmediate(resolve));
}

/** Cuts runs off until one comes to its end; what a process that starts in between sees is checked. */
async function cutOffUntilDone(calls: number, shown: readonly Report[]): Promise<number> {
  for (let runs = 1; ; runs++) {
    const allowance = allow(calls, random() < 0.5);
    const cut = compactor({ store: cutOff(store, allowance), derived: cutOff(derived, allowance) });
    const report = await cut.run().catch((): CompactionReport | undefined => undefined);
    await new Promise((resolve) => setImmediate(resolve));
    if (runs % 5 === 1) expect(await countsOfNewProcess(), `after run ${runs}`).toBe(shown.length);
    if (report?.done) return runs;
    expect(runs).toBeLessThan(2000);
  }
}

/** Reports that the tiles of a process that starts now are made of, as its widest cell aggregates say; another number if levels differ. */
const countsOfNewProcess = () => countOf(createPyramid({ store, derived, clock, log: silentLog }));

async function countOf(pyramid: Pyramid): Promise<number> {
  const sums: number[] = [];
  for (const geohashes of [[""], ["9", "u"], ["9v", "u0"]]) {
    const cells = await Promise.all(geohashes.map((geohash) => pyramid.cells("safety", geohash)));
    sums.push(cells.reduce((sum, { bandCount }) => sum + bandCount.reduce((a, b) => a + b, 0), 0));
  }
  return new Set(sums).size === 1 ? (sums[0] as number) : Number.NaN;
}

/** What a rebuild makes in an empty store. */
async function rebuilt(): Promise<Map<string, string>> {
  const anew = createMemoryDerivedStore({ clock });
  await compactor({ derived: anew }).rebuild();
  return cellAggregatesOf(anew);
}

const stateOf = () => createCompactionState(derived, silentLog, clock).read();
const itemsOf = async (prefix: string) =>
  (await derived.list("compaction")).filter(({ name }) => name.startsWith(prefix));

describe("a plan that was not done", () => {
  it("is gone on with by the next run, while the state and what readers see stay as they were", async () => {
    await compactor().run();
    const before = await itemsOf("cursor");
    clock.nowMs += MINUTE;
    await put(makeCity(300, clock.now(), 3));
    await cutOffAfter(CUT);
    const [plan] = await itemsOf("plan");
    expect(await itemsOf("cursor")).toEqual(before);
    expect(await countsOfNewProcess()).toBe(700);
    await cutOffAfter(CUT);
    expect(await itemsOf("plan")).toEqual([plan]);
    expect((await compactor().run()).done).toBe(true);
    expect((await stateOf())?.atMs).toBe(clock.now());
    expect(contentsOf(await cellAggregatesOf(derived))).toEqual(contentsOf(await rebuilt()));
  });

  it("takes in nothing that came later, which the same run then plans for", async () => {
    await cutOffAfter(CUT);
    clock.nowMs += 5 * MINUTE;
    await put(makeCity(300, clock.now() - MINUTE, 3), makeCity(50, clock.now(), 4, [8.54, 47.37]));
    await hideReport(store, reports[0] as Report);
    expect(await countsOfNewProcess()).toBe(749);
    expect((await compactor().run()).done).toBe(true);
    expect(await countsOfNewProcess()).toBe(749);
    expect(contentsOf(await cellAggregatesOf(derived))).toEqual(contentsOf(await rebuilt()));
  });

  it("is done by two compactors at once, of which one leaves it to the other", async () => {
    await cutOffAfter(CUT);
    const running = await Promise.all([compactor().run(), compactor().run()]);
    expect(running.map(({ done }) => done).sort()).toEqual([false, true]);
    expect(await cellAggregatesOf(derived)).toEqual(await rebuilt());
  });

  it("gives way to a rebuild, at whatever call either is cut off", async () => {
    await cutOffAfter(CUT);
    clock.nowMs += MINUTE;
    await put(makeCity(60, clock.now(), 3));
    const allowance = allow(CUT);
    const cut = compactor({ store: cutOff(store, allowance), derived: cutOff(derived, allowance) });
    await expect(cut.rebuild()).rejects.toThrow("cut off");
    expect((await compactor().run()).done).toBe(true);
    expect(contentsOf(await cellAggregatesOf(derived))).toEqual(contentsOf(await rebuilt()));
  });

  it.each(["plan", "step.1", "cursor"])("is nothing to crash of when its item %s is damaged", async (name) => {
    await compactor().run();
    clock.nowMs += MINUTE;
    await put(makeCity(300, clock.now(), 3));
    await cutOffAfter(CUT);
    const item = await derived.get("compaction", name);
    const body = item?.body.map((byte, i) => (i === 20 ? byte ^ 1 : byte)) as Uint8Array;
    expect(await derived.put("compaction", name, body, { expected: item?.version })).toBe(true);
    expect(await countsOfNewProcess()).toBe(700);
    expect((await compactor().run()).done).toBe(true);
    expect(await countsOfNewProcess()).toBe(700);
    expect(contentsOf(await cellAggregatesOf(derived))).toEqual(contentsOf(await rebuilt()));
  });

  it("is dropped when cell aggregates are of a later time, of a plan that was lost, so that nothing stands still", async () => {
    await cutOffAfter(CUT);
    const [plan] = await itemsOf("plan");
    clock.nowMs += MINUTE;
    await put(makeCity(300, clock.now(), 3));
    await compactor().run();
    const left = await derived.list("compaction");
    await derived.remove("compaction", left);
    await derived.put("compaction", "plan", plan?.body as Uint8Array, { expected: undefined });
    clock.nowMs += MINUTE;
    expect((await compactor().run()).done).toBe(false);
    expect((await compactor().run()).done).toBe(true);
    expect(await countsOfNewProcess()).toBe(700);
    expect(contentsOf(await cellAggregatesOf(derived))).toEqual(contentsOf(await rebuilt()));
  });
});

describe("a clock that was ahead", () => {
  it.each(["cut off", "done"])("delays nobody, when what it planned was %s", async (end) => {
    clock.nowMs += 5 * HOUR;
    if (end === "done") await compactor().run();
    else await cutOffAfter(CUT);
    clock.nowMs -= 5 * HOUR;
    await put(makeCity(50, clock.now(), 3));
    const reader = createPyramid({ store, derived, clock, log: silentLog });
    for (const waitMs of [0, MINUTE, MINUTE]) {
      clock.nowMs += waitMs;
      await store.put(makeReport({ lonDeg: -95.37, latDeg: 29.76, createdAtMs: clock.now() }, random));
      await reader.poll();
    }
    expect(await countOf(reader)).toBe(453);
    expect((await compactor().run()).done).toBe(true);
    expect((await stateOf())?.beforeMs).toBe(clock.now() - 15_000);
    expect(await countsOfNewProcess()).toBe(453);
    expect(contentsOf(await cellAggregatesOf(derived))).toEqual(contentsOf(await rebuilt()));
  });
});

describe("runs that are cut off", () => {
  it("take hidden reports out of every cell aggregate above, wherever the cut is", async () => {
    await compactor().run();
    clock.nowMs += MINUTE;
    const hidden = reports.filter((_, i) => i % 9 === 0);
    for (const report of hidden) await hideReport(store, report);
    const shown = reports.filter((report) => !hidden.includes(report));
    expect(await cutOffUntilDone(20, shown)).toBeGreaterThan(10);
    expect(await countsOfNewProcess()).toBe(shown.length);
    expect(contentsOf(await cellAggregatesOf(derived))).toEqual(contentsOf(await rebuilt()));
  });

  it("bring every cell aggregate up to date whose reports have aged, though the search for them alone is longer than a run", async () => {
    await compactor().run();
    const before = await cellAggregatesOf(derived);
    clock.nowMs += 20 * HOUR;
    expect(await cutOffUntilDone(16, reports)).toBeGreaterThan(15);
    const after = await cellAggregatesOf(derived);
    expect(contentsOf(after)).toEqual(contentsOf(before));
    const ages = [...after].map(([key, body]) => decodeMicroCells(Buffer.from(body, "base64"), key).staleAtMs);
    expect(Math.min(...ages)).toBeGreaterThan(clock.now() - 20 * MINUTE);
    // Nothing is left to do.
    expect((await compactor().run()).cellAggregates).toBe(0);
  });

  it("repair cell aggregates that are damaged below others that are not", async () => {
    await compactor().run();
    for (const [group, name] of [
      ["slices/safety/9vk", "9vk0"],
      ["slices/safety/9v", "9vk"],
    ] as const) {
      const item = await derived.get(group, name);
      await derived.put(group, name, Uint8Array.of(1, 2, 3), { expected: item?.version });
    }
    clock.nowMs += MINUTE;
    await put([makeReport({ lonDeg: -95.37, latDeg: 29.76, createdAtMs: clock.now() - HOUR }, random)]);
    expect(await cutOffUntilDone(40, reports)).toBeGreaterThan(0);
    expect(contentsOf(await cellAggregatesOf(derived))).toEqual(contentsOf(await rebuilt()));
  });
});

describe("a run that is told when to stop", () => {
  const runs = async (options: RunOptions): Promise<CompactionReport[]> => {
    const reported: CompactionReport[] = [];
    while (!reported.at(-1)?.done) reported.push(await compactor().run(options));
    return reported;
  };

  it("makes not many more calls than it may, and says that it is not done", async () => {
    const most = 60;
    const made: number[] = [];
    for (let done = false; !done; ) {
      const allowance = allow(Infinity);
      const counted = compactor({ store: cutOff(store, allowance), derived: cutOff(derived, allowance) });
      ({ done } = await counted.run({ maxCalls: most }));
      made.push(allowance.made);
    }
    expect(made.length).toBeGreaterThan(8);
    expect(Math.max(...made)).toBeLessThan(1.5 * most);
    expect(await cellAggregatesOf(derived)).toEqual(await rebuilt());
  });

  it("comes forward with any bound, and tells how far", async () => {
    const told: [number, number][] = [];
    const reported = await runs({ maxCalls: 1, onProgress: (cells, of) => told.push([cells, of]) });
    const cellAggregates = (await cellAggregatesOf(derived)).size;
    expect(reported.reduce((sum, report) => sum + report.cellAggregates, 0)).toBe(cellAggregates);
    expect(reported.length).toBeLessThanOrEqual(cellAggregates + 1);
    const [cells, of] = told.at(-1) ?? [];
    expect(cells).toBe(of);
    expect(reported.reduce((sum, report) => sum + report.cells, 0)).toBe(of);
  });

  it("ends soon after it is aborted, and lets others have their turn before each cell aggregate", async () => {
    const stop = new AbortController();
    let turns = 0;
    const yieldTurn = async (): Promise<void> => {
      if (++turns === 20) stop.abort();
    };
    const { done, cellAggregates } = await compactor().run({ signal: stop.signal, yieldTurn });
    expect([done, turns]).toEqual([false, cellAggregates]);
    expect(turns).toBeLessThan(40);
    expect((await compactor().run({ signal: AbortSignal.abort() })).cellAggregates).toBe(0);
    await compactor().run();
    expect(await cellAggregatesOf(derived)).toEqual(await rebuilt());
  });
});
