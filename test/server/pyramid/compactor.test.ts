import { beforeEach, describe, expect, it } from "vitest";
import { silentLog } from "../../../server/console/log.ts";
import type { DerivedStore } from "../../../server/ports/derived-store.ts";
import type { ReportStore } from "../../../server/ports/report-store.ts";
import { createCompactor } from "../../../server/pyramid/compactor.ts";
import { createPyramid, type Pyramid } from "../../../server/pyramid/pyramid.ts";
import { createTileSource, type TileSource } from "../../../server/serving/tile-source.ts";
import { createMemoryDerivedStore } from "../../../server/store/memory/derived-memory.ts";
import { createMemoryStore } from "../../../server/store/memory/memory.ts";
import { REPORT_LAYERS } from "../../../tiles/layers.ts";
import type { Report } from "../../../tiles/report.ts";
import { createTestClock, type TestClock } from "../../kit/clock.ts";
import { cellsOf } from "../../kit/make-report.ts";
import { seededRandom } from "../../kit/random.ts";
import { makeCity, makeReport } from "../../kit/sample-reports.ts";
import { countOf, featuresOfZoom, tilesAround } from "../../kit/tile-features.ts";

const NOW = Date.UTC(2026, 5, 1, 12, 3);
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const ZOOMS = [0, 4, 6, 9, 10, 11, 13, 14, 16, 18];

const random = seededRandom(77);
const at = (lonDeg: number, latDeg: number, ageMs = HOUR): Report =>
  makeReport({ lonDeg, latDeg, createdAtMs: Math.floor(clock.nowMs - ageMs) }, random);

let clock: TestClock;
let store: ReportStore;
let derived: DerivedStore;

beforeEach(() => {
  clock = createTestClock(NOW);
  store = createMemoryStore({ clock });
  derived = createMemoryDerivedStore({ clock });
});

const compactor = (on: { store?: ReportStore; derived?: DerivedStore } = {}) =>
  createCompactor({ store, derived, clock, log: silentLog, ...on });

/** What a process that starts now sees. */
function freshProcess(on: { store?: ReportStore; derived?: DerivedStore } = {}): {
  pyramid: Pyramid;
  tiles: TileSource;
} {
  const pyramid = createPyramid({ store, derived, clock, log: silentLog, ...on });
  return { pyramid, tiles: createTileSource({ pyramid }) };
}

async function tilesOf(
  tiles: TileSource,
  reports: readonly Report[],
  zooms = ZOOMS,
): Promise<Map<string, string | undefined>> {
  const tags = new Map<string, string | undefined>();
  for (const z of zooms) {
    for (const tile of tilesAround(reports, z)) {
      const encoded = await tiles.read({ layers: ["safety"], tile, window: "90d" });
      tags.set(`${z}/${tile.x}/${tile.y}`, encoded?.etag);
    }
  }
  return tags;
}

async function counts(tiles: TileSource, reports: readonly Report[], window: "24h" | "90d" = "90d"): Promise<number[]> {
  const found: number[] = [];
  for (const z of ZOOMS) found.push(countOf(await featuresOfZoom(tiles, tilesAround(reports, z), "safety", window)));
  return found;
}

/** A store that counts how often rows are read. */
function counting(inner: ReportStore): ReportStore & { reads: number } {
  const counted = {
    ...inner,
    reads: 0,
    readCell(...args: Parameters<ReportStore["readCell"]>) {
      counted.reads++;
      return inner.readCell(...args);
    },
  };
  return counted;
}

/** Every item, by group and name; versions left out. */
async function dump(of: DerivedStore): Promise<Map<string, string>> {
  const items = new Map<string, string>();
  const visit = async (group: string): Promise<string[]> => {
    const found = await of.list(group);
    for (const { name, body } of found) items.set(`${group} ${name}`, Buffer.from(body).toString("base64"));
    return found.map(({ name }) => name);
  };
  for (const layer of REPORT_LAYERS) {
    let clusterCells = [""];
    for (let length = 1; length <= 5; length++) {
      const below: string[] = [];
      for (const clusterCell of clusterCells) below.push(...(await visit(`slices/${layer}/${clusterCell}`)));
      clusterCells = below;
    }
  }
  for await (const { layer, geohash5 } of store.cells()) await visit(`segments/${layer}/${geohash5}`);
  return items;
}

describe("compaction", () => {
  it("gives a new process the same tiles without a row read below z14", async () => {
    const reports = makeCity(3000, NOW);
    await store.putMany(reports);
    const before = await tilesOf(freshProcess().tiles, reports);
    await compactor().run();
    clock.nowMs += 30_000;
    const counted = counting(store);
    const after = freshProcess({ store: counted });
    await after.pyramid.poll();
    expect(
      await tilesOf(
        after.tiles,
        reports,
        ZOOMS.filter((z) => z < 14),
      ),
    ).toEqual(new Map([...before].filter(([key]) => Number(key.split("/")[0]) < 14)));
    expect(await tilesOf(after.tiles, reports)).toEqual(before);
  });

  it("lets tiles below z14 be read from cell aggregates alone, once a later change was told", async () => {
    const reports = makeCity(2000, NOW);
    await store.putMany(reports);
    await compactor().run();
    await compactor().run();
    const counted = counting(store);
    const { tiles } = freshProcess({ store: counted });
    expect(await counts(tiles, reports)).toEqual(ZOOMS.map(() => 2000));
    const all = counted.reads;
    const again = freshProcess({ store: counted });
    for (const z of ZOOMS.filter((zoom) => zoom < 14))
      await featuresOfZoom(again.tiles, tilesAround(reports, z), "safety");
    expect(counted.reads).toBe(all);
  });

  it("writes nothing when it runs again", async () => {
    await store.putMany(makeCity(1000, NOW));
    await compactor().run();
    const written: string[] = [];
    const watched: DerivedStore = {
      ...derived,
      put(group, name, ...args) {
        written.push(`${group} ${name}`);
        return derived.put(group, name, ...args);
      },
    };
    await compactor({ derived: watched }).run();
    // It notes how far it came.
    expect(written).toEqual(["compaction cursor"]);
    await compactor({ derived: watched }).rebuild();
    expect(written.filter((item) => !item.startsWith("compaction "))).toEqual([]);
  });

  it("makes the same items from the log as compacting step by step did", async () => {
    const reports = makeCity(1500, NOW);
    for (let i = 0; i < reports.length; i += 300) {
      await store.putMany(reports.slice(i, i + 300));
      await compactor().run();
    }
    const stepwise = await dump(derived);
    const anew = createMemoryDerivedStore({ clock });
    await compactor({ derived: anew }).rebuild();
    const cellAggregatesOnly = (items: Map<string, string>) => [...items].filter(([key]) => key.startsWith("slices"));
    expect(cellAggregatesOnly(await dump(anew))).toEqual(cellAggregatesOnly(stepwise));
  });

  it("shows what came after it, old reports of an import too, to a new process and to a running one", async () => {
    const reports = makeCity(1000, NOW);
    await store.putMany(reports);
    const running = freshProcess();
    await counts(running.tiles, reports);
    await compactor().run();
    clock.nowMs += MINUTE;
    const more = [at(-95.37, 29.76, 0), at(-95.37, 29.76, 80 * DAY), at(10.1, 53.5, 40 * DAY)];
    await store.putMany(more);
    await running.pyramid.poll();
    const all = [...reports, ...more];
    expect(await counts(running.tiles, all)).toEqual(ZOOMS.map(() => 1003));
    expect(await counts(freshProcess().tiles, all)).toEqual(ZOOMS.map(() => 1003));
    await compactor().run();
    clock.nowMs += MINUTE;
    await running.pyramid.poll();
    expect(await counts(running.tiles, all)).toEqual(ZOOMS.map(() => 1003));
    expect(await counts(freshProcess().tiles, all)).toEqual(ZOOMS.map(() => 1003));
  });

  it("gathers many small runs of a busy cell into few items", async () => {
    const reports: Report[] = [];
    for (let round = 0; round < 12; round++) {
      clock.nowMs += MINUTE;
      const fresh = Array.from({ length: 150 }, () => at(-95.37 + random() * 0.01, 29.76, 0));
      reports.push(...fresh);
      await store.putMany(fresh);
      await compactor().run();
    }
    const cells = (await cellsOf(store)).map(({ geohash5 }) => geohash5);
    for (const cell of cells) expect((await derived.list(`segments/safety/${cell}`)).length).toBeLessThanOrEqual(10);
    expect(await counts(freshProcess().tiles, reports)).toEqual(ZOOMS.map(() => reports.length));
  });
});

describe("time", () => {
  it("moves reports out of windows and out of the tiles, with a compactor running and without", {
    tags: "slow",
  }, async () => {
    const reports = makeCity(800, NOW).concat(Array.from({ length: 50 }, () => at(-95.37, 29.76, 20 * HOUR)));
    await store.putMany(reports);
    await compactor().run();
    for (const [hours, compacting] of [
      [1, false],
      [5, false],
      [6, true],
      [30, true],
      [31, false],
      [24 * 60, true],
      [24 * 91, false],
    ] as const) {
      clock.nowMs = NOW + hours * HOUR;
      if (compacting) await compactor().run();
      for (const [window, length] of [
        ["24h", DAY],
        ["90d", 90 * DAY],
      ] as const) {
        const within = (ms: number): number =>
          reports.filter(({ createdAtMs }) => clock.nowMs - createdAtMs <= ms).length;
        const found = await counts(freshProcess().tiles, reports, window);
        ZOOMS.forEach((z, i) => {
          const label = `z${z} ${window} after ${hours} h`;
          if (z >= 14) expect(found[i], label).toBe(within(length));
          expect(found[i], label).toBeGreaterThanOrEqual(within(length - HOUR));
          expect(found[i], label).toBeLessThanOrEqual(within(length + HOUR));
        });
      }
    }
  });
});

describe("a compaction that goes wrong", () => {
  it("leaves everything right when it dies at any write, and the next one completes it", async () => {
    const first = makeCity(400, NOW);
    const second = makeCity(400, NOW, 2);
    const all = [...first, ...second];
    await store.putMany(first);
    await compactor().run();
    clock.nowMs += MINUTE;
    await store.putMany(second);
    const start = await dump(derived);
    expect(start.size).toBeGreaterThan(50);
    const reference = await tilesOf(freshProcess().tiles, all);
    let died = 0;
    for (let step = 0; ; step = Math.ceil(step * 1.5) + 1) {
      const copy = await copyOf(derived);
      if (!(await diesAt(copy, step))) break;
      died++;
      expect(
        await tilesOf(freshProcess({ derived: copy }).tiles, all, [0, 6, 9, 11, 13, 14, 16]),
        `died at write ${step}`,
      ).toEqual(
        new Map([...reference].filter(([key]) => [0, 6, 9, 11, 13, 14, 16].includes(Number(key.split("/")[0])))),
      );
      await compactor({ derived: copy }).run();
      expect(await tilesOf(freshProcess({ derived: copy }).tiles, all, [0, 9, 13, 16])).toEqual(
        new Map([...reference].filter(([key]) => [0, 9, 13, 16].includes(Number(key.split("/")[0])))),
      );
    }
    expect(died).toBeGreaterThan(6);
  });

  it("comes to the same end when two run at once, with reports coming in", async () => {
    const reports = makeCity(1200, NOW);
    await store.putMany(reports.slice(0, 600));
    const slow = slowed(derived);
    for (let i = 600; i < 1200; i += 200) {
      const running = [compactor({ derived: slow }).run(), compactor({ derived: slow }).run()];
      await store.putMany(reports.slice(i, i + 200));
      await Promise.allSettled(running);
    }
    await compactor().run();
    expect(await counts(freshProcess().tiles, reports)).toEqual(ZOOMS.map(() => 1200));
    const anew = createMemoryDerivedStore({ clock });
    await compactor({ derived: anew }).rebuild();
    const cellAggregatesOnly = (items: Map<string, string>) => [...items].filter(([key]) => key.startsWith("slices"));
    expect(cellAggregatesOnly(await dump(derived))).toEqual(cellAggregatesOnly(await dump(anew)));
  });

  it("is made good by readers and by the next run when items are damaged or foreign", async () => {
    const reports = makeCity(2000, NOW);
    await store.putMany(reports);
    await compactor().run();
    const whole = await dump(derived);
    let damaged = 0;
    for (const key of whole.keys()) {
      if (random() > 0.2) continue;
      const [group = "", name = ""] = key.split(" ");
      const item = await derived.get(group, name);
      const body = random() < 0.5 ? (item?.body.subarray(0, 9) ?? new Uint8Array()) : new Uint8Array([1, 2, 3]);
      await derived.put(group, name, body, { expected: item?.version });
      damaged++;
    }
    expect(damaged).toBeGreaterThan(10);
    expect(await counts(freshProcess().tiles, reports)).toEqual(ZOOMS.map(() => 2000));
    await compactor().run();
    await compactor().rebuild();
    expect([...(await dump(derived))].filter(([key]) => key.startsWith("slices"))).toEqual(
      [...whole].filter(([key]) => key.startsWith("slices")),
    );
  });
});

async function copyOf(source: DerivedStore): Promise<DerivedStore> {
  const copy = createMemoryDerivedStore({ clock });
  for (const [key, body] of await dump(source)) {
    const [group = "", name = ""] = key.split(" ");
    await copy.put(group, name, Buffer.from(body, "base64"), { expected: undefined });
  }
  for (const { name, body } of await source.list("compaction")) {
    await copy.put("compaction", name, body, { expected: undefined });
  }
  return copy;
}

/** Runs a compaction whose process "dies" at a write: that write and all later ones do not happen. */
async function diesAt(on: DerivedStore, step: number): Promise<boolean> {
  let writes = 0;
  const mortal =
    <A extends unknown[], R>(write: (...args: A) => Promise<R>) =>
    (...args: A): Promise<R> =>
      writes++ >= step ? Promise.reject(new Error("died")) : write(...args);
  return compactor({ derived: { ...on, put: mortal(on.put), remove: mortal(on.remove) } })
    .run()
    .then(
      () => false,
      () => true,
    );
}

/** Lets other work go on before each request, in an order that differs from request to request. */
function slowed(on: DerivedStore): DerivedStore {
  const late =
    <A extends unknown[], R>(call: (...args: A) => Promise<R>) =>
    async (...args: A): Promise<R> => {
      for (let turns = Math.floor(random() * 4); turns > 0; turns--)
        await new Promise((resolve) => setImmediate(resolve));
      return call(...args);
    };
  return { list: late(on.list), get: late(on.get), put: late(on.put), remove: late(on.remove) };
}
