import { expect, it } from "vitest";
import { silentLog } from "../../../server/console/log.ts";
import { createCellAggregates } from "../../../server/pyramid/cell-aggregates.ts";
import { createCompactionSchedule } from "../../../server/pyramid/compaction-schedule.ts";
import { createCompactionState } from "../../../server/pyramid/compaction-state.ts";
import { createCompactor, type RunOptions } from "../../../server/pyramid/compactor.ts";
import { createHurriedChanges } from "../../../server/pyramid/hurried-changes.ts";
import { createPyramid } from "../../../server/pyramid/pyramid.ts";
import { createTileSource } from "../../../server/serving/tile-source.ts";
import { createMemoryDerivedStore } from "../../../server/store/memory/derived-memory.ts";
import { createMemoryStore } from "../../../server/store/memory/memory.ts";
import { encodeGeohash } from "../../../tiles/geo/geohash.ts";
import type { Report } from "../../../tiles/report.ts";
import { scoreCells, tallyNeighborhoods } from "../../../tiles/scores/scores.ts";
import { createTestClock } from "../../kit/clock.ts";
import { seededRandom } from "../../kit/random.ts";
import { makeReport } from "../../kit/sample-reports.ts";
import { featuresOfZoom, tilesAround } from "../../kit/tile-features.ts";

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const EVERY_MS = 5 * MINUTE;
const PLACE = { lonDeg: -95.37, latDeg: 29.76 };
const GEOHASH = encodeGeohash(PLACE.lonDeg, PLACE.latDeg, 6);

/** One process that compacts by its schedule, and what PostgreSQL is told after it. */
function openWorld(startMs = Date.UTC(2026, 5, 1, 12, 3)) {
  const clock = createTestClock(startMs);
  const store = createMemoryStore({ clock });
  const derived = createMemoryDerivedStore({ clock });
  const random = seededRandom(5);
  const options = { store, derived, clock, log: silentLog };
  const compactor = createCompactor(options);
  const runs: { readonly isHurried: boolean; readonly atMs: number; readonly cells: number }[] = [];
  const run = async (limits: RunOptions = {}) => {
    const report = await compactor.run(limits);
    runs.push({ isHurried: limits.hurry !== undefined, atMs: clock.now(), cells: report.cells });
    return report;
  };
  const startProcess = () =>
    createCompactionSchedule({ compactor: { run }, hurried: createHurriedChanges(options), clock, everyMs: EVERY_MS });
  let schedule = startProcess();
  async function post(fields: { lonDeg?: number; reporter?: number; severity?: number } = {}): Promise<Report> {
    const report = makeReport({ ...PLACE, severity: 5, createdAtMs: clock.now(), ...fields }, random);
    await store.append(report);
    return report;
  }
  return {
    ...options,
    runs,
    post,
    hurriedRuns: () => runs.filter(({ isHurried }) => isHurried),
    restart: () => {
      schedule = startProcess();
    },
    /** Lets time pass as the process sees it. */
    async pass(ms: number, meanwhile: () => Promise<unknown> = async () => {}) {
      for (const untilMs = clock.nowMs + ms; clock.nowMs < untilMs; ) {
        await meanwhile();
        await schedule.run();
        clock.advance(5 * SECOND);
      }
      await schedule.run();
    },
    /** The safety score of the place, in tenths, as the scorer takes it from what is compacted. */
    async score(): Promise<number | null | undefined> {
      const point = await createCompactionState(derived, silentLog, clock).read();
      const rows = point?.rows;
      if (rows === undefined) return undefined;
      const found = await createCellAggregates(options).readVersions("safety", GEOHASH.slice(0, 3), rows);
      const cells = found.get(GEOHASH.slice(0, 4))?.decode();
      if (cells === undefined) return undefined;
      return scoreCells(tallyNeighborhoods({ safety: cells })).find(({ geohash }) => geohash === GEOHASH)?.scores
        .safety;
    },
  };
}

const fewer = (severities: number) => Math.round(1000 - 30 * severities);

it("takes a report that is hidden, restored or removed out of the scores, and back, within seconds", async () => {
  const world = openWorld();
  const reports = [await world.post(), await world.post(), await world.post()];
  await world.pass(6 * MINUTE);
  expect(await world.score()).toBe(fewer(15));
  const [one, other] = reports as [Report, Report];
  for (const [id, kind, left] of [
    [one.id, "hide", 10],
    [one.id, "restore", 15],
    [other.id, "remove", 10],
  ] as const) {
    await world.store.edit(id, { kind });
    await world.pass(25 * SECOND);
    expect(await world.score(), kind).toBe(fewer(left));
  }
});

it("compacts thousands of hides together, and none for what is new", async () => {
  const world = openWorld();
  const reports: Report[] = [];
  for (let i = 0; i < 300; i++) reports.push(await world.post({ lonDeg: PLACE.lonDeg + (i % 20) * 0.05 }));
  await world.pass(6 * MINUTE, async () => void (await world.post()));
  expect(world.hurriedRuns()).toEqual([]);
  // Six a second, over more time than one run gathers.
  await world.pass(50 * SECOND, async () => {
    for (const { id } of reports.splice(0, 30)) await world.store.edit(id, { kind: "hide" });
  });
  await world.pass(30 * SECOND);
  const hurried = world.hurriedRuns();
  expect(hurried.length).toBeGreaterThan(0);
  expect(hurried.length).toBeLessThanOrEqual(6);
  const gaps = hurried.slice(1).map(({ atMs }, i) => atMs - (hurried[i]?.atMs ?? 0));
  for (const gap of gaps) expect(gap).toBeGreaterThanOrEqual(10 * SECOND);
});

it("weighs another report of a reporter within seconds, merged or not, after a restart too", async () => {
  const world = openWorld();
  await world.post({ reporter: 7 });
  await world.pass(6 * MINUTE);
  // Some hundred others merge the first.
  for (let i = 0; i < 100; i++) await world.post({ lonDeg: PLACE.lonDeg + 0.03 });
  await world.pass(11 * MINUTE);
  for (const isRestarted of [false, true]) {
    if (isRestarted) {
      world.restart();
      await world.pass(20 * SECOND);
    }
    await world.post({ reporter: 7 });
    await world.pass(25 * SECOND);
    expect(await world.score()).toBe(fewer(isRestarted ? 8.75 : 7.5));
  }
  const runs = world.runs.length;
  // Who reports for the first time is no hurry.
  await world.post({ reporter: 9 });
  await world.pass(25 * SECOND);
  expect(world.runs.length).toBe(runs);
});

it.each([0, 10, 25])(
  "lets a process that only follows show it within a minute; %i s after it last asked",
  async (afterS) => {
    const world = openWorld();
    await world.post({ reporter: 7 });
    for (let i = 0; i < 100; i++) await world.post();
    // Merged: else it is known at once.
    await world.pass(21 * MINUTE);
    const pyramid = createPyramid(world);
    const tiles = createTileSource({ pyramid });
    await pyramid.poll();
    const weight = async () => {
      const features = await featuresOfZoom(tiles, tilesAround([{ ...PLACE } as Report], 6), "safety");
      return features.reduce((sum, feature) => sum + Number(feature.weight ?? 0), 0);
    };
    await world.pass(afterS * SECOND, pyramid.poll);
    const before = await weight();
    const shown: number[] = [];
    await world.post({ reporter: 7 });
    await world.pass(50 * SECOND, async () => {
      await pyramid.poll();
      shown.push((await weight()) - before);
    });
    await pyramid.poll();
    expect(shown[0]).toBe(5);
    expect((await weight()) - before).toBe(2.5);
  },
);

it("leaves four fifths of the time to others, where runs take long", async () => {
  const clock = createTestClock();
  const runs: number[] = [];
  const schedule = createCompactionSchedule({
    clock,
    everyMs: 1e9,
    compactor: {
      async run() {
        runs.push(clock.now());
        clock.advance(MINUTE);
        return { cells: 0, cellAggregates: 0, done: true };
      },
    },
    hurried: {
      look: async () => {},
      dueAtMs: () => 0,
      compacted: () => {},
      weigh: async (rows) => rows,
    },
  });
  for (let i = 0; i < 120; i++) {
    await schedule.run();
    clock.advance(5 * SECOND);
  }
  // Each minute of work is followed by four.
  expect(runs.map((atMs) => (atMs - (runs[0] ?? 0)) / MINUTE)).toEqual([0, 5, 10]);
});
