import { beforeAll, describe, expect, it } from "vitest";
import { CITIES } from "../../../server/areas/cities.ts";
import { silentLog } from "../../../server/console/log.ts";
import { DEFAULT_SETTINGS } from "../../../server/http/app.ts";
import type { Pyramid } from "../../../server/pyramid/pyramid.ts";
import { countLogCells, listReports, MOST_CELLS, type ReportQuery } from "../../../server/reports/list-reports.ts";
import { readScoreCard } from "../../../server/scores/score-card.ts";
import { seedReports } from "../../../server/seed/seed-reports.ts";
import { type Bounds, cellBounds, encodeGeohash, formatCell } from "../../../tiles/geo/geohash.ts";
import { REPORT_LAYERS, REPORT_LIFETIME_MS } from "../../../tiles/layers.ts";
import type { Report } from "../../../tiles/report.ts";
import { CITY_CENTER } from "../../kit/cities/city.ts";
import { type CountedCity, openCountedCity } from "../../kit/cities/city-store.ts";
import { denseCell, openDenseCell } from "../../kit/cities/dense-cell.ts";
import { seededRandom } from "../../kit/random.ts";
import { makeReport } from "../../kit/sample-reports.ts";

const NOW = Date.UTC(2026, 5, 1);
const DAY = 86_400_000;
const MINUTE = 60_000;

/** Cell aggregates of the box that meets most of them, segments and log of each cell, the texts of a page of 500. */
const requestsFor = (cells: number): number => 6 * REPORT_LAYERS.length + 2 * cells + 5;

type Source = Parameters<typeof readScoreCard>[0];

/** What an answer costs in a process; without one, in a new one. */
async function costOf<T>(
  { city, model, clock }: CountedCity,
  ask: (source: {
    pyramid: Pyramid;
    store: typeof city.store;
    clock: typeof clock;
    log: typeof silentLog;
  }) => Promise<T>,
  pyramid?: Pyramid,
) {
  const source = { pyramid: pyramid ?? (await city.startProcess()), store: city.store, clock, log: silentLog };
  model.reset();
  const answer = await ask(source);
  return { answer, pyramid: source.pyramid, ...model.used };
}

const list = (query: Omit<ReportQuery, "layers">) => (source: Source) =>
  listReports(source, { layers: REPORT_LAYERS, ...query });

/** Reports of each layer in a dense cell. */
const SIZES = [1000, 16_000];

const card = (geohash: string) => (source: Source) => readScoreCard(source, geohash);

describe("a dense cell", () => {
  const geohash = encodeGeohash(...CITY_CENTER, 6);
  let worlds: CountedCity[];
  beforeAll(async () => {
    worlds = await Promise.all(SIZES.map((perLayer) => openDenseCell(perLayer, NOW)));
  });

  it("does not hide a quiet neighbourhood's latest, and costs a card the same however dense it is", async () => {
    for (const world of worlds) {
      const { answer, pyramid, ...cold } = await costOf(world, card(geohash));
      expect(answer.counts.safety["90d"]).toBe(3);
      const daysAgo = answer.latest.map(({ createdAtMs }) => (NOW - createdAtMs) / DAY);
      expect(daysAgo).toEqual([3, 3, 3, 3, 4]);
      expect([cold.requests, cold.roundTrips]).toEqual([5, 2]);
      const warm = await costOf(world, card(geohash), pyramid);
      expect([warm.requests, warm.answer.latest]).toEqual([1, answer.latest]);
    }
  });

  it("is read once a layer for a part of it, and by its newest rows for all of it", async () => {
    const whole = cellBounds(geohash.slice(0, 5));
    const part = { ...whole, south: (whole.south + whole.north) / 2 };
    const [lonDeg, latDeg] = CITY_CENTER;
    const houses = { west: lonDeg - 1e-4, south: latDeg - 1e-4, east: lonDeg + 1e-4, north: latDeg + 1e-4 };
    for (const [i, world] of worlds.entries()) {
      const reports = [...denseCell(SIZES[i] ?? 0, NOW)].sort((a, b) => (a.id < b.id ? 1 : -1));
      const few = await costOf(world, list({ bounds: houses, limit: 100 }));
      expect(few.requests).toBeLessThanOrEqual(2 * REPORT_LAYERS.length + 1);
      for (const bounds of [part, whole]) {
        const inside = reports.filter((report) => report.latDeg >= bounds.south).map(({ id }) => id);
        const page = await costOf(world, list({ bounds, limit: 100 }));
        expect(page.answer.reports.map(({ id }) => id)).toEqual(inside.slice(0, 100));
        expect(page.requests).toBeLessThanOrEqual(4 * REPORT_LAYERS.length + 1);
        // Half a unit for a text of its own, and for what became of it; those of the log come with its rows, forty or more in two units.
        expect(page.read).toBeLessThanOrEqual(bounds === whole ? 80 : 250);
        const late = await costOf(world, list({ bounds, limit: 500, cursor: inside[1499] ?? "" }));
        expect(late.answer.reports.map(({ id }) => id)).toEqual(inside.slice(1500, 2000));
        expect(late.requests).toBeLessThanOrEqual(5 * REPORT_LAYERS.length + 5);
      }
    }
  });
});

describe("a city of which little is known", () => {
  it("is listed in ten requests by a process that holds nothing", async () => {
    const world = await openCountedCity(seedReports({ nowMs: NOW }), NOW);
    for (const { id, bbox } of CITIES) {
      const [west, south, east, north] = bbox;
      const { answer, requests, roundTrips } = await costOf(
        world,
        list({ bounds: { west, south, east, north }, limit: 2 }),
      );
      expect(answer.reports, id).toHaveLength(2);
      expect(requests, id).toBeLessThanOrEqual(10);
      expect(roundTrips, id).toBeLessThanOrEqual(3);
    }
  });

  it("is not asked for what has expired, though stores delete late", async () => {
    const random = seededRandom(8);
    const [lonDeg, latDeg] = CITY_CENTER;
    const at = (step: number) => ({ lonDeg: lonDeg + step * 0.05, latDeg });
    const old = Array.from({ length: 3000 }, (_, i) =>
      makeReport({ ...at(i % 4), createdAtMs: NOW - i * MINUTE }, random),
    );
    const world = await openCountedCity(old, NOW);
    const { clock } = world;
    clock.advance(REPORT_LIFETIME_MS - DAY / 2);
    const young = makeReport({ ...at(0), createdAtMs: clock.now() }, random);
    await world.city.store.put(young);
    clock.advance(MINUTE);
    await world.city.compactor.run();
    clock.advance(MINUTE);
    const bounds = { west: lonDeg - 0.1, south: latDeg - 0.1, east: lonDeg + 0.3, north: latDeg + 0.1 };
    const page = await costOf(world, list({ bounds, limit: 500 }));
    expect(page.answer.reports).toHaveLength(500);
    clock.advance((20 * DAY) / 24);
    const last = await costOf(world, list({ bounds, limit: 500 }));
    expect(last.answer).toEqual({ reports: [young] });
    expect(last.requests).toBeLessThanOrEqual(REPORT_LAYERS.length + 3);
  });
});

describe("a box of as many cells as one may have", () => {
  const [column, row] = [1926, 2725];
  const side = 22;
  const bounds: Bounds = {
    ...cellBounds(formatCell(column, row, 5)),
    east: cellBounds(formatCell(column + side - 1, row, 5)).east - 1e-6,
    north: cellBounds(formatCell(column, row + side - 1, 5)).north - 1e-6,
  };
  /** Of each cell and layer one in the last minute, and two of each of the last days: as busy as can be, and nothing to tell cells apart. */
  function* everywhere(): Generator<Report> {
    const random = seededRandom(4);
    for (let i = 0; i < side * side; i++) {
      const { west, south, east, north } = cellBounds(formatCell(column + (i % side), row + Math.floor(i / side), 5));
      const at = () => ({ lonDeg: west + random() * (east - west), latDeg: south + random() * (north - south) });
      for (const layer of REPORT_LAYERS) {
        const ages = [0, 0, ...[1, 2, 3].flatMap((day) => [day, day])].map((day) => day * DAY + random() * MINUTE);
        for (const age of ages) yield makeReport({ ...at(), layer, createdAtMs: Math.floor(NOW - age) }, random);
      }
    }
  }
  let world: CountedCity;
  const cells = side * side * REPORT_LAYERS.length;
  beforeAll(async () => {
    world = await openCountedCity(everywhere(), NOW);
  });

  it("is listed within a bound of requests on every page, cold or warm", async () => {
    expect(countLogCells(bounds)).toBeLessThanOrEqual(DEFAULT_SETTINGS.queryCells);
    const expected = [...everywhere()]
      .map(({ id }) => id)
      .sort()
      .reverse();
    const first = await costOf(world, list({ bounds, limit: 100 }));
    // All in one minute: nothing is certain before all were asked.
    expect(first.requests).toBeLessThanOrEqual(requestsFor(cells));
    expect(first.answer.reports.map(({ id }) => id)).toEqual(expected.slice(0, 100));
    const cursor = first.answer.nextCursor ?? "";
    const second = await costOf(world, list({ bounds, limit: 500, cursor }), first.pyramid);
    // Five hundred rows and what became of them, a hundred a request.
    expect(second.requests).toBeLessThanOrEqual(10);
    expect(second.answer.reports.map(({ id }) => id)).toEqual(expected.slice(100, 600));
    const late = await costOf(world, list({ bounds, limit: 100, cursor: expected[9000] ?? "" }));
    expect(late.requests).toBeLessThanOrEqual(requestsFor(cells));
    expect(late.answer.reports.map(({ id }) => id)).toEqual(expected.slice(9001, 9101));
  });

  it("ends a page of many early, with what is certain, when it has read so many cells", async () => {
    const random = seededRandom(6);
    const spread = [...everywhere()].map((report) => {
      const createdAtMs = report.createdAtMs - Math.floor(20 * DAY * random());
      return makeReport({ ...report, createdAtMs }, random);
    });
    const other = await openCountedCity(spread, NOW);
    const expected = spread
      .map(({ id }) => id)
      .sort()
      .reverse();
    const seen: string[] = [];
    let cursor: string | undefined;
    let process: Pyramid | undefined;
    for (let pages = 0; pages < 4; pages++) {
      const query = { bounds, limit: 500, ...(cursor !== undefined && { cursor }) };
      const page = await costOf(other, list(query), process);
      process = page.pyramid;
      expect(page.requests).toBeLessThanOrEqual(requestsFor(MOST_CELLS));
      expect(page.answer.reports.length).toBeGreaterThan(40);
      seen.push(...page.answer.reports.map(({ id }) => id));
      cursor = page.answer.nextCursor;
    }
    expect(seen).toEqual(expected.slice(0, seen.length));
  });
});
