import { describe, expect, it } from "vitest";
import { silentLog } from "../../../server/console/log.ts";
import { createCompactor } from "../../../server/pyramid/compactor.ts";
import { createPyramid } from "../../../server/pyramid/pyramid.ts";
import { seedReports } from "../../../server/seed/seed-reports.ts";
import { createTileSource } from "../../../server/serving/tile-source.ts";
import { createMemoryDerivedStore } from "../../../server/store/memory/derived-memory.ts";
import { createMemoryStore } from "../../../server/store/memory/memory.ts";
import { REPORT_LAYERS, TIME_WINDOWS } from "../../../tiles/layers.ts";
import type { Report } from "../../../tiles/report.ts";
import { houstonReports } from "../../kit/cities/houston.ts";
import { HOUSTON_MISSING } from "../../kit/cities/houston-file.ts";
import { seededRandom } from "../../kit/random.ts";
import { makeReport } from "../../kit/sample-reports.ts";
import { countOf, featuresOfZoom, tilesAround } from "../../kit/tile-features.ts";

const NOW = Date.UTC(2026, 5, 1, 12, 3);
const HOUR = 3_600_000;
const clock = { now: () => NOW };
const reports = houstonReports(NOW);

async function tilesOf(stored: readonly Report[]) {
  const store = createMemoryStore({ clock });
  const derived = createMemoryDerivedStore({ clock });
  await store.putMany(stored);
  await createCompactor({ store, derived, clock, log: silentLog }).run();
  return createTileSource({ pyramid: createPyramid({ store, derived, clock, log: silentLog }) });
}

describe("the seeded cities", () => {
  it("are counted once at every zoom from 0 to 18, layer by layer", async () => {
    const seeded = seedReports({ nowMs: NOW });
    const tiles = await tilesOf(seeded);
    for (const layer of REPORT_LAYERS) {
      const all = seeded.filter((report) => report.layer === layer);
      for (let z = 0; z <= 18; z++) {
        expect(countOf(await featuresOfZoom(tiles, tilesAround(all, z), layer)), `${layer} z${z}`).toBe(all.length);
      }
    }
  });
});

describe.skipIf(reports === undefined)(
  `Houston's 86 309 incidents${reports === undefined ? ` (skipped: ${HOUSTON_MISSING})` : ""}`,
  { tags: "slow" },
  () => {
    const all = reports ?? [];

    it("are counted once at every zoom from 0 to 18", async () => {
      const tiles = await tilesOf(all);
      for (let z = 0; z <= 18; z++) {
        // Every second of the deepest zooms: their tens of thousands of tiles take seconds.
        if (z > 14 && z % 2 === 1) continue;
        expect(countOf(await featuresOfZoom(tiles, tilesAround(all, z), "safety")), `z${z}`).toBe(86_309);
      }
      const hours = { "24h": 24, "7d": 168, "30d": 720, "90d": 2160 };
      for (const window of TIME_WINDOWS) {
        for (const z of [0, 8, 11, 14]) {
          const count = countOf(await featuresOfZoom(tiles, tilesAround(all, z), "safety", window));
          const within = (h: number): number => all.filter(({ createdAtMs }) => NOW - createdAtMs <= h * HOUR).length;
          expect(count, `z${z} ${window}`).toBeLessThanOrEqual(within(hours[window]));
          expect(count, `z${z} ${window}`).toBeGreaterThanOrEqual(within(hours[window] - (z >= 14 ? 0 : 1)));
        }
      }
    });

    it("and one more change at most three tiles a zoom", async () => {
      const added = makeReport({ lonDeg: -95.3698, latDeg: 29.7604, createdAtMs: NOW - HOUR }, seededRandom(3));
      const [before, after] = [await tilesOf(all), await tilesOf([...all, added])];
      for (let z = 0; z <= 14; z++) {
        let changed = 0;
        for (const tile of tilesAround([...all, added], z)) {
          const request = { layers: ["safety"] as const, tile, window: "90d" as const };
          const [a, b] = await Promise.all([before.read(request), after.read(request)]);
          if (a?.etag !== b?.etag) changed++;
        }
        expect(changed, `z${z}`).toBeLessThanOrEqual(3);
      }
    });
  },
);
