import { beforeEach, describe, expect, it } from "vitest";
import { silentLog } from "../../../server/console/log.ts";
import type { DerivedStore } from "../../../server/ports/derived-store.ts";
import type { ReportStore } from "../../../server/ports/report-store.ts";
import { createCompactor } from "../../../server/pyramid/compactor.ts";
import { createPyramid } from "../../../server/pyramid/pyramid.ts";
import { createTileSource } from "../../../server/serving/tile-source.ts";
import { createMemoryDerivedStore } from "../../../server/store/memory/derived-memory.ts";
import { createMemoryStore } from "../../../server/store/memory/memory.ts";
import { decodeMicroCells, encodeMicroCells } from "../../../tiles/codec/micro-cell-codec.ts";
import { REPORT_LAYERS } from "../../../tiles/layers.ts";
import type { Report } from "../../../tiles/report.ts";
import { createTestClock, type TestClock } from "../../kit/clock.ts";
import { seededRandom } from "../../kit/random.ts";
import { makeReport } from "../../kit/sample-reports.ts";
import { countOf, featuresOfZoom, tilesAround } from "../../kit/tile-features.ts";
import { correctedReport, editReport, hideReport } from "./edit-report.ts";

const NOW = Date.UTC(2026, 5, 1, 12, 3);
const HOUR = 3_600_000;
const ZOOMS = [0, 6, 11, 13, 14, 17];

const random = seededRandom(21);
let clock: TestClock;
let store: ReportStore;
let derived: DerivedStore;

beforeEach(() => {
  clock = createTestClock(NOW);
  store = createMemoryStore({ clock });
  derived = createMemoryDerivedStore({ clock });
});

/** Reports of one cell of the log, a few metres apart. */
const cellOf = (count: number, lonDeg: number): Report[] =>
  Array.from({ length: count }, () =>
    makeReport(
      { lonDeg: lonDeg + random() * 0.01, latDeg: 29.76, createdAtMs: Math.floor(NOW - random() * HOUR) },
      random,
    ),
  );

const compactor = (on = derived) => createCompactor({ store, derived: on, clock, log: silentLog });

function openProcess(on = derived) {
  const told: string[] = [];
  const onChange = (_: string, geohash: string) => told.push(geohash);
  const pyramid = createPyramid({ store, derived: on, clock, log: silentLog, onChange });
  return { pyramid, tiles: createTileSource({ pyramid }), told };
}

async function counts({ tiles }: ReturnType<typeof openProcess>, reports: readonly Report[]): Promise<number[]> {
  const found: number[] = [];
  for (const z of ZOOMS) found.push(countOf(await featuresOfZoom(tiles, tilesAround(reports, z), "safety")));
  return found;
}

const everywhere = (count: number): number[] => ZOOMS.map(() => count);

/** Cell aggregates by group and name. */
async function cellAggregates(of: DerivedStore): Promise<Map<string, string>> {
  const items = new Map<string, string>();
  for (const layer of REPORT_LAYERS) {
    let clusterCells = [""];
    for (let length = 1; length <= 5; length++) {
      const below: string[] = [];
      for (const clusterCell of clusterCells) {
        for (const { name, body } of await of.list(`slices/${layer}/${clusterCell}`)) {
          // But for the time that they were made for.
          const bytes = encodeMicroCells(decodeMicroCells(body, name), 0);
          items.set(`${layer} ${name}`, Buffer.from(bytes).toString("base64"));
          below.push(name);
        }
      }
      clusterCells = below;
    }
  }
  return items;
}

describe("a hidden report", () => {
  it("leaves the tiles of this process at once and of others when they poll, at every zoom, and is told of once", async () => {
    const reports = cellOf(20, -95.37);
    const [victim, other] = reports as [Report, Report];
    await store.putMany(reports);
    await compactor().run();
    clock.nowMs += 60_000;
    const [here, there] = [openProcess(), openProcess()];
    for (const process of [here, there]) {
      expect(await counts(process, reports)).toEqual(everywhere(20));
      // Of what the compaction had left.
      process.told.length = 0;
    }
    clock.nowMs += 60_000;
    await hideReport(store, victim, here.pyramid);
    expect(await counts(here, reports)).toEqual(everywhere(19));
    await there.pyramid.poll();
    expect(await counts(there, reports)).toEqual(everywhere(19));
    await here.pyramid.poll();
    await there.pyramid.poll();
    expect([here.told.length, there.told.length]).toEqual([1, 1]);
    expect(await counts(openProcess(), reports)).toEqual(everywhere(19));
    // A report of the same cell that comes later must not bring it back.
    await store.put(makeReport({ ...other, createdAtMs: clock.nowMs }, random));
    await there.pyramid.poll();
    expect(await counts(there, reports)).toEqual(everywhere(20));
  });

  it("stays away when a read that began before it was hidden ends after", async () => {
    const reports = cellOf(9, -95.37);
    await store.putMany(reports);
    const gate = Promise.withResolvers<void>();
    let isSlow = true;
    const slow: ReportStore = {
      ...store,
      async readCell(...args) {
        const rows = await store.readCell(...args);
        if (isSlow) await gate.promise;
        return rows;
      },
    };
    const pyramid = createPyramid({ store: slow, derived, clock, log: silentLog });
    const process = { pyramid, tiles: createTileSource({ pyramid }), told: [] };
    await pyramid.poll().catch(() => undefined);
    const reading = counts(process, reports);
    await new Promise((resolve) => setTimeout(resolve, 5));
    await hideReport(store, reports[0] as Report, pyramid);
    isSlow = false;
    gate.resolve();
    await reading;
    expect(await counts(process, reports)).toEqual(everywhere(8));
  });

  it("leaves log segments and cell aggregates with the next compaction, which then are as made anew from the log", async () => {
    const [busy, few, lone] = [cellOf(140, -95.37), cellOf(9, -95.1), cellOf(1, -80)];
    const all = [...busy, ...few, ...lone];
    await store.putMany(all);
    await compactor().run();
    clock.nowMs += 60_000;
    for (const [report] of [busy, few, lone]) await hideReport(store, report as Report);
    await compactor().run();
    clock.nowMs += 60_000;
    const stored = await cellAggregates(derived);
    const anew = createMemoryDerivedStore({ clock });
    await compactor(anew).rebuild();
    expect(await cellAggregates(anew)).toEqual(stored);
    await compactor().rebuild();
    expect(await cellAggregates(derived)).toEqual(stored);
    expect(await counts(openProcess(), all)).toEqual(everywhere(147));
    // A process that knows of no change believes the stored items alone.
    const blind = { ...store, readChanges: async () => ({ changes: [], cursor: "0" }) };
    const pyramid = createPyramid({ store: blind, derived, clock, log: silentLog });
    expect(await counts({ pyramid, tiles: createTileSource({ pyramid }), told: [] }, all)).toEqual(everywhere(147));
  });
});

it("costs a compaction nothing more once it would have expired", async () => {
  const reports = cellOf(20, -95.37);
  await store.putMany(reports);
  await hideReport(store, reports[0] as Report);
  await compactor().run();
  clock.nowMs += 100 * 24 * HOUR;
  const young = makeReport({ lonDeg: -95.37, latDeg: 29.76, createdAtMs: clock.nowMs - HOUR }, random);
  await store.put(young);
  for (let i = 0; i < 2; i++) await compactor().run();
  const { store: watched, reached } = interrupted(derived, 1, async () => {});
  await compactor(watched).run();
  // It notes how far it came.
  expect(reached()).toBe(false);
  expect(await counts(openProcess(), [...reports, young])).toEqual(everywhere(1));
});

/** Reports that are compacted, and others that are not yet: in the same cell, in one of their own, and all alone. */
async function halfCompacted(): Promise<{ all: Report[]; victims: Report[] }> {
  const busy = cellOf(140, -95.37);
  await store.putMany(busy);
  await compactor().run();
  clock.nowMs += 60_000;
  const [more, young, lone] = [cellOf(20, -95.37), cellOf(12, -95.1), cellOf(1, -80)];
  await store.putMany([...more, ...young, ...lone]);
  return {
    all: [...busy, ...more, ...young, ...lone],
    victims: [busy, more, young, lone].map((reports) => reports[0] as Report),
  };
}

/** A derived store that does something before its write number `step`; whether it came to that. */
function interrupted(on: DerivedStore, step: number, act: () => Promise<void>) {
  let writes = 0;
  const before =
    <A extends unknown[], R>(write: (...args: A) => Promise<R>) =>
    async (...args: A): Promise<R> => {
      if (writes++ === step) await act();
      return write(...args);
    };
  return { store: { ...on, put: before(on.put), remove: before(on.remove) }, reached: () => writes > step };
}

/** A derived store whose answers come late, at random. */
function slowed(on: DerivedStore): DerivedStore {
  const late =
    <A extends unknown[], R>(call: (...args: A) => Promise<R>) =>
    async (...args: A): Promise<R> => {
      for (let turns = Math.floor(random() * 5); turns > 0; turns--)
        await new Promise((resolve) => setImmediate(resolve));
      return call(...args);
    };
  return { list: late(on.list), get: late(on.get), put: late(on.put), remove: late(on.remove) };
}

describe("a compaction at the same time", () => {
  it("comes to what a rebuild makes while reports come and are edited, and others compact, or die", async () => {
    for (let round = 0; round < 12; round++) {
      clock = createTestClock(NOW);
      store = createMemoryStore({ clock });
      derived = createMemoryDerivedStore({ clock });
      const shown: Report[] = [];
      const all: Report[] = [];
      const running: Promise<unknown>[] = [];
      for (let step = 0; step < 12; step++) {
        const dice = random();
        if (dice < 0.4) {
          const fresh = cellOf(
            1 + Math.floor(random() * 40),
            random() < 0.5 ? -95.37 : -80 + Math.floor(random() * 3) * 0.2,
          );
          await store.putMany(fresh);
          shown.push(...fresh);
          all.push(...fresh);
        } else if (dice < 0.7 && shown.length > 0) {
          const [victim] = shown.splice(Math.floor(random() * shown.length), 1) as [Report];
          const kind = (["hide", "remove", "replace", "restore"] as const)[Math.floor(random() * 4)] ?? "hide";
          const edit = kind === "replace" ? { kind, report: correctedReport(victim, random) } : { kind };
          const now = await editReport(store, victim, edit);
          if (now !== undefined) shown.push(now);
          else if (kind === "hide" && random() < 0.3) {
            await editReport(store, victim, { kind: "restore" });
            shown.push(victim);
          }
        } else {
          const on = interrupted(slowed(derived), Math.floor(random() * 40), () =>
            random() < 0.5 ? Promise.reject(new Error("died")) : Promise.resolve(),
          );
          running.push(
            compactor(on.store)
              .run()
              .catch(() => undefined),
          );
          for (let turns = Math.floor(random() * 30); turns > 0; turns--)
            await new Promise((resolve) => setImmediate(resolve));
        }
      }
      await Promise.all(running);
      expect(await counts(openProcess(), all), `round ${round}`).toEqual(everywhere(shown.length));
      await compactor().run();
      expect(await counts(openProcess(), all), `round ${round}, compacted`).toEqual(everywhere(shown.length));
      const anew = createMemoryDerivedStore({ clock });
      await compactor(anew).rebuild();
      expect(await cellAggregates(derived), `round ${round}`).toEqual(await cellAggregates(anew));
    }
  });

  it.each(["goes on", "dies"])(
    "does not bring a hidden report back, wherever another one overtakes it and it %s",
    async (end) => {
      let interruptions = 0;
      for (let step = 0; ; step++) {
        clock = createTestClock(NOW);
        store = createMemoryStore({ clock });
        derived = createMemoryDerivedStore({ clock });
        const { all, victims } = await halfCompacted();
        const { store: watched, reached } = interrupted(derived, step, async () => {
          for (const victim of victims) await hideReport(store, victim);
          clock.nowMs += 60_000;
          await compactor().run();
          if (end === "dies") throw new Error("died");
        });
        const running = compactor(watched).run();
        await (end === "dies" ? running.catch(() => undefined) : running);
        if (!reached()) break;
        interruptions++;
        expect(await counts(openProcess(), all), `write ${step}`).toEqual(everywhere(all.length - 4));
        clock.nowMs += 60_000;
        await compactor().run();
        expect(await counts(openProcess(), all), `write ${step}, compacted again`).toEqual(everywhere(all.length - 4));
      }
      expect(interruptions).toBeGreaterThan(15);
    },
  );

  it("leaves it hidden when the compaction that takes it out dies at any write", async () => {
    let deaths = 0;
    for (let step = 0; ; step++) {
      clock = createTestClock(NOW);
      store = createMemoryStore({ clock });
      derived = createMemoryDerivedStore({ clock });
      const { all, victims } = await halfCompacted();
      for (const victim of victims) await hideReport(store, victim);
      const { store: mortal, reached } = interrupted(derived, step, () => Promise.reject(new Error("died")));
      await compactor(mortal)
        .run()
        .catch(() => undefined);
      if (!reached()) break;
      deaths++;
      expect(await counts(openProcess(), all), `died at ${step}`).toEqual(everywhere(all.length - 4));
      await compactor().run();
      expect(await counts(openProcess(), all), `died at ${step}, run again`).toEqual(everywhere(all.length - 4));
    }
    expect(deaths).toBeGreaterThan(15);
  });
});
