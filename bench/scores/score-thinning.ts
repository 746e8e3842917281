import type { Pool } from "pg";
import type { RunSql } from "../../server/ports/sql.ts";
import { sqlOfPool } from "../../server/postgres/sql.ts";
import { createScoreThinning } from "../../server/scores/score-thinning.ts";
import { printTable } from "../../test/kit/output.ts";
import { percentile } from "../kit/measure.ts";

const DAY_MS = 86_400_000;
const HOURS_KEPT_DAYS = 8;

/** Thins a history for the first time, as scorers do in the background: all statements, and whether it came to its end. */
export async function measureThinning(pool: Pool, nowMs: number) {
  await pool.query("UPDATE score_thinning SET from_day = '-infinity', until_day = '-infinity', done_cell = '~'");
  const samples: number[] = [];
  const run = sqlOfPool(pool);
  const sql: RunSql = async (text, values) => {
    const startMs = performance.now();
    const rows = await run(text, values);
    samples.push(performance.now() - startMs);
    return rows as never;
  };
  const thinning = createScoreThinning(sql);
  const startMs = performance.now();
  let thinned = 0;
  for (let done = false; !done; ) {
    const report = await thinning.run(nowMs);
    thinned += report.thinned;
    done = report.done;
  }
  const seconds = (performance.now() - startMs) / 1000;
  const found = {
    thinned,
    seconds,
    statements: samples.length,
    p50Ms: percentile(samples, 0.5),
    slowestMs: Math.max(...samples),
    left: await countLeft(pool, nowMs),
  };
  printTable(
    "thinning two days of hours, and looking through the month before",
    ["rows thinned", "s", "rows/s", "statements", "p50 ms", "slowest ms", "left to thin"],
    [[`${thinned}`, seconds, thinned / seconds, found.statements, found.p50Ms, found.slowestMs, found.left]],
  );
  return found;
}

/** Rows that should have been thinned, and were not. */
async function countLeft(pool: Pool, nowMs: number): Promise<number> {
  const { rows } = await pool.query(
    `SELECT (count(*) - count(DISTINCT (geohash, (calculated_at AT TIME ZONE 'UTC')::date)))::int AS rows
     FROM neighborhood_scores WHERE calculated_at < $1 AND calculated_at >= $2`,
    [Math.floor(nowMs / DAY_MS) - HOURS_KEPT_DAYS, Math.floor(nowMs / DAY_MS) - HOURS_KEPT_DAYS - 4].map(
      (day) => new Date(day * DAY_MS),
    ),
  );
  return Number(rows[0].rows);
}
