import type { Pool } from "pg";
import { slugOf } from "../../server/area-import/check-areas.ts";
import { silentLog } from "../../server/console/log.ts";
import { sqlOfPool } from "../../server/postgres/sql.ts";
import { createPyramid } from "../../server/pyramid/pyramid.ts";
import type { AreaScores } from "../../server/scores/area-scores.ts";
import { createAreaTable } from "../../server/scores/area-table.ts";
import { createMemoryDerivedStore } from "../../server/store/memory/derived-memory.ts";
import { createMemoryStore } from "../../server/store/memory/memory.ts";
import type { Area } from "../../tiles/areas/area.ts";
import { type PerLayer, perLayer, type ScoreTenths } from "../../tiles/scores/scores.ts";
import { MADE_UP_CITY, openAreas } from "./area-world.ts";
import { createTestClock } from "./clock.ts";
import { createRelationalApp } from "./trends-fixture.ts";

export const AREA_TABLES = ["areas", "area_scores", "area_counts"];

export interface AreaSample {
  readonly id: string;
  readonly agoMs: number;
  /** Points; null has no score. */
  readonly safety: number | null;
  readonly vibe?: number;
  /** Whole reports behind each layer that has a score. */
  readonly worth?: number;
}

/** A square of about two kilometres; each number has its own place. */
export function squareArea(number: number, name: string, city = MADE_UP_CITY.id): Area {
  const [west, south] = [-122_500_000 + 20_000 * number, 37_700_000];
  const [east, north] = [west + 20_000, south + 20_000];
  const ring = Int32Array.from([west, south, east, south, east, north, west, north]);
  return { id: `${city}-n-${slugOf(name)}`, name, box: { west, south, east, north }, polygons: [[ring]] };
}

/** The app with areas, and a history of them that is written as the scorer writes it. */
export function openAreaTrends(pool: Pool) {
  const clock = createTestClock();
  const [store, derived] = [createMemoryStore({ clock }), createMemoryDerivedStore({ clock })];
  const { bring, remove, catalogue, shapes } = openAreas({ store, derived, clock });
  const pyramid = createPyramid({ store, derived, clock, log: silentLog });
  const table = createAreaTable(sqlOfPool(pool));
  const app = createRelationalApp(pool, {
    store,
    clock,
    pyramid,
    areas: { catalogue, shapes, reports: pyramid.areaReports },
  });
  return {
    ...app,
    clock,
    remove,
    /** Imports areas, and notes them. */
    async bring(areas: readonly Area[], { city = MADE_UP_CITY, kind = "neighborhood" } = {}) {
      const of = await bring(areas, { city, kind });
      await table.note(
        of,
        areas.map((area, number) => ({ ...area, number })),
      );
      clock.advance(10_000);
    },
    /** Reports of the parts of neighbourhoods in areas, of severity 3. */
    count: (
      samples: readonly (readonly [area: string, geohash: string, day: string, count: number, layer?: string])[],
    ) =>
      pool.query(
        `INSERT INTO area_counts (area, geohash, day, layer, report_count, severity_sum, worth_quarters, severity_quarters)
         SELECT area, geohash, day, layer, count, count * 3, count * 4, count * 12
         FROM unnest($1::text[], $2::text[], $3::date[], $4::integer[], $5::text[]) AS sample (area, geohash, day, count, layer)`,
        [
          samples.map(([area]) => area),
          samples.map(([, geohash]) => geohash),
          samples.map(([, , day]) => day),
          samples.map(([, , , count]) => count),
          samples.map(([, , , , layer = "infrastructure"]) => layer),
        ],
      ),
    /** Rows of history, each as if scored then. */
    async score(samples: readonly AreaSample[]) {
      for (const sample of samples.toSorted((a, b) => b.agoMs - a.agoMs))
        await table.write([scoresOf(sample)], clock.now() - sample.agoMs);
    },
  };
}

function scoresOf({ id, safety, vibe, worth = 3 }: AreaSample): AreaScores {
  const tenths = (points: number | null | undefined) => (points === null || points === undefined ? null : points * 10);
  const known = [safety, vibe].flatMap((points) => points ?? []);
  const overall = known.length === 0 ? null : known.reduce((sum, points) => sum + points, 0) / known.length;
  const scores: ScoreTenths = {
    ...perLayer(() => null),
    safety: tenths(safety),
    vibe: tenths(vibe),
    overall: tenths(overall),
  };
  const worthQuarters: PerLayer = perLayer((layer) => (scores[layer] === null ? 0 : 4 * worth));
  const scored = {
    geohash: id,
    scores,
    worthQuarters,
    reportCount30d: worthQuarters,
    reportCount: 9,
    reportCount7d: 2,
  };
  const windows = { "24h": 1, "7d": 2, "30d": 5, "90d": 9 };
  return { scored, total: windows, counts: perLayer(() => windows) };
}
