import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createReport } from "../../../server/reports/create-report.ts";
import { listReports, type ReportQuery } from "../../../server/reports/list-reports.ts";
import { createMemoryStore } from "../../../server/store/memory.ts";
import type { Bounds } from "../../../tiles/geohash.ts";
import { REPORT_LAYERS, REPORT_LIFETIME_MS, type ReportLayer } from "../../../tiles/layers.ts";
import type { Report } from "../../../tiles/report.ts";
import { createTestClock } from "../app-fixture.ts";

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
    places: fc.array(place, { minLength: 120, maxLength: 200 }),
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
  const all: Report[] = [];
  const add = async ({ waitMs, ...place }: Place): Promise<void> => {
    clock.nowMs += waitMs;
    await createReport(
      { store, clock, onReport: (report) => all.push(report) },
      { ...place, category: "x", severity: 1 },
    );
  };
  return { clock, store, all, add };
}

const isInside = ({ lonDeg, latDeg }: Report, { west, south, east, north }: Bounds): boolean =>
  latDeg >= south &&
  latDeg <= north &&
  (west > east ? lonDeg >= west || lonDeg <= east : lonDeg >= west && lonDeg <= east);

describe("listReports", () => {
  it("pages through exactly what a search of everything finds, while more reports arrive", async () => {
    const limits = fc.record({ limit: fc.integer({ min: 1, max: 6 }), maxRows: fc.integer({ min: 1, max: 60 }) });
    const choices = fc.record({
      layers: fc.subarray([...REPORT_LAYERS], { minLength: 1 }),
      from: fc.constantFrom(-0.1, 0, 0, 0.1, 0.5),
      before: fc.constantFrom(0.3, 0.7, 1, 1.2, 9),
    });
    let pages = 0;
    await fc.assert(
      fc.asyncProperty(
        worlds,
        limits,
        choices,
        async ({ places, late, bounds }, { limit, maxRows }, { layers, from, before }) => {
          const { clock, store, all, add } = createWorld();
          const startMs = clock.nowMs;
          for (const place of places) await add(place);
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
          for (let cursor: string | undefined, first = true; first || cursor !== undefined; first = false) {
            const page = await listReports(store, { ...query, ...(cursor !== undefined && { cursor }) }, maxRows);
            expect(page.reports.length).toBeLessThanOrEqual(limit);
            seen.push(...page.reports.map(({ id }) => id));
            cursor = page.nextCursor;
            pages++;
            const arriving = waiting.pop();
            if (arriving) await add({ ...arriving, waitMs: arriving.waitMs + 10_000 });
          }
          expect(seen).toEqual(expected);
        },
      ),
      { numRuns: 300 },
    );
    expect(pages).toBeGreaterThan(600);
  });

  it("reads few cells for a small box and only cells that exist for a large one", async () => {
    const { store, add } = createWorld();
    await add({ lonDeg: -122.41, latDeg: 37.76, layer: "safety", waitMs: 0 });
    const reads: string[] = [];
    const counting = {
      ...store,
      readNewest: (...args: Parameters<typeof store.readNewest>) => {
        reads.push(args[0].geohash5);
        return store.readNewest(...args);
      },
      listCells: (...args: Parameters<typeof store.listCells>) => {
        reads.push(`list ${args[1]}`);
        return store.listCells(...args);
      },
    };
    const layers: ReportLayer[] = ["safety"];
    await listReports(
      counting,
      { bounds: { west: -122.412, south: 37.759, east: -122.408, north: 37.761 }, layers, limit: 10 },
      100,
    );
    expect(reads).toEqual(["9q8yy"]);
    reads.length = 0;
    await listReports(
      counting,
      { bounds: { west: -122.6, south: 37.6, east: -122.37, north: 37.9 }, layers, limit: 10 },
      100,
    );
    expect(reads).toEqual(["list 9q8", "9q8yy"]);
  });

  it("shows a report until it expires", async () => {
    const { clock, store, add } = createWorld();
    await add({ lonDeg: 1, latDeg: 1, layer: "vibe", waitMs: 0 });
    const query: ReportQuery = {
      bounds: { west: 0.99, south: 0.99, east: 1.01, north: 1.01 },
      layers: ["vibe"],
      limit: 10,
    };
    clock.nowMs += REPORT_LIFETIME_MS;
    expect((await listReports(store, query, 100)).reports).toHaveLength(1);
    clock.nowMs += 1;
    expect((await listReports(store, query, 100)).reports).toHaveLength(0);
  });

  it("takes times before the ids' epoch and after their end", async () => {
    const { store, add } = createWorld();
    await add({ lonDeg: 1, latDeg: 1, layer: "vibe", waitMs: 0 });
    const query: ReportQuery = {
      bounds: { west: 0.99, south: 0.99, east: 1.01, north: 1.01 },
      layers: ["vibe"],
      limit: 10,
    };
    expect((await listReports(store, { ...query, fromMs: -1e15, beforeMs: 9e15 }, 100)).reports).toHaveLength(1);
    expect((await listReports(store, { ...query, fromMs: 9e15 }, 100)).reports).toHaveLength(0);
    expect((await listReports(store, { ...query, fromMs: 2_000, beforeMs: 1_000 }, 100)).reports).toHaveLength(0);
  });
});
