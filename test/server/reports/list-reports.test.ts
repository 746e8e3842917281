/** @module-tag random */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { silentLog } from "../../../server/console/log.ts";
import { createCompactor } from "../../../server/pyramid/compactor.ts";
import { createPyramid } from "../../../server/pyramid/pyramid.ts";
import { createReport } from "../../../server/reports/create-report.ts";
import { listReports, type ReportQuery } from "../../../server/reports/list-reports.ts";
import { createMemoryDerivedStore } from "../../../server/store/memory/derived-memory.ts";
import { createMemoryStore } from "../../../server/store/memory/memory.ts";
import type { Bounds } from "../../../tiles/geo/geohash.ts";
import { REPORT_LAYERS, REPORT_LIFETIME_MS, type ReportLayer } from "../../../tiles/layers.ts";
import type { Report } from "../../../tiles/report.ts";
import { createTestClock } from "../../kit/clock.ts";
import { runs, scaled } from "../../kit/runs.ts";

const wrap = (lonDeg: number): number => (lonDeg > 180 ? lonDeg - 360 : lonDeg < -180 ? lonDeg + 360 : lonDeg);
const clamp = (latDeg: number): number => Math.min(90, Math.max(-90, latDeg));

/** Where cells meet in every way: at the origin, on the antimeridian, at a pole, in a city. */
const centres = fc.constantFrom([0, 0], [180, 20], [-180, -20], [10, 90], [-170, -90], [-122.4, 37.76]);
const offsets = fc.oneof(
  fc.integer({ min: -150_000, max: 150_000 }).map((micro) => micro / 1e6),
  fc.constantFrom(0, 0.15, -0.15, 0.15, -0.15, 0.043945, -0.043945),
);

const worlds = centres.chain(([lon = 0, lat = 0]) => {
  const lons = offsets.map((offset) => Math.round(wrap(lon + offset) * 1e6) / 1e6);
  const lats = offsets.map((offset) => Math.round(clamp(lat + offset) * 1e6) / 1e6);
  const place = fc.record({
    lonDeg: lons,
    latDeg: lats,
    layer: fc.constantFrom(...REPORT_LAYERS),
    waitMs: fc.nat(2_000),
  });
  const box = fc.tuple(lons, lons, lats, lats).map(([west, east, a, b]): Bounds => {
    const across = Math.abs(west - east) > 180;
    const [low, high] = west <= east === !across ? [west, east] : [east, west];
    return { west: low, east: high, south: Math.min(a, b), north: Math.max(a, b) };
  });
  return fc.record({
    places: fc.array(place, { minLength: 60, maxLength: 120 }),
    /** Within minutes, or over weeks, so that cell aggregates know some by their ages. */
    slowness: fc.constantFrom(1, 30_000),
    late: fc.array(place, { maxLength: 5 }),
    bounds: box,
  });
});

interface Place {
  readonly lonDeg: number;
  readonly latDeg: number;
  readonly layer: ReportLayer;
  readonly waitMs: number;
}

function createWorld() {
  const clock = createTestClock();
  const store = createMemoryStore({ clock });
  const parts = { store, derived: createMemoryDerivedStore({ clock }), clock, log: silentLog };
  const pyramid = createPyramid(parts);
  const all: Report[] = [];
  const onReport = (report: Report): void => {
    all.push(report);
    pyramid.noteReport(report);
  };
  return {
    clock,
    store,
    all,
    async add({ waitMs, ...place }: Place): Promise<void> {
      clock.nowMs += waitMs;
      await createReport({ store, clock, onReport }, { ...place, category: "x", severity: 1 });
    },
    async compact(): Promise<void> {
      clock.nowMs += 20_000;
      await createCompactor(parts).run();
    },
    /** What the process that takes all reports lists from. */
    own: { pyramid, store, clock },
    /** The same of a process that starts now. */
    cold: () => ({ pyramid: createPyramid(parts), store, clock }),
  };
}

const isInside = ({ lonDeg, latDeg }: Report, { west, south, east, north }: Bounds): boolean =>
  latDeg >= south &&
  latDeg <= north &&
  (west > east ? lonDeg >= west || lonDeg <= east : lonDeg >= west && lonDeg <= east);

type World = ReturnType<typeof createWorld>;

/** Which process answers a page, and what it may know: always the same, or each a new one. */
const READERS: Readonly<Record<string, (world: World) => () => Promise<World["own"]>>> = {
  "the writer": (world) => async () => world.own,
  "another that polls": (world) => {
    const other = world.cold();
    return async () => {
      await other.pyramid.poll();
      return other;
    };
  },
  "a new one for each page": (world) => async () => world.cold(),
};

describe("listReports", () => {
  it.each(Object.entries(READERS))(
    "pages through exactly what a search of everything finds, while more reports arrive: %s",
    async (_, readerOf) => {
      const limits = fc.record({ limit: fc.integer({ min: 1, max: 6 }), endAfter: fc.integer({ min: 0, max: 9 }) });
      const choices = fc.record({
        layers: fc.subarray([...REPORT_LAYERS], { minLength: 1 }),
        from: fc.constantFrom(-0.1, 0, 0, 0.1, 0.5),
        before: fc.constantFrom(0.3, 0.7, 1, 1.2, 9),
        compactAt: fc.constantFrom(-1, 0, 30, 59),
      });
      let pages = 0;
      await fc.assert(
        fc.asyncProperty(
          worlds,
          limits,
          choices,
          async ({ places, slowness, late, bounds }, { limit, endAfter }, { layers, from, before, compactAt }) => {
            const world = createWorld();
            const { clock, all, add, compact } = world;
            const startMs = clock.nowMs;
            for (const [i, place] of places.entries()) {
              await add({ ...place, waitMs: slowness * place.waitMs });
              if (i === compactAt) await compact();
            }
            const reader = readerOf(world);
            const spanMs = clock.nowMs - startMs;
            const [fromMs, beforeMs] = [startMs + from * spanMs, startMs + before * (spanMs + 1)];
            const query: ReportQuery = { bounds, layers, fromMs, beforeMs, limit };
            const expected = all
              .filter((report) => isInside(report, bounds) && layers.includes(report.layer))
              .filter(({ createdAtMs }) => createdAtMs >= fromMs && createdAtMs < beforeMs)
              .map(({ id }) => id)
              .sort()
              .reverse();

            clock.nowMs += 1;
            const waiting = [...late];
            const seen: string[] = [];
            const earlier = new Set(all.map(({ id }) => id));
            let pagesOfRun = 0;
            for (let cursor: string | undefined, first = true; first || cursor !== undefined; first = false) {
              const page = await listReports(
                await reader(),
                { ...query, ...(cursor !== undefined && { cursor }) },
                endAfter,
              );
              expect(page.reports.length).toBeLessThanOrEqual(limit);
              seen.push(...page.reports.map(({ id }) => id));
              cursor = page.nextCursor;
              pages++;
              expect(++pagesOfRun).toBeLessThan(1000);
              const arriving = waiting.pop();
              if (arriving) await add({ ...arriving, waitMs: arriving.waitMs + 10_000 });
            }
            // Of the running quarter of an hour one that comes later may sort behind a page that was read.
            expect(seen).toEqual([...new Set(seen)].sort().reverse());
            expect(seen.filter((id) => earlier.has(id))).toEqual(expected);
          },
        ),
        runs(60, 15),
      );
      expect(pages).toBeGreaterThan(scaled(60, 15));
    },
  );

  it("shows a report until it expires", async () => {
    const { clock, own, add } = createWorld();
    await add({ lonDeg: 1, latDeg: 1, layer: "vibe", waitMs: 0 });
    const query: ReportQuery = {
      bounds: { west: 0.99, south: 0.99, east: 1.01, north: 1.01 },
      layers: ["vibe"],
      limit: 10,
    };
    clock.nowMs += REPORT_LIFETIME_MS;
    expect((await listReports(own, query)).reports).toHaveLength(1);
    clock.nowMs += 1;
    expect((await listReports(own, query)).reports).toHaveLength(0);
  });

  it("takes times before the ids' epoch and after their end", async () => {
    const { own, add } = createWorld();
    await add({ lonDeg: 1, latDeg: 1, layer: "vibe", waitMs: 0 });
    const query: ReportQuery = {
      bounds: { west: 0.99, south: 0.99, east: 1.01, north: 1.01 },
      layers: ["vibe"],
      limit: 10,
    };
    expect((await listReports(own, { ...query, fromMs: -1e15, beforeMs: 9e15 })).reports).toHaveLength(1);
    expect((await listReports(own, { ...query, fromMs: 9e15 })).reports).toHaveLength(0);
    expect((await listReports(own, { ...query, fromMs: 2_000, beforeMs: 1_000 })).reports).toHaveLength(0);
  });
});
