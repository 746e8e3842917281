import { describe, expect, it } from "vitest";
import { silentLog } from "../../../server/console/log.ts";
import { createCompactor } from "../../../server/pyramid/compactor.ts";
import { createPyramid } from "../../../server/pyramid/pyramid.ts";
import { createTileSource } from "../../../server/serving/tile-source.ts";
import { createMemoryDerivedStore } from "../../../server/store/memory/derived-memory.ts";
import { createMemoryStore } from "../../../server/store/memory/memory.ts";
import { AGE_BANDS, ageBand } from "../../../tiles/layers.ts";
import type { Report } from "../../../tiles/report.ts";
import { columnsOfReports } from "../../../tiles/report-columns.ts";
import { weighRows } from "../../../tiles/weigh-rows.ts";
import { createTestClock } from "../../kit/clock.ts";
import { seededRandom } from "../../kit/random.ts";
import { makeReport } from "../../kit/sample-reports.ts";
import { decodeLayer, featuresOfZoom, tilesAround } from "../../kit/tile-features.ts";
import { hideReport } from "./edit-report.ts";

const MINUTE = 60_000;
const DAY = 86_400_000;
/** At all of them tiles are made in another way: of cell aggregates, of log segments, of street bases. */
const ZOOMS = [2, 6, 10, 12, 14, 17];
const NOON = Date.UTC(2026, 5, 1, 12, 3);

function openWorld() {
  const clock = createTestClock(NOON);
  const store = createMemoryStore({ clock });
  const derived = createMemoryDerivedStore({ clock });
  const random = seededRandom(8);
  let shown: Report[] = [];
  return {
    clock,
    store,
    derived,
    shown: () => shown,
    /** Of a street of some hundred metres, by a few reporters. */
    async add(count: number, { ageMs = MINUTE, lonDeg = -95.37, reporters = 4 } = {}) {
      const made = Array.from({ length: count }, () =>
        makeReport(
          {
            lonDeg: lonDeg + random() * 0.004,
            latDeg: 29.76,
            createdAtMs: Math.floor(clock.now() - ageMs * random()),
            severity: 1 + Math.floor(5 * random()),
            reporter: 1 + Math.floor(reporters * random()),
          },
          random,
        ),
      );
      shown = [...shown, ...made];
      if (ageMs > 0) return store.putMany(made);
      // The feed tells these whole.
      for (const report of made) await store.append(report);
      return store.confirm();
    },
    async hide(every: number) {
      const hidden = shown.filter((_, i) => i % every === 0);
      shown = shown.filter((_, i) => i % every !== 0);
      for (const report of hidden) await hideReport(store, report);
    },
    compact: (on = derived) => createCompactor({ store, derived: on, clock, log: silentLog }).run(),
    /** What a process that starts now shows. */
    open: (on = derived) => createTileSource({ pyramid: createPyramid({ store, derived: on, clock, log: silentLog }) }),
    /** One that goes on and is told what changes. */
    stay() {
      const pyramid = createPyramid({ store, derived, clock, log: silentLog });
      return { poll: pyramid.poll, tiles: createTileSource({ pyramid }) };
    },
  };
}

type World = ReturnType<typeof openWorld>;

/** Sum of the weights in all tiles of a zoom. */
async function weightOf(world: World, z: number, tiles = world.open()): Promise<number> {
  const features = await featuresOfZoom(tiles, tilesAround(world.shown(), z), "safety");
  const weights = features.map(({ weight = 0, point_count }) => (point_count === undefined ? 0 : Number(weight)));
  return weights.reduce((sum, weight) => sum + weight, 0);
}

/** The same by hand, of reports that are all in clusters. */
function weightByHand({ shown, clock }: World): number {
  const rows = weighRows(columnsOfReports(shown()));
  let fortieths = 0;
  for (let row = 0; row < rows.length; row++) {
    const band = ageBand(clock.now() - (rows.createdAtMs[row] as number));
    fortieths += (rows.severity[row] as number) * (AGE_BANDS[band]?.weightTenths ?? 0) * (rows.quarters[row] as number);
  }
  return fortieths / 40;
}

/** Bytes of all tiles of all zooms. */
async function bytesOf(world: World, tiles = world.open()): Promise<string[]> {
  const found: string[] = [];
  for (const z of ZOOMS) {
    for (const tile of tilesAround(world.shown(), z)) {
      const encoded = await tiles.read({ layers: ["safety"], tile, window: "90d" });
      found.push(`${z}/${tile.x}/${tile.y} ${encoded?.etag}`);
    }
  }
  return found;
}

describe("what reports weigh in tiles", () => {
  it("is what follows from the log, compacted, made anew, after a restart, and when some are hidden", async () => {
    const world = openWorld();
    const held = world.stay();
    await world.add(400, { ageMs: 3 * DAY, reporters: 20 });
    await world.add(120);
    await world.compact();
    const steps = [
      () => world.add(90),
      // Few enough to stay unmerged.
      () => world.add(7, { ageMs: 0 }),
      () => world.add(5, { ageMs: DAY }),
      () => world.hide(9),
      () => world.add(3, { lonDeg: -95.2, reporters: 1 }),
    ];
    for (const step of steps) {
      world.clock.advance(2 * MINUTE);
      await step();
      world.clock.advance(2 * MINUTE);
      await world.compact();
      world.clock.advance(2 * MINUTE);
      await world.compact();
      for (let polls = 0; polls < 2; polls++) {
        await held.poll();
        world.clock.advance(MINUTE);
      }
      const anew = createMemoryDerivedStore(world);
      await createCompactor({ ...world, derived: anew, log: silentLog }).rebuild();
      const expected = await bytesOf(world, world.open(anew));
      expect(await bytesOf(world)).toEqual(expected);
      expect(await bytesOf(world, held.tiles)).toEqual(expected);
    }
  });

  it("is, summed over a zoom, what the reporters' shares come to", async () => {
    const world = openWorld();
    await world.add(300, { reporters: 5 });
    for (let times = 0; times < 2; times++) {
      await world.compact();
      world.clock.advance(2 * MINUTE);
    }
    for (const z of [2, 6, 10]) expect(await weightOf(world, z)).toBeCloseTo(weightByHand(world), 1);
    expect(weightByHand(world)).toBeLessThanOrEqual(5 * 1.75 * 5);
  });

  it.each([5, 50, 500])("is bounded when one client sends %i reports", async (count) => {
    const world = openWorld();
    await world.add(count, { reporters: 1 });
    await world.compact();
    world.clock.advance(2 * MINUTE);
    await world.compact();
    const tiles = world.open();
    const [tile] = tilesAround(world.shown().slice(0, 1), 10).filter(({ x, y }) => x === 240 && y === 423);
    const encoded = tile && (await tiles.read({ layers: ["safety"], tile, window: "90d" }));
    const [cluster] = decodeLayer(encoded?.bytes ?? new Uint8Array(), "safety");
    expect(cluster?.point_count).toBe(count);
    expect(Number(cluster?.weight)).toBeLessThanOrEqual(1.75 * 5);
    expect(Number(cluster?.weight)).toBeCloseTo(weightByHand(world), 1);
  });
});
