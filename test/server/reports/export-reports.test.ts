import { beforeEach, describe, expect, it } from "vitest";
import { silentLog } from "../../../server/console/log.ts";
import type { LogRange } from "../../../server/ports/report-store.ts";
import { createCompactor } from "../../../server/pyramid/compactor.ts";
import { createPyramid } from "../../../server/pyramid/pyramid.ts";
import { placeOfQuery } from "../../../server/reports/export-place.ts";
import { type ReportBatch, type ReportFilter, readReports } from "../../../server/reports/export-reports.ts";
import { createMemoryDerivedStore } from "../../../server/store/memory/derived-memory.ts";
import { createMemoryStore } from "../../../server/store/memory/memory.ts";
import { REPORT_LAYERS } from "../../../tiles/layers.ts";
import type { Report } from "../../../tiles/report.ts";
import { parseReportId } from "../../../tiles/report-id.ts";
import { createTestClock } from "../../kit/clock.ts";
import { AUSTIN, BROOKLYN, DAY_MS, makeReport } from "../../kit/make-report.ts";

const HOUR_MS = 3_600_000;
/** Its reports lie on both sides of the antimeridian. */
const TAVEUNI = { lonDeg: 179.97, latDeg: -16.85 };
const HONOLULU = { lonDeg: -157.85, latDeg: 21.3 };

const wrap = (lonDeg: number) => (lonDeg > 180 ? Math.round((lonDeg - 360) * 1e5) / 1e5 : lonDeg);

const cellOf = ({ id }: Pick<Report, "id">) => {
  const { geohash5 = "", layer = "safety" } = parseReportId(id) ?? {};
  return `${geohash5}${REPORT_LAYERS.indexOf(layer)}`;
};
/** By cell, then by layer, then newest first. */
const inOrder = (reports: readonly Report[]) =>
  [...reports].sort((a, b) => {
    if (cellOf(a) !== cellOf(b)) return cellOf(a) < cellOf(b) ? -1 : 1;
    return a.id < b.id ? 1 : -1;
  });
const idsOf = (reports: readonly Report[]) => reports.map(({ id }) => id);

let clock: ReturnType<typeof createTestClock>;
let store: ReturnType<typeof createMemoryStore>;
let reads: { readonly limit: number; readonly range: LogRange | undefined; readonly found: number }[];
let parts: Parameters<typeof createPyramid>[0];
beforeEach(() => {
  clock = createTestClock();
  const memory = createMemoryStore({ clock });
  reads = [];
  store = {
    ...memory,
    async readNewest(cell, limit, range) {
      const found = await memory.readNewest(cell, limit, range);
      reads.push({ limit, range, found: found.length });
      return found;
    },
  };
  parts = { store, derived: createMemoryDerivedStore({ clock }), clock, log: silentLog };
});

async function put(reports: readonly Report[]): Promise<void> {
  await store.putMany(reports);
}

const filterOf = (change: Partial<ReportFilter> = {}): ReportFilter => ({
  place: placeOfQuery({}),
  layers: REPORT_LAYERS,
  toMs: clock.nowMs + DAY_MS,
  ...change,
});

async function exportOf(filter: ReportFilter, { rows = 1000, after }: { rows?: number; after?: string } = {}) {
  const batches: ReportBatch[] = [];
  const source = { store, clock, pyramid: createPyramid(parts) };
  for await (const batch of readReports(source, filter, { rows, ...(after !== undefined && { after }) }))
    batches.push(batch);
  return { batches, reports: batches.flatMap(({ reports }) => reports) };
}

/** Some around the world, of all layers, some of them compacted. */
async function fillWorld(): Promise<Report[]> {
  const some = (seed: number, count: number, place: typeof AUSTIN | typeof TAVEUNI) =>
    Array.from({ length: count }, (_, i) =>
      makeReport({
        seed: seed + i,
        layer: REPORT_LAYERS[i % 4] ?? "safety",
        category: i % 3 === 0 ? "one" : "two",
        lonDeg: wrap(Math.round((place.lonDeg + (i % 7) * 0.02) * 1e5) / 1e5),
        latDeg: Math.round((place.latDeg + (i % 5) * 0.02) * 1e5) / 1e5,
        createdAtMs: clock.nowMs - (i % 20) * 3 * DAY_MS - i * 60_000,
      }),
    );
  const old = [...some(0, 60, AUSTIN), ...some(1000, 40, TAVEUNI), ...some(2000, 3, HONOLULU)];
  await put(old);
  clock.advance(60_000);
  await createCompactor(parts).run();
  const young = [...some(3000, 20, BROOKLYN), ...some(4000, 10, AUSTIN)];
  await put(young);
  return [...old, ...young];
}

describe("readReports", () => {
  it("finds every report of the world once, in the order of cells, layers and time, whatever the batches", async () => {
    const all = inOrder(await fillWorld());
    for (const rows of [1, 3, 26, 1000]) {
      const { reports, batches } = await exportOf(filterOf(), { rows });
      expect(idsOf(reports), `${rows}`).toEqual(idsOf(all));
      expect(batches.reduce((sum, { lookedAt }) => sum + lookedAt, 0)).toBe(all.length);
    }
  });

  it("goes on behind any report, also one that is gone, and behind any batch", async () => {
    const all = inOrder(await fillWorld());
    const { batches } = await exportOf(filterOf(), { rows: 30 });
    let seen = 0;
    for (const [i, { reports, at }] of batches.entries()) {
      seen += reports.length;
      if (i % 5 > 0) continue;
      const rest = await exportOf(filterOf(), { rows: 7, after: at });
      expect(idsOf(rest.reports)).toEqual(idsOf(all.slice(seen)));
    }
    for (const [i, { id }] of all.entries()) {
      if (i % 30 > 0) continue;
      await store.edit(id, { kind: "hide" });
      const rest = await exportOf(filterOf(), { after: id });
      expect(idsOf(rest.reports)[0]).toBe(all[i + 1]?.id);
    }
  });

  it.each([
    ["a geohash of one character", { geohash: "9" }, /^9/],
    ["a geohash of four", { geohash: "9v6k" }, /^9v6k/],
    ["a geohash of six", { geohash: "9v6kpv" }, /^9v6kpv/],
    ["a box", { bbox: { west: -97.75, east: -97.7, south: 30.26, north: 30.31 } }, undefined],
    ["a box across the antimeridian", { bbox: { west: 179.98, east: -179.95, south: -16.9, north: -16.8 } }, undefined],
  ])("finds those of %s", async (_, query, geohash) => {
    const all = inOrder(await fillWorld());
    const place = placeOfQuery(query);
    const expected = all.filter((report) => place.has(report));
    expect(expected.length).toBeGreaterThan(0);
    expect(expected.length).toBeLessThan(all.length);
    const { reports } = await exportOf(filterOf({ place }));
    expect(idsOf(reports)).toEqual(idsOf(expected));
    if (geohash !== undefined)
      for (const report of reports)
        expect(cellOf(report).slice(0, 5)).toMatch(geohash.source.length > 6 ? /^9v6kp/ : geohash);
  });

  it("keeps to layers, categories and times", async () => {
    const all = inOrder(await fillWorld());
    const [fromMs, toMs] = [clock.nowMs - 30 * DAY_MS, clock.nowMs - 3 * DAY_MS];
    const filter = filterOf({ layers: ["vibe", "safety"], categories: new Set(["one"]), fromMs, toMs });
    const expected = all.filter(
      ({ layer, category, createdAtMs }) =>
        ["vibe", "safety"].includes(layer) && category === "one" && createdAtMs >= fromMs && createdAtMs < toMs,
    );
    expect(expected.length).toBeGreaterThan(3);
    expect(idsOf((await exportOf(filter)).reports).sort()).toEqual(idsOf(expected).sort());
  });

  it("reads a dense cell a few rows at a time, and nothing where nothing is", async () => {
    const dense = Array.from({ length: 5000 }, (_, i) =>
      makeReport({ seed: i, createdAtMs: clock.nowMs - i * 60_000 }),
    );
    await put([...dense, makeReport({ ...TAVEUNI, createdAtMs: clock.nowMs })]);
    const { batches } = await exportOf(filterOf(), { rows: 1000 });
    expect(batches.every(({ reports }) => reports.length <= 1000)).toBe(true);
    expect(reads.map(({ limit }) => limit)).toEqual(Array(7).fill(1000));
    expect(reads.map(({ found }) => found).sort((a, b) => a - b)).toEqual([0, 1, 1000, 1000, 1000, 1000, 1000]);
    reads = [];
    await exportOf(filterOf({ fromMs: clock.nowMs - HOUR_MS }), { rows: 1000 });
    expect(reads.map(({ found }) => found)).toEqual([61, 1]);
  });

  it("leaves out what is hidden or expires while it goes on", async () => {
    const reports = Array.from({ length: 30 }, (_, i) =>
      makeReport({ seed: i, createdAtMs: clock.nowMs - 60 * DAY_MS - i * DAY_MS }),
    );
    await put(reports);
    const source = { store, clock, pyramid: createPyramid(parts) };
    const seen: Report[] = [];
    for await (const batch of readReports(source, filterOf(), { rows: 5 })) {
      seen.push(...batch.reports);
      if (seen.length > 5) continue;
      await store.edit(reports[7]?.id ?? "", { kind: "hide" });
      clock.advance(DAY_MS + 60_000);
    }
    expect(idsOf(seen)).toEqual(idsOf(reports.filter((_, i) => i !== 7 && i < 29)));
  });

  it("tells, and finds, what an older program stored no finer than it would be kept today", async () => {
    const createdAtMs = clock.nowMs - HOUR_MS + 7 * 60_000 + 12_345;
    const fine = makeReport({ ...AUSTIN, category: "theft", createdAtMs, text: "x" });
    await put([fine]);
    const { reports } = await exportOf(filterOf());
    expect(reports).toMatchObject([{ id: fine.id, createdAtMs: clock.nowMs - HOUR_MS, text: "x" }]);
    expect(reports[0]?.lonDeg).not.toBe(fine.lonDeg);
    const toldMs = clock.nowMs - HOUR_MS;
    const found = async (change: Partial<ReportFilter>) => (await exportOf(filterOf(change))).reports.length;
    // By the time and place that are told: no narrower question finds out more.
    expect([await found({ fromMs: toldMs }), await found({ fromMs: toldMs + 1 })]).toEqual([1, 0]);
    expect([await found({ toMs: toldMs + 1 }), await found({ toMs: toldMs })]).toEqual([1, 0]);
    const at = ({ lonDeg: lon, latDeg: lat }: Pick<Report, "lonDeg" | "latDeg">) =>
      placeOfQuery({ bbox: { west: lon - 1e-5, east: lon + 1e-5, south: lat - 1e-5, north: lat + 1e-5 } });
    expect([await found({ place: at(reports[0] ?? AUSTIN) }), await found({ place: at(fine) })]).toEqual([1, 0]);
  });
});
