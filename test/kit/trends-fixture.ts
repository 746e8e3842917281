import type { Pool } from "pg";
import { silentLog } from "../../server/console/log.ts";
import type { RunSql } from "../../server/ports/sql.ts";
import { sqlOfPool } from "../../server/postgres/sql.ts";
import { createTestApp, readJson } from "./app-fixture.ts";
import { createTestClock } from "./clock.ts";

export const HOUR = 3_600_000;
export const DAY = 24 * HOUR;
/** The test clock's noon of 1 June 2026, UTC. */
export const NOW = createTestClock().nowMs;

/** Neighbourhoods: four of San Francisco's, two of Austin's, one of no city's. */
export const [SF_A, SF_B, SF_C, SF_D] = ["9q8yyk", "9q8yym", "9q8yys", "9q8zn1"] as const;
export const [AUSTIN_A, AUSTIN_B] = ["9v6kpv", "9v6kpy"] as const;
export const NOWHERE = "u33dc0";

const CITY_OF: Readonly<Record<string, string>> = {
  "9q8": "san-francisco",
  "9v6": "austin",
};
const cityOf = (geohash: string): string | null => CITY_OF[geohash.slice(0, 3)] ?? null;

export const TABLES = ["neighborhood_scores", "report_counts"];

export interface ScoreSample {
  readonly geohash: string;
  /** Before NOW. */
  readonly agoMs: number;
  readonly safety: number | null;
  readonly vibe?: number | null;
  /** Whole reports behind the safety score. */
  readonly worth?: number;
}

export async function addScores(pool: Pool, samples: readonly ScoreSample[]): Promise<void> {
  await pool.query(
    `INSERT INTO neighborhood_scores
       (geohash, safety, vibe, infrastructure, opportunity, overall, report_count_7d, city, calculated_at, safety_quarters)
     SELECT geohash, safety, vibe, 90, 50, 66.6, 3, city, at, 4 * worth
     FROM unnest($1::text[], $2::float8[], $3::float8[], $4::text[], $5::timestamptz[], $6::int[])
       AS sample (geohash, safety, vibe, city, at, worth)`,
    [
      samples.map(({ geohash }) => geohash),
      samples.map(({ safety }) => safety),
      samples.map(({ vibe = 50 }) => vibe),
      samples.map(({ geohash }) => cityOf(geohash)),
      samples.map(({ agoMs }) => new Date(NOW - agoMs)),
      samples.map(({ worth = 3 }) => worth),
    ],
  );
}

export type CountSample = readonly [geohash: string, day: string, count: number, layer?: string];

export async function addCounts(pool: Pool, samples: readonly CountSample[]): Promise<void> {
  await pool.query(
    `INSERT INTO report_counts (geohash, layer, day, city, report_count, severity_sum, worth_quarters, severity_quarters, counted_at)
     SELECT geohash, layer, day, city, count, count * 3, count * 4, count * 12, now()
     FROM unnest($1::text[], $2::text[], $3::date[], $4::text[], $5::integer[]) AS sample (geohash, layer, day, city, count)`,
    [
      samples.map(([geohash]) => geohash),
      samples.map(([, , , layer = "infrastructure"]) => layer),
      samples.map(([, day]) => day),
      samples.map(([geohash]) => cityOf(geohash)),
      samples.map(([, , count]) => count),
    ],
  );
}

/** The app on a memory store and a real PostgreSQL. */
export function createRelationalApp(
  pool: Pool,
  change: Parameters<typeof createTestApp>[0] & { run?: (sql: RunSql) => RunSql } = {},
) {
  const { run = (sql) => sql, ...parts } = change;
  const test = createTestApp({
    sql: run(sqlOfPool(pool)),
    log: silentLog,
    settings: { questionsPerMinute: 1e6 },
    ...parts,
  });
  return {
    ...test,
    get: (path: string, init?: RequestInit) => test.app.request(path, init),
    read: <T>(path: string) => readJson<T>(test.app.request(path)),
  };
}
