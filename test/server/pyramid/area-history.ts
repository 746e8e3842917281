import { expect } from "vitest";
import { importAreas } from "../../../server/area-import/import-areas.ts";
import { tallyAreas } from "../../../server/area-import/tally-areas.ts";
import { createAreaCatalogue } from "../../../server/areas/area-catalogue.ts";
import { createAreaSets } from "../../../server/areas/area-sets.ts";
import { createAreaShapes } from "../../../server/areas/area-shapes.ts";
import { silentLog } from "../../../server/console/log.ts";
import type { Clock } from "../../../server/ports/clock.ts";
import type { DerivedStore } from "../../../server/ports/derived-store.ts";
import type { ReportStore } from "../../../server/ports/report-store.ts";
import { removeTallies } from "../../../server/pyramid/area-tallies.ts";
import { createCellAggregates } from "../../../server/pyramid/cell-aggregates.ts";
import { createCompactor } from "../../../server/pyramid/compactor.ts";
import { createPyramid } from "../../../server/pyramid/pyramid.ts";
import type { Area } from "../../../tiles/areas/area.ts";
import { flatParts, OLDEST_BAND } from "../../../tiles/areas/area-parts.ts";
import { ageBand, BAND_COUNT, REPORT_LAYERS, type ReportLayer } from "../../../tiles/layers.ts";
import type { Report } from "../../../tiles/report.ts";
import { createTestClock } from "../../kit/clock.ts";
import { makePartition } from "../../kit/made-up-areas.ts";
import { seededRandom } from "../../kit/random.ts";
import { makeReport } from "../../kit/sample-reports.ts";
import { allow, cutOff } from "./cut-off.ts";
import { editReport } from "./edit-report.ts";

/** Reports, edits, compactions, restarts and imports of areas in any order, and what is counted after each. */

const CITY = { id: "made-up", name: "Made Up", bbox: [-95.5, 29.6, -95.3, 29.8] as const, timezone: "America/Chicago" };
const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;

export interface OpenStores {
  readonly store: ReportStore;
  readonly derived: DerivedStore;
}

export interface HistoryOptions {
  readonly seed: number;
  readonly steps: number;
  /** Of reports that lie in the log before the areas come. */
  readonly imported: number;
  readonly startMs?: number;
  open(clock: Clock): Promise<OpenStores> | OpenStores;
}

/**
 * Whether a place lies in polygons, by the number of times that these wind around it: another way than the product's. Within one city the
 * products of two steps are far below 2^53; whole numbers of any size took most of the test's time.
 */
function isWound(polygons: Area["polygons"], lonE6: number, latE6: number): boolean {
  let winds = 0;
  for (const ring of polygons.flat()) {
    for (let i = 0; i < ring.length; i += 2) {
      const at = (index: number): number => ring[index % ring.length] as number;
      const [ax, ay, bx, by] = [at(i), at(i + 1), at(i + 2), at(i + 3)];
      const left = (bx - ax) * (latE6 - ay) - (lonE6 - ax) * (by - ay);
      if (ay <= latE6 && latE6 < by && left > 0) winds++;
      if (by <= latE6 && latE6 < ay && left < 0) winds--;
    }
  }
  return winds % 2 !== 0;
}

type Counts = Map<string, { counts: number[]; severities: number[] }>;

function add(to: Counts, key: string, band: number, count: number, severity: number): void {
  const entry = to.get(key) ?? { counts: new Array(BAND_COUNT).fill(0), severities: new Array(BAND_COUNT).fill(0) };
  to.set(key, entry);
  entry.counts[band] = (entry.counts[band] as number) + count;
  // Of reports that are too old for scores it is not kept.
  if (band !== OLDEST_BAND) entry.severities[band] = (entry.severities[band] as number) + severity;
}

/** By area, layer and age band; `outside` is an area, too. */
function truth(areas: readonly Area[], reports: Iterable<Report>, atMs: number): Counts {
  const counted: Counts = new Map();
  for (const { lonDeg, latDeg, layer, severity, createdAtMs } of reports) {
    const band = ageBand(atMs - createdAtMs);
    if (band < 0) continue;
    const [lon, lat] = [Math.round(lonDeg * 1e6), Math.round(latDeg * 1e6)];
    const area = areas.find(({ polygons }) => isWound(polygons, lon, lat));
    if (area !== undefined) add(counted, `${area.id} ${layer}`, band, 1, severity);
  }
  return counted;
}

const sorted = (counts: Counts) => Object.fromEntries([...counts].sort(([a], [b]) => (a < b ? -1 : 1)));

/** Plays one history; every reader must count exactly what is there, after every step. */
export async function playAreaHistory({ seed, steps, imported, startMs, open }: HistoryOptions): Promise<void> {
  const random = seededRandom(seed);
  const clock = createTestClock(startMs ?? Date.UTC(2026, 5, 1, 12, 3));
  const { store, derived } = await open(clock);
  const shown = new Map<string, Report>();
  const compactor = createCompactor({ store, derived, clock, log: silentLog });
  const cellAggregates = createCellAggregates({ derived, clock, log: silentLog });
  let areas = partition(random);

  const openReader = () => {
    const pyramid = createPyramid({ store, derived, clock, log: silentLog });
    const sets = createAreaSets({ derived, log: silentLog });
    return { pyramid, shapes: createAreaShapes({ derived }), catalogue: createAreaCatalogue({ sets, clock }) };
  };

  async function check({ pyramid, shapes, catalogue }: ReturnType<typeof openReader>, what: string): Promise<void> {
    await pyramid.poll();
    // After a long pause the feed tells in several calls over some seconds.
    for (let i = 0; i < 3; i++) {
      clock.nowMs += 1000;
      await pyramid.poll();
    }
    const [of] = await catalogue.live();
    if (of === undefined) throw new Error("no areas");
    const listed = await shapes.list(of, "", 1000);
    expect(
      listed.map(({ id }) => id),
      what,
    ).toEqual(areas.map(({ id }) => id));
    const atMs = clock.now();
    const counted: Counts = new Map();
    for (const [number, layers] of await pyramid.areaReports(of, listed, atMs)) {
      for (const [layer, ranges] of Object.entries(layers)) {
        for (const { told, from, until } of ranges) {
          const cells = flatParts(told);
          for (let i = from * BAND_COUNT; i < until * BAND_COUNT; i++) {
            const [count, severity] = [cells.bandCount[i] as number, cells.bandSeverity[i] as number];
            if (count > 0) add(counted, `${areas[number]?.id} ${layer}`, i % BAND_COUNT, count, severity);
          }
        }
      }
    }
    expect(sorted(counted), what).toEqual(sorted(truth(areas, shown.values(), atMs)));
  }

  const bring = () =>
    importAreas(
      {
        sets: createAreaSets({ derived, log: silentLog }),
        shapes: createAreaShapes({ derived }),
        clock,
        tally: (some) => tallyAreas(some, { cellAggregates, compactor }),
        forget: (of) => removeTallies(derived, of, of.version.box),
      },
      areas.map((area, number) => ({ ...area, number })),
      { city: CITY, kind: "neighborhood" },
    );

  const makeOne = (createdAtMs: number): Report => {
    const layer = REPORT_LAYERS[Math.floor(random() * REPORT_LAYERS.length)] as ReportLayer;
    const severity = 1 + Math.floor(random() * 5);
    const corner = areas[Math.floor(random() * areas.length)]?.polygons[0]?.[0];
    // Some lie in a corner of an area.
    const [lonDeg, latDeg] =
      random() < 0.1 && corner !== undefined
        ? [(corner[0] as number) / 1e6, (corner[1] as number) / 1e6]
        : [-95.48 + random() * 0.12, 29.61 + random() * 0.12];
    return makeReport({ lonDeg, latDeg, createdAtMs, layer, severity }, random);
  };

  const old = Array.from({ length: imported }, () => makeOne(Math.floor(clock.now() - random() ** 2 * 90 * DAY_MS)));
  await store.putMany(old);
  for (const report of old) shown.set(report.id, report);
  await bring();
  let reader = openReader();
  const writer = openReader();
  await check(reader, `seed ${seed}, imported`);

  for (let step = 0; step < steps; step++) {
    const what = `seed ${seed}, step ${step}`;
    const dice = random();
    clock.nowMs += Math.floor(random() * 25_000);
    if (dice < 0.4) {
      for (let i = random() < 0.2 ? 40 : 1; i > 0; i--) {
        const report = makeOne(clock.now());
        await store.put(report);
        writer.pyramid.noteReport(report);
        shown.set(report.id, report);
      }
    } else if (dice < 0.6 && shown.size > 0) {
      const victim = [...shown.values()][Math.floor(random() * shown.size)] as Report;
      const kind = (["hide", "remove", "replace"] as const)[Math.floor(random() * 3)] ?? "hide";
      const edit =
        kind === "replace" ? { kind, report: { ...victim, severity: 5, latDeg: movedIn(victim) } } : { kind };
      const now = await editReport(store, victim, edit, writer.pyramid);
      if (now === undefined) shown.delete(victim.id);
      else shown.set(victim.id, now);
    } else if (dice < 0.75) {
      await compactor.run();
    } else if (dice < 0.8) {
      const allowance = allow(Math.floor(5 + random() * 60), random() < 0.5);
      const cut = { store: cutOff(store, allowance), derived: cutOff(derived, allowance), clock, log: silentLog };
      await createCompactor(cut)
        .run()
        .catch(() => {});
    } else if (dice < 0.88) {
      clock.nowMs += Math.floor(random() * 3 * DAY_MS);
    } else if (dice < 0.94) {
      reader = openReader();
    } else {
      areas = partition(random);
      await bring();
      // So long may readers not know of it.
      clock.nowMs += 10_000;
    }
    await store.confirm();
    if (random() < 0.5) clock.nowMs += Math.floor(random() * 20 * MINUTE_MS);
    await check(reader, what);
    await check(writer, what);
  }
}

const partition = (random: () => number): Area[] =>
  makePartition({ west: -95_470_000, south: 29_620_000, size: 6, stepE6: 15_000, areas: 12, random });

/** Some metres away in the same log cell. */
const movedIn = ({ latDeg }: Report): number => {
  const row = Math.floor(((latDeg + 90) / 180) * 2 ** 12);
  const middle = ((row + 0.5) / 2 ** 12) * 180 - 90;
  return Math.round((latDeg + (latDeg < middle ? 0.01 : -0.01)) * 1e6) / 1e6;
};
