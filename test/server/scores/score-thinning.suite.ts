import type { Pool } from "pg";
import { beforeEach, describe, expect, it } from "vitest";
import type { RunSql } from "../../../server/ports/sql.ts";
import { sqlOfPool } from "../../../server/postgres/sql.ts";
import { createScoreThinning } from "../../../server/scores/score-thinning.ts";
import { seededRandom } from "../../kit/random.ts";
import { DAY, failAtRandom, HOUR } from "../../kit/score-world.ts";

const NOW_MS = Date.UTC(2026, 5, 14, 12);
/** The first day whose hours are kept. */
const KEPT_FROM = "2026-06-06";
const BATCH_ROWS = 2_000;

export const describeScoreThinning = (pool: () => Pool, cellCount: () => number) =>
  describe("thinning the history", () => {
    let sql: RunSql;
    let cells: number;
    beforeEach(async () => {
      sql = sqlOfPool(pool());
      cells = cellCount();
      await sql("UPDATE score_thinning SET from_day = '-infinity', until_day = '-infinity', done_cell = '~'");
      await addHours(sql, cells);
    });

    it("leaves each day's last row and all hours of eight days, whatever fails and whoever helps", async () => {
      const expected = await sql<{ left: number }>(
        `SELECT count(DISTINCT (geohash, CASE WHEN calculated_at < $1 THEN date_trunc('day', calculated_at AT TIME ZONE 'UTC')
           ELSE calculated_at AT TIME ZONE 'UTC' END))::int AS left FROM neighborhood_scores`,
        [new Date(KEPT_FROM)],
      );
      const lastOfDays = await digest(sql, LAST_OF_DAYS);
      const flaky = failAtRandom(sql, seededRandom(5), 0.2);
      const options = { batchRows: BATCH_ROWS, batchesPerRun: 3 };
      let runs = 0;
      for (let done = false; !done && runs < 10_000; runs++) {
        // Processes that know nothing of each other.
        const results = await Promise.allSettled(
          [flaky.sql, flaky.sql].map((each) => createScoreThinning(each, options).run(NOW_MS)),
        );
        done = results.some((result) => result.status === "fulfilled" && result.value.done);
        // Never said before it is so.
        if (done) expect(await countRows(sql)).toBe(expected[0]?.left);
      }
      expect(flaky.faults()).toBeGreaterThan(3);
      expect(await digest(sql, LAST_OF_DAYS)).toBe(lastOfDays);
      expect(await createScoreThinning(sql, options).run(NOW_MS)).toEqual({ done: true, thinned: 0 });
    });

    it("goes on where it stopped, a bounded cell aggregate a statement, and the next day with the next day alone", async () => {
      const statements: { text: string; values: readonly unknown[] }[] = [];
      const watched: RunSql = (text, values = []) => {
        if (text.includes("DELETE")) statements.push({ text, values });
        return sql(text, values);
      };
      const run = (nowMs: number) =>
        createScoreThinning(watched, { batchRows: BATCH_ROWS, batchesPerRun: 2 }).run(nowMs);
      const thinned: number[] = [];
      for (let done = false; !done; ) {
        const report = await run(NOW_MS);
        done = report.done;
        thinned.push(report.thinned);
      }
      expect(thinned.length).toBeGreaterThan(2);
      // Two cell aggregates, each with the rest of its last cell.
      expect(Math.max(...thinned)).toBeLessThan(2 * (BATCH_ROWS + 31 * 24));
      expect(
        statements.map(({ values }) => values.slice(4)).filter(([from], i, all) => from !== all[i - 1]?.[0]),
      ).toEqual([
        ["2026-04-27", "2026-05-01"],
        ["2026-05-01", "2026-06-01"],
        ["2026-06-01", KEPT_FROM],
      ]);
      await sql("ANALYZE neighborhood_scores");
      statements.length = 0;
      // Eight hours of every cell.
      let next = 0;
      for (let done = false; !done; ) {
        const report = await run(NOW_MS + DAY);
        done = report.done;
        next += report.thinned;
      }
      expect(next).toBe(cells * 7);
      const [{ text, values } = { text: "", values: [] }] = statements;
      const plan = (await sql<{ "QUERY PLAN": string }>(`EXPLAIN ${text}`, values))
        .map((row) => row["QUERY PLAN"])
        .join("\n");
      expect(plan).toContain("neighborhood_scores_2026_06");
      expect(plan).not.toMatch(/neighborhood_scores_(2026_05|2026_04|other)/);
      if (cells > 100) {
        expect(plan).toContain("neighborhood_scores_2026_06_pkey");
        expect(plan).not.toMatch(/Seq Scan on neighborhood_scores/);
      }
    });
  });

/** Eight rows a day of every cell for 20 days: every third hour. Beside them days of one row, in a month before. */
async function addHours(sql: RunSql, cells: number): Promise<void> {
  await sql("SELECT ensure_score_month('2026-05-15Z'), ensure_score_month('2026-06-15Z')");
  const insert = `INSERT INTO neighborhood_scores
    (geohash, safety, vibe, infrastructure, opportunity, overall, report_count_7d, city, calculated_at)
    SELECT '9q8' || substr('0123456789bcdefghjkmnpqrstuvwxyz', 1 + cell / 1024, 1)
                 || substr('0123456789bcdefghjkmnpqrstuvwxyz', 1 + cell / 32 % 32, 1)
                 || substr('0123456789bcdefghjkmnpqrstuvwxyz', 1 + cell % 32, 1),
           90, 50, 90, 50, 70, extract(hour FROM at)::int, NULL, at
    FROM generate_series($1::timestamptz, $2::timestamptz, $3::interval) at, generate_series(0, $4::int - 1) cell`;
  await sql(insert, [new Date(NOW_MS - 19.5 * DAY), new Date(NOW_MS), "3 hours", cells]);
  await sql(insert, [new Date(NOW_MS - 40 * DAY - HOUR), new Date(NOW_MS - 20 * DAY), "1 day", cells]);
  await sql("ANALYZE neighborhood_scores");
}

const LAST_OF_DAYS = `SELECT DISTINCT ON (geohash, (calculated_at AT TIME ZONE 'UTC')::date) geohash, calculated_at, report_count_7d
  FROM neighborhood_scores ORDER BY geohash, (calculated_at AT TIME ZONE 'UTC')::date, calculated_at DESC`;

async function digest(sql: RunSql, rows: string): Promise<string | undefined> {
  const [row] = await sql<{ digest: string }>(
    `SELECT md5(string_agg(t::text, ',' ORDER BY t::text)) AS digest FROM (${rows}) t`,
  );
  return row?.digest;
}

async function countRows(sql: RunSql): Promise<number> {
  const [row] = await sql<{ rows: number }>("SELECT count(*)::int AS rows FROM neighborhood_scores");
  return row?.rows ?? 0;
}
