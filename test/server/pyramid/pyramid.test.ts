import { describe, expect, it } from "vitest";
import { silentLog } from "../../../server/console/log.ts";
import type { Clock } from "../../../server/ports/clock.ts";
import type { DerivedStore } from "../../../server/ports/derived-store.ts";
import type { ReportStore } from "../../../server/ports/report-store.ts";
import { createPyramid, type Pyramid } from "../../../server/pyramid/pyramid.ts";
import { createTileSource, type TileSource } from "../../../server/serving/tile-source.ts";
import { createMemoryDerivedStore } from "../../../server/store/memory/derived-memory.ts";
import { createMemoryStore } from "../../../server/store/memory/memory.ts";
import { parseClusterId } from "../../../tiles/cluster/cluster-id.ts";
import { encodeGeohash } from "../../../tiles/geo/geohash.ts";
import { tileAt, worldX, worldY } from "../../../tiles/geo/tile-address.ts";
import { TIME_WINDOWS } from "../../../tiles/layers.ts";
import type { Report } from "../../../tiles/report.ts";
import { createTestClock, type TestClock } from "../../kit/clock.ts";
import { seededRandom } from "../../kit/random.ts";
import { makeCity, makeReport } from "../../kit/sample-reports.ts";
import { countOf, featuresOfZoom, tilesAround } from "../../kit/tile-features.ts";

const NOW = Date.UTC(2026, 5, 1, 12, 3);
const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const ALL_ZOOMS = Array.from({ length: 23 }, (_, z) => z);

interface Setup {
  clock: TestClock;
  store: ReportStore;
  derived: DerivedStore;
  pyramid: Pyramid;
  tiles: TileSource;
}

async function setUp(reports: readonly Report[]): Promise<Setup> {
  const clock = createTestClock(NOW);
  const store = createMemoryStore({ clock });
  await store.putMany(reports);
  const derived = createMemoryDerivedStore({ clock });
  return { clock, store, derived, ...viewOf(store, derived, clock) };
}

function viewOf(store: ReportStore, derived: DerivedStore, clock: Clock): Pick<Setup, "pyramid" | "tiles"> {
  const pyramid = createPyramid({ store, derived, clock, log: silentLog });
  return { pyramid, tiles: createTileSource({ pyramid }) };
}

const random = seededRandom(42);
const at = (lonDeg: number, latDeg: number, ageMs = HOUR): Report =>
  makeReport({ lonDeg, latDeg, createdAtMs: Math.floor(NOW - ageMs) }, random);

const DATA_SETS: Readonly<Record<string, readonly Report[]>> = {
  "a dense city": makeCity(1500, NOW),
  "one report": [at(-122.4194, 37.7749)],
  "coincident reports": Array.from({ length: 50 }, (_, i) => at(2.3522, 48.8566, i * HOUR)),
  "reports on cell and tile borders": [0, 5.625, 11.25, 45, -45, 90, 22.5].flatMap((lon) =>
    [0, 5.625, 45, -45, 22.5, 66.51326044311186, 40.97989806962013].map((lat) => at(lon, lat)),
  ),
  "poles and antimeridian": [-180, 180, 179.9999, -179.9999, 0].flatMap((lon) =>
    [90, -90, 89.9, 85.06, 85.05, -85.06, -85.05, 0].map((lat) => at(lon, lat)),
  ),
  "reports strewn over the world": Array.from({ length: 400 }, () =>
    at(random() * 360 - 180, random() * 180 - 90, random() * 80 * DAY),
  ),
};

describe("a zoom's tiles together", () => {
  for (const [name, reports] of Object.entries(DATA_SETS)) {
    it(`count every live report exactly once: ${name}`, async () => {
      const { tiles } = await setUp(reports);
      for (const z of ALL_ZOOMS) {
        expect(countOf(await featuresOfZoom(tiles, tilesAround(reports, z), "safety")), `z${z}`).toBe(reports.length);
      }
    });
  }

  it("count the reports of each window, exactly from z14 on and to within an hour below", async () => {
    const reports = makeCity(2000, NOW);
    const { tiles } = await setUp(reports);
    const hours = { "24h": 24, "7d": 7 * 24, "30d": 30 * 24, "90d": 90 * 24 };
    for (const window of TIME_WINDOWS) {
      const within = (ms: number): number => reports.filter(({ createdAtMs }) => NOW - createdAtMs <= ms).length;
      for (const z of [0, 5, 8, 10, 13, 14, 16, 18]) {
        const count = countOf(await featuresOfZoom(tiles, tilesAround(reports, z), "safety", window));
        const oldest = hours[window] * HOUR;
        if (z >= 14) expect(count, `z${z} ${window}`).toBe(within(oldest));
        expect(count, `z${z} ${window}`).toBeGreaterThanOrEqual(within(oldest - HOUR));
        expect(count, `z${z} ${window}`).toBeLessThanOrEqual(within(oldest));
      }
    }
  });

  it("lose a report when it expires, at every zoom", async () => {
    const reports = [at(-97.74, 30.27, 89 * DAY), at(-97.741, 30.271, DAY)];
    const { clock, tiles } = await setUp(reports);
    const counts = async (): Promise<number[]> =>
      Promise.all(ALL_ZOOMS.map(async (z) => countOf(await featuresOfZoom(tiles, tilesAround(reports, z), "safety"))));
    expect(new Set(await counts())).toEqual(new Set([2]));
    clock.nowMs = NOW + DAY + 1;
    expect(new Set(await counts())).toEqual(new Set([1]));
  });

  it("name each feature once, and each cluster so that its id reads back", async () => {
    const reports = makeCity(3000, NOW);
    const { tiles } = await setUp(reports);
    for (const z of [0, 3, 6, 9, 11, 13, 14, 16, 18]) {
      const features = await featuresOfZoom(tiles, tilesAround(reports, z), "safety");
      expect(new Set(features.map(({ id }) => id)).size).toBe(features.length);
      for (const { id, cluster } of features) {
        if (cluster === true)
          expect(parseClusterId(String(id))).toMatchObject({ layer: "safety", zoom: z, window: "90d" });
      }
    }
  });
});

describe("a feature", () => {
  it("of one report tells the report", async () => {
    const report = makeReport(
      {
        lonDeg: -73.95,
        latDeg: 40.68,
        createdAtMs: NOW - 3 * DAY,
        severity: 4,
        category: "pothole",
        layer: "infrastructure",
      },
      random,
    );
    const { tiles } = await setUp([report]);
    for (const z of [0, 4, 7, 10, 12, 15, 22]) {
      expect(await featuresOfZoom(tiles, tilesAround([report], z), "infrastructure")).toEqual([
        {
          id: report.id,
          category: "pothole",
          severity: 4,
          newest: Math.floor(report.createdAtMs / 1000),
          geohash: encodeGeohash(report.lonDeg, report.latDeg, 6),
        },
      ]);
    }
  });

  it("of several tells count, mean severity, recency weight and the newest", async () => {
    const place = { lonDeg: -73.95, latDeg: 40.68 };
    const reports = [
      makeReport({ ...place, createdAtMs: NOW - HOUR, severity: 5 }, random),
      makeReport({ ...place, createdAtMs: NOW - 10 * DAY, severity: 2 }, random),
      makeReport({ ...place, createdAtMs: NOW - 60 * DAY, severity: 3 }, random),
    ];
    const { tiles } = await setUp(reports);
    for (const z of [0, 4, 7, 10, 12, 15, 22]) {
      const [feature] = await featuresOfZoom(tiles, tilesAround(reports, z), "safety");
      expect(feature).toMatchObject({
        cluster: true,
        point_count: 3,
        point_count_abbreviated: 3,
        severity: 3.3,
        weight: 5 * 1 + 2 * 0.4,
        newest: Math.floor((NOW - HOUR) / 1000),
        geohash: encodeGeohash(place.lonDeg, place.latDeg, 6),
      });
      const [day] = await featuresOfZoom(tiles, tilesAround(reports, z), "safety", "24h");
      expect(day).toMatchObject({ id: reports[0]?.id, severity: 5 });
      expect(day).not.toHaveProperty("point_count");
    }
  });
});

describe("bytes", () => {
  it("are the same on another process that reads the same reports in another order", async () => {
    const reports = makeCity(2000, NOW);
    const one = await setUp(reports);
    const other = await setUp(reports.toReversed());
    for (const z of [0, 5, 8, 11, 13, 14, 16]) {
      for (const tile of tilesAround(reports, z)) {
        const request = { layers: ["safety"] as const, tile, window: "90d" as const };
        const [a, b] = await Promise.all([one.tiles.read(request), other.tiles.read(request)]);
        expect([a?.etag, a?.bytes]).toEqual([b?.etag, b?.bytes]);
      }
    }
  });

  it("change in at most three tiles a zoom when one report is added", async () => {
    const reports = makeCity(3000, NOW);
    const added = at(-95.37, 29.76);
    const before = await setUp(reports);
    const after = await setUp([...reports, added]);
    for (const z of [0, 3, 6, 8, 9, 11, 12, 13, 14, 15, 16, 18]) {
      let changed = 0;
      for (const tile of tilesAround([...reports, added], z)) {
        const request = { layers: ["safety"] as const, tile, window: "90d" as const };
        const [a, b] = await Promise.all([before.tiles.read(request), after.tiles.read(request)]);
        if (a?.etag !== b?.etag) changed++;
      }
      expect(changed, `z${z}`).toBeGreaterThan(0);
      expect(changed, `z${z}`).toBeLessThanOrEqual(3);
    }
  });
});

describe("freshness", () => {
  it("shows a noted report at once, at every zoom, whatever was cached", async () => {
    const reports = makeCity(500, NOW);
    const { store, pyramid, tiles } = await setUp(reports);
    const added = at(-95.37, 29.76);
    const read = async (z: number): Promise<number> =>
      countOf(await featuresOfZoom(tiles, tilesAround([...reports, added], z), "safety"));
    for (const z of [0, 8, 12, 14, 17]) expect(await read(z)).toBe(500);
    await store.put(added);
    pyramid.noteReport(added);
    for (const z of [0, 8, 12, 14, 17]) expect(await read(z), `z${z}`).toBe(501);
  });

  it("brings another process's reports after one poll of the changes, old ones of an import too", async () => {
    const reports = makeCity(500, NOW);
    const { clock, store, derived } = await setUp(reports);
    const reader = viewOf(store, derived, clock);
    await reader.pyramid.poll();
    const added = [at(-95.37, 29.76), at(-95.37, 29.76, 80 * DAY), at(10.1, 53.5, 40 * DAY)];
    const read = async (z: number): Promise<number> =>
      countOf(await featuresOfZoom(reader.tiles, tilesAround([...reports, ...added], z), "safety"));
    for (const z of [0, 9, 13, 14, 16]) expect(await read(z)).toBe(500);
    clock.nowMs += 1500;
    await store.putMany(added);
    await reader.pyramid.poll();
    for (const z of [0, 9, 13, 14, 16]) expect(await read(z), `z${z}`).toBe(503);
  });

  it("loses nothing when reports are noted while tiles are being built", async () => {
    const reports = makeCity(400, NOW);
    const { store, pyramid, tiles } = await setUp(reports);
    const home = tileAt(worldX(-95.37), worldY(29.76), 8);
    for (let round = 0; round < 50; round++) {
      const reading = tiles.read({ layers: ["safety"], tile: home, window: "90d" });
      const added = at(-95.37 + random() * 0.01, 29.76);
      await store.put(added);
      pyramid.noteReport(added);
      await reading;
      const seen = await featuresOfZoom(tiles, tilesAround([...reports, added], 8), "safety");
      expect(countOf(seen)).toBe(401 + round);
    }
  });
});
