import type { Feature, Position } from "geojson";
import { describe, expect, test } from "vitest";
import { CITIES } from "../../../server/areas/cities.ts";
import { loadCities } from "../../../server/basemap/cities.ts";
import { reportBodySchema } from "../../../server/reports/report-body.ts";
import { type CitySketch, type LonLat, linesOf } from "../../../server/seed/city-sketch.ts";
import { distanceM } from "../../../server/seed/places.ts";
import { SEED_CITIES } from "../../../server/seed/seed-cities.ts";
import { seedReports } from "../../../server/seed/seed-reports.ts";
import { encodeGeohash } from "../../../tiles/geo/geohash.ts";
import { CATEGORIES, isSensitive, REPORT_LAYERS } from "../../../tiles/layers.ts";
import type { Report } from "../../../tiles/report.ts";
import { parseReportId } from "../../../tiles/report-id.ts";

const DAY_MS = 86_400_000;
const NOW_MS = Date.parse("2026-04-15T20:30:00Z");
const reports = seedReports({ nowMs: NOW_MS });
const at = ({ lonDeg, latDeg }: Report): LonLat => [lonDeg, latDeg];

function cityOf(report: Report): string {
  const { lonDeg, latDeg } = report;
  const inside = CITIES.filter(({ bbox: [w, s, e, n] }) => lonDeg >= w && lonDeg <= e && latDeg >= s && latDeg <= n);
  return inside[0]?.id ?? "nowhere";
}

const inCity = (id: string): Report[] => reports.filter((report) => cityOf(report) === id);

describe("seedReports", () => {
  test("gives every city its share, all layers and all categories, nothing anywhere else", () => {
    expect(reports.length).toBeGreaterThanOrEqual(2300);
    expect(new Set(reports.map(cityOf))).toEqual(new Set(CITIES.map(({ id }) => id)));
    for (const city of CITIES) {
      expect(inCity(city.id).length).toBeGreaterThan(500);
      for (const layer of REPORT_LAYERS) {
        expect(inCity(city.id).filter((report) => report.layer === layer).length).toBeGreaterThan(50);
      }
    }
    for (const layer of REPORT_LAYERS) {
      const there = new Set(reports.filter((report) => report.layer === layer).map(({ category }) => category));
      expect(there).toEqual(new Set(CATEGORIES[layer]));
    }
  });

  test("gives reports that the API would have taken, under ids that tell the same", () => {
    for (const { layer, category, severity, lonDeg: lon, latDeg: lat, text, ...rest } of reports) {
      const body = { layer, category, severity, lon, lat, ...(text !== undefined && { text }) };
      expect(reportBodySchema.parse(body)).toEqual(body);
      const { id, createdAtMs } = rest;
      const geohash5 = encodeGeohash(lon, lat, 5);
      expect(parseReportId(id)).toMatchObject({ createdAtMs, geohash5, layer, shard: 0 });
    }
    expect(new Set(reports.map(({ id }) => id)).size).toBe(reports.length);
    expect(reports.map(({ id }) => id)).toEqual(reports.map(({ id }) => id).toSorted());
  });

  test("leaves no placeholder in a text and seldom says the same twice", () => {
    const texts = reports.flatMap(({ text }) => text ?? []);
    expect(texts.filter((text) => /[{}]|undefined| {2}/.test(text))).toEqual([]);
    expect(texts.length / reports.length).toBeCloseTo(0.72, 1);
    expect(new Set(texts).size / texts.length).toBeGreaterThan(0.85);
  });

  test("is at most 88 days old, never in the future, and denser towards now", () => {
    const ages = reports.map(({ createdAtMs }) => (NOW_MS - createdAtMs) / DAY_MS);
    expect(Math.min(...ages)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...ages)).toBeLessThanOrEqual(88);
    const within = (days: number) => ages.filter((age) => age <= days).length;
    expect(within(1)).toBeGreaterThan(20);
    expect(within(14)).toBeGreaterThan((2 * (within(88) - within(60)) * 14) / 28);
    expect(within(88) - within(60)).toBeGreaterThan(200);
  });

  test("is the same for the same seed and now, moves with now, and differs by seed", () => {
    expect(seedReports({ nowMs: NOW_MS })).toEqual(reports);
    const other = seedReports({ nowMs: NOW_MS, seed: 1 });
    expect(other.length).toBe(reports.length);
    expect(other.filter(({ id }) => reports.some((report) => report.id === id))).toEqual([]);
    const later = seedReports({ nowMs: NOW_MS + 200 * DAY_MS });
    expect(Math.min(...later.map(({ createdAtMs }) => createdAtMs))).toBeGreaterThan(NOW_MS + 100 * DAY_MS);
  });

  test("works at any hour, also around midnight and where the clocks change", () => {
    for (const now of [
      "2026-03-08T08:00:01Z",
      "2026-11-01T06:30:00Z",
      "2026-01-01T05:00:00Z",
      "2028-02-29T23:59:59Z",
    ]) {
      const nowMs = Date.parse(now);
      const ages = seedReports({ nowMs }).map(({ createdAtMs }) => nowMs - createdAtMs);
      expect(Math.min(...ages)).toBeGreaterThanOrEqual(0);
      expect(Math.max(...ages)).toBeLessThanOrEqual(88 * DAY_MS);
    }
  });

  test("follows the hours of the city", () => {
    const shares = (category: string, from: number, to: number) => {
      const hours = reports.filter((report) => report.category === category).map(localHour);
      return hours.filter((hour) => hour >= from && hour < to).length / hours.length;
    };
    expect(shares("construction", 5, 12)).toBeGreaterThan(0.6);
    expect(shares("transit-delay", 6, 10)).toBeGreaterThan(0.35);
    expect(shares("noise", 6, 16)).toBeLessThan(0.25);
    expect(shares("late-night", 20, 24) + shares("late-night", 0, 4)).toBeGreaterThan(0.7);
    expect(shares("theft", 15, 24)).toBeGreaterThan(0.5);
  });

  test("clusters where people are instead of being strewn evenly", () => {
    for (const { id, bbox } of CITIES) {
      const there = inCity(id);
      const [w, s, e, n] = bbox;
      const cells = new Set(there.map(({ lonDeg, latDeg }) => encodeGeohash(lonDeg, latDeg, 7)));
      const even = there.map((_, i) => {
        const share = (part: number) => (i * part) % 1;
        return encodeGeohash(w + (e - w) * share(0.7548776662), s + (n - s) * share(0.5698402909), 7);
      });
      expect(cells.size).toBeLessThan(new Set(even).size * 0.8);
    }
  });

  test("tells of a flood, in a night and a few places", () => {
    const floods = inCity("san-francisco").filter(({ category }) => category === "flooding");
    const nights = Map.groupBy(floods, ({ createdAtMs }) => Math.floor((createdAtMs - 12 * 3_600_000) / DAY_MS));
    expect(Math.max(...[...nights.values()].map((night) => night.length))).toBeGreaterThan(12);
  });
});

describe("where reports are", () => {
  test.each(SEED_CITIES.map((city) => [city.id, city] as const))("in %s is on a street or at a place", (id, city) => {
    const lines = segmentsOf(city);
    const astray = inCity(id).filter((report) => {
      // What is sensitive is told as in the middle of a cell of about 100 m.
      const beside = isSensitive(report.layer, report.category) ? 75 : 0;
      const near = city.spots.some((spot) => distanceM(spot.at, at(report)) <= 2 * spot.spreadM + 1 + beside);
      return !near && !lines.some(([a, b]) => segmentDistanceM(at(report), a, b) <= 25 + beside);
    });
    expect(astray).toEqual([]);
  });

  test("is never in the water that the map draws", () => {
    const map = loadCities();
    const rings = (layer: string) => (map[layer] ?? []).map(ringOf);
    const inRing = (layer: string, point: LonLat) => rings(layer).some((ring) => isInside(point, ring));
    const rivers = (map.city_river ?? []).filter(({ properties }) => Number(properties?.width) >= 100);
    const seeded = [1, 2, 3, 4].flatMap((seed) => seedReports({ nowMs: NOW_MS, seed }));
    const wet = [...reports, ...seeded].filter((report) => {
      const point = at(report);
      const atSea = inRing("sea", point) && !inRing("shore", point);
      return atSea || inRing("city_lake", point) || rivers.some((river) => isInRiver(point, river));
    });
    expect(wet.map(({ lonDeg, latDeg, category }) => `${category} ${lonDeg} ${latDeg}`)).toEqual([]);
  });
});

function localHour(report: Report): number {
  const timeZone = CITIES.find(({ id }) => id === cityOf(report))?.timezone ?? "UTC";
  const hour = new Intl.DateTimeFormat("en-US", { timeZone, hour: "numeric", hourCycle: "h23" }).format(
    report.createdAtMs,
  );
  return Number(hour);
}

function segmentsOf(city: CitySketch): (readonly [LonLat, LonLat])[] {
  const legs = (path: readonly LonLat[]) => path.slice(1).map((to, i) => [path[i] ?? to, to] as const);
  return [...city.streets.flatMap(({ path }) => legs(path)), ...city.grids.flatMap(linesOf)];
}

function segmentDistanceM(point: LonLat, a: LonLat, b: LonLat): number {
  const scale = Math.cos((point[1] * Math.PI) / 180);
  const [ax, ay, bx, by] = [(a[0] - point[0]) * scale, a[1] - point[1], (b[0] - point[0]) * scale, b[1] - point[1]];
  const length = (bx - ax) ** 2 + (by - ay) ** 2;
  const share = length === 0 ? 0 : Math.min(1, Math.max(0, (-ax * (bx - ax) - ay * (by - ay)) / length));
  return Math.hypot(ax + share * (bx - ax), ay + share * (by - ay)) * 111_320;
}

function ringOf({ geometry }: Feature): readonly Position[] {
  return geometry.type === "Polygon" ? (geometry.coordinates[0] ?? []) : [];
}

function isInside([x, y]: LonLat, ring: readonly Position[]): boolean {
  let inside = false;
  for (const [i, [ax = 0, ay = 0]] of ring.entries()) {
    const [bx = 0, by = 0] = ring[(i + 1) % ring.length] ?? [];
    if (ay > y !== by > y && x < ax + ((y - ay) / (by - ay)) * (bx - ax)) inside = !inside;
  }
  return inside;
}

function isInRiver(point: LonLat, { geometry, properties }: Feature): boolean {
  const path = geometry.type === "LineString" ? geometry.coordinates : [];
  return path.slice(1).some(([bx = 0, by = 0], i) => {
    const [ax = 0, ay = 0] = path[i] ?? [];
    return segmentDistanceM(point, [ax, ay], [bx, by]) < Number(properties?.width) / 2;
  });
}
