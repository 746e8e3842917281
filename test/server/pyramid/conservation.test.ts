/** @module-tag random */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { silentLog } from "../../../server/console/log.ts";
import { createCompactor } from "../../../server/pyramid/compactor.ts";
import { createPyramid } from "../../../server/pyramid/pyramid.ts";
import { createTileSource } from "../../../server/serving/tile-source.ts";
import { createMemoryDerivedStore } from "../../../server/store/memory/derived-memory.ts";
import { createMemoryStore } from "../../../server/store/memory/memory.ts";
import { TIME_WINDOWS } from "../../../tiles/layers.ts";
import { seededRandom } from "../../kit/random.ts";
import { runs } from "../../kit/runs.ts";
import { makeReport } from "../../kit/sample-reports.ts";
import { countOf, featuresOfZoom, tilesAround } from "../../kit/tile-features.ts";

const NOW = Date.UTC(2026, 5, 1, 12, 3);
const HOUR = 3_600_000;
const WINDOW_HOURS = { "24h": 24, "7d": 168, "30d": 720, "90d": 2160 };

/** Corners of geohash cells and of tiles, the poles, the antimeridian, and anywhere. */
const lonDeg = fc.oneof(
  fc.double({ min: -180, max: 180, noNaN: true }),
  fc.integer({ min: -4096, max: 4096 }).map((n) => (n * 360) / 8192),
  fc.constantFrom(-180, 180, 179.999999, -179.999999),
);
const latDeg = fc.oneof(
  fc.double({ min: -90, max: 90, noNaN: true }),
  fc.integer({ min: -2048, max: 2048 }).map((n) => (n * 180) / 4096),
  fc.constantFrom(-90, 90, 85.0511287, 85.06, -85.06, 66.51326044311186, 0),
);
/** Around a centre within some spread: none (coincident), a street, a city, the whole map. */
const dataSet = fc.record({
  lon: lonDeg,
  lat: latDeg,
  spread: fc.constantFrom(0, 1e-5, 0.002, 0.05, 1, 40),
  count: fc.integer({ min: 1, max: 25 }),
  seed: fc.integer(),
  compacted: fc.boolean(),
  window: fc.constantFrom(...TIME_WINDOWS),
});

describe("any data set", () => {
  it("is counted once at every zoom, with and without a window, each feature in one tile", async () => {
    await fc.assert(
      fc.asyncProperty(dataSet, async ({ lon, lat, spread, count, seed, compacted, window }) => {
        const random = seededRandom(seed);
        const clamp = (value: number, limit: number): number => Math.max(-limit, Math.min(limit, value));
        const reports = Array.from({ length: count }, () =>
          makeReport(
            {
              lonDeg: clamp(lon + (random() - 0.5) * spread, 180),
              latDeg: clamp(lat + (random() - 0.5) * spread, 90),
              createdAtMs: Math.floor(NOW - random() ** 2 * 89 * 24 * HOUR),
            },
            random,
          ),
        );
        const clock = { now: () => NOW };
        const store = createMemoryStore({ clock });
        const derived = createMemoryDerivedStore({ clock });
        await store.putMany(reports);
        if (compacted) await createCompactor({ store, derived, clock, log: silentLog }).run();
        const tiles = createTileSource({ pyramid: createPyramid({ store, derived, clock, log: silentLog }) });
        const within = (hours: number): number =>
          reports.filter(({ createdAtMs }) => NOW - createdAtMs <= hours * HOUR).length;
        for (let z = 0; z <= 18; z++) {
          const around = tilesAround(reports, z);
          const features = await featuresOfZoom(tiles, around, "safety");
          expect(countOf(features), `z${z}`).toBe(count);
          expect(new Set(features.map(({ id }) => id)).size, `z${z}`).toBe(features.length);
          const windowed = countOf(await featuresOfZoom(tiles, around, "safety", window));
          expect(windowed, `z${z} ${window}`).toBeLessThanOrEqual(within(WINDOW_HOURS[window]));
          const slack = z >= 14 || window === "90d" ? 0 : 1;
          expect(windowed, `z${z} ${window}`).toBeGreaterThanOrEqual(within(WINDOW_HOURS[window] - slack));
        }
      }),
      runs(200),
    );
  });
});
