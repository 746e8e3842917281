import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Pool } from "pg";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { silentLog } from "../../../server/console/log.ts";
import { migrateDatabase } from "../../../server/postgres/migrate.ts";
import { createPool } from "../../../server/postgres/pool.ts";
import { type Running, startEmbedded, startNative } from "../../kit/postgres/each-postgres.ts";
import { findPostgres } from "../../kit/postgres/native.ts";

const MIGRATIONS = fileURLToPath(new URL("../../../migrations", import.meta.url));
/** Versions of our own, ascending. */
const OURS = readdirSync(MIGRATIONS)
  .map((name) => Number(name.slice(0, 3)))
  .sort((a, b) => a - b);

const native = process.env.TEST_DATABASE_URL ?? findPostgres();

describe("migrations on the embedded PostgreSQL", () => describeMigrations(startEmbedded));
describe.skipIf(native === undefined)(
  native === undefined
    ? "migrations on a native PostgreSQL (skipped: no initdb on PATH or in /usr/lib/postgresql, no TEST_DATABASE_URL)"
    : `migrations on a native PostgreSQL (${native})`,
  () => describeMigrations(startNative),
);

function describeMigrations(start: () => Promise<Running>): void {
  const folder = mkdtempSync(join(tmpdir(), "stratum-migrations-"));
  let running: Running;
  const pools: Pool[] = [];
  const connect = () => {
    const pool = createPool(running.address, silentLog);
    pools.push(pool);
    return pool;
  };
  const versions = async (pool: Pool) =>
    (await pool.query("SELECT version::int FROM schema_migrations WHERE version > 0 ORDER BY 1")).rows.map(
      (r) => r.version,
    );

  beforeAll(async () => {
    running = await start();
  });
  beforeEach(async () => {
    await connect().query("DROP SCHEMA public CASCADE; CREATE SCHEMA public");
    rmSync(folder, { recursive: true, force: true });
    cpSync(MIGRATIONS, folder, { recursive: true });
  });
  afterEach(async () => {
    await Promise.all(pools.splice(0).map((pool) => pool.end()));
  });
  afterAll(async () => {
    await running.close();
    rmSync(folder, { recursive: true, force: true });
  });

  it("goes forward from empty, then finds nothing to do", async () => {
    const pool = connect();
    expect(await migrateDatabase(pool)).toContainEqual({ version: 1, name: "neighborhood_scores" });
    expect(await migrateDatabase(pool)).toEqual([]);
    expect(await versions(pool)).toEqual(OURS);
  });

  it("applies only what is new", async () => {
    const pool = connect();
    await migrateDatabase(pool, folder);
    writeFileSync(join(folder, "900.do.more.sql"), "CREATE TABLE more (n integer); INSERT INTO more VALUES (2);");
    expect(await migrateDatabase(pool, folder)).toEqual([{ version: 900, name: "more" }]);
    expect((await pool.query("SELECT n FROM more")).rows).toEqual([{ n: 2 }]);
  });

  it("is safe from several processes at once: each migration runs once", async () => {
    writeFileSync(join(folder, "900.do.more.sql"), "CREATE TABLE more (n integer); INSERT INTO more VALUES (2);");
    const applied = await Promise.all([connect(), connect(), connect()].map((pool) => migrateDatabase(pool, folder)));
    expect(
      applied
        .flat()
        .map(({ version }) => version)
        .sort((a, b) => a - b),
    ).toEqual([...OURS, 900]);
    expect((await connect().query("SELECT n FROM more")).rows).toEqual([{ n: 2 }]);
  });

  it("leaves nothing of a migration that fails, and keeps those before it", async () => {
    const pool = connect();
    writeFileSync(join(folder, "900.do.broken.sql"), "CREATE TABLE half (n integer); SELECT 1 / 0;");
    await expect(migrateDatabase(pool, folder)).rejects.toThrow("division by zero");
    expect(await versions(pool)).toEqual(OURS);
    expect((await pool.query("SELECT to_regclass('half') AS half")).rows).toEqual([{ half: null }]);
  });

  it("refuses a database that is newer, and a file that was changed after it was applied", async () => {
    const pool = connect();
    await migrateDatabase(pool, folder);
    const file = join(folder, "001.do.neighborhood_scores.sql");
    writeFileSync(file, "SELECT 1;");
    await expect(migrateDatabase(pool, folder)).rejects.toThrow(/changed after it was applied/);
    rmSync(folder, { recursive: true });
    mkdirSync(folder);
    await expect(migrateDatabase(pool, folder)).rejects.toThrow(/at migration \d+.*knows only 0/);
  });

  it("keeps scores within their bounds, and every calculation of a neighbourhood", async () => {
    const pool = connect();
    await migrateDatabase(pool);
    const insert = (values: Record<string, unknown>) => {
      const row = { geohash: "9q8yyk", calculated_at: "2026-01-01", ...SCORES, ...values };
      const holes = Object.keys(row).map((_, i) => `$${i + 1}`);
      return pool.query(`INSERT INTO neighborhood_scores (${Object.keys(row)}) VALUES (${holes})`, Object.values(row));
    };
    await insert({});
    await insert({ calculated_at: "2026-01-08" });
    await insert({ geohash: "9q8y", city: null, safety: 0, overall: 100 });
    await expect(insert({})).rejects.toThrow(/duplicate key/);
    await expect(insert({ geohash: "9q8yym", safety: 100.1 })).rejects.toThrow(/check/);
    await expect(insert({ geohash: "9q8yym", vibe: -0.1 })).rejects.toThrow(/check/);
    await expect(insert({ geohash: "9q8yya" })).rejects.toThrow(/check/);
    await expect(insert({ geohash: "9q8" })).rejects.toThrow(/check/);
    const { rows } = await pool.query("SELECT geohash, precision, safety FROM neighborhood_scores ORDER BY 1, safety");
    expect(rows).toEqual([
      { geohash: "9q8y", precision: 4, safety: "0.0" },
      { geohash: "9q8yyk", precision: 6, safety: "71.5" },
      { geohash: "9q8yyk", precision: 6, safety: "71.5" },
    ]);
  });

  it("brings rows of an earlier version over, and keeps months apart", async () => {
    const pool = connect();
    for (const name of readdirSync(folder)) if (!name.startsWith("001.")) rmSync(join(folder, name));
    await migrateDatabase(pool, folder);
    await pool.query(
      `INSERT INTO neighborhood_scores (geohash, ${Object.keys(SCORES)}) VALUES ('9q8yyk', 71.5, 50, 99.9, 50, 67.9, 12, 'austin')`,
    );
    await migrateDatabase(pool);
    await pool.query("SELECT ensure_score_month('2026-03-31 23:00Z'), ensure_score_month('2026-03-01')");
    await pool.query(MANY_SCORES);
    const { rows } = await pool.query(
      "SELECT tableoid::regclass::text AS part, count(*)::int FROM neighborhood_scores GROUP BY 1 ORDER BY 1",
    );
    expect(rows).toEqual([
      { part: "neighborhood_scores_2026_03", count: 300 },
      { part: "neighborhood_scores_other", count: 300 * 29 + 1 },
    ]);
    // February's rows are in the default partition by now, and stay there.
    await pool.query("SELECT ensure_score_month('2026-02-01')");
    expect((await pool.query("SELECT to_regclass('neighborhood_scores_2026_02') AS part")).rows).toEqual([
      { part: null },
    ]);
  });

  it("takes scores away that were made of nothing, and keeps those of which something tells that they were not", async () => {
    const pool = connect();
    for (const name of readdirSync(folder)) if (name > "006") rmSync(join(folder, name));
    await migrateDatabase(pool, folder);
    await pool.query(
      `INSERT INTO report_counts (geohash, layer, day, report_count, severity_sum, counted_at) VALUES
         ('9q8yyk', 'safety', '2026-02-01', 2, 5, now()), ('9q8yyk', 'safety', '2026-03-01', 1, 1, now()),
         ('9q8yym', 'vibe', '2026-03-01', 3, 3, now())`,
    );
    const row = (geohash: string, day: string, ...scores: number[]) =>
      `('${geohash}', ${[...scores, scores.reduce((sum, score) => sum + score, 0) / 4].join(", ")}, 0, '${day} 23:00Z')`;
    const insert = `INSERT INTO neighborhood_scores
      (geohash, safety, vibe, infrastructure, opportunity, overall, report_count_7d, calculated_at) VALUES`;
    const rows = [
      // Counts tell of safety alone, up to thirty days before; then of nothing.
      row("9q8yyk", "2026-03-01", 97, 50, 100, 50),
      row("9q8yyk", "2026-03-03", 100, 50, 100, 50),
      row("9q8yyk", "2026-04-01", 100, 50, 100, 50),
      // Nothing tells of what was made of reports: its counts are not there.
      row("9q8yys", "2026-03-01", 100, 50, 94.4, 50),
      // A cell around neighbourhoods.
      row("9q8yy", "2026-03-01", 98.5, 53, 100, 50),
    ];
    await pool.query(`${insert} ${rows.join(", ")}`);
    await migrateDatabase(pool);
    const { rows: found } = await pool.query(
      `SELECT geohash, safety::float8, vibe::float8, infrastructure::float8, opportunity::float8, overall::float8,
              ARRAY[safety_quarters, vibe_quarters, infrastructure_quarters, opportunity_quarters] AS worth
       FROM neighborhood_scores ORDER BY geohash, calculated_at`,
    );
    expect(found.map(Object.values)).toEqual([
      ["9q8yy", 98.5, 53, null, null, 75.8, [12, 12, 0, 0]],
      ["9q8yyk", 97, null, null, null, 97, [12, 0, 0, 0]],
      ["9q8yyk", 100, null, null, null, 100, [12, 0, 0, 0]],
      ["9q8yyk", null, null, null, null, null, [0, 0, 0, 0]],
      ["9q8yys", null, null, 94.4, null, 94.4, [0, 0, 0, 0]],
    ]);
    const { rows: counts } = await pool.query(
      "SELECT worth_quarters, severity_quarters FROM report_counts ORDER BY day",
    );
    expect(counts[0]).toEqual({ worth_quarters: 8, severity_quarters: 20 });
  });

  it("answers a city's average of the last days from one index", async () => {
    const pool = connect();
    await migrateDatabase(pool);
    await pool.query(MANY_SCORES);
    await pool.query("ANALYZE neighborhood_scores");
    const { rows } = await pool.query(`EXPLAIN (FORMAT JSON) ${CITY_AVERAGE}`, CITY_VALUES);
    expect(JSON.stringify(rows)).toContain("city_precision_calculated_at");
    const [answer] = (await pool.query(CITY_AVERAGE, CITY_VALUES)).rows;
    expect(Number(answer.safety)).toBeCloseTo(70);
  });
}

const SCORES = {
  safety: 71.5,
  vibe: 50,
  infrastructure: 99.9,
  opportunity: 50,
  overall: 67.9,
  report_count_7d: 12,
  city: "austin",
};

/** Thirty days of 300 cells in two cities; safety is 70 in one of them during the last 7 days, 30 everywhere else. */
const MANY_SCORES = `
  INSERT INTO neighborhood_scores
    (geohash, safety, vibe, infrastructure, opportunity, overall, report_count_7d, city, calculated_at)
  SELECT (CASE city WHEN 'austin' THEN '9v6' ELSE '9q8' END) || lpad((cell + 100)::text, 3, '0'),
         CASE WHEN city = 'austin' AND day < 7 THEN 70 ELSE 30 END, 50, 50, 50, 50, 3, city,
         timestamptz '2026-03-01' - day * interval '1 day'
  FROM generate_series(0, 29) day, generate_series(0, 149) cell, unnest(ARRAY['austin', 'san-francisco']) city`;
const CITY_AVERAGE = `
  SELECT avg(safety) AS safety FROM neighborhood_scores
  WHERE city = $1 AND precision = 6 AND calculated_at > $2::timestamptz - interval '7 days'`;
const CITY_VALUES = ["austin", "2026-03-01"];
