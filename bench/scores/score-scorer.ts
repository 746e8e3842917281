import type { Pool } from "pg";
import { silentLog } from "../../server/console/log.ts";
import { sqlOfPool } from "../../server/postgres/sql.ts";
import { createCompactor } from "../../server/pyramid/compactor.ts";
import { createScorer } from "../../server/scores/scorer.ts";
import { createMemoryDerivedStore } from "../../server/store/memory/derived-memory.ts";
import { createMemoryStore } from "../../server/store/memory/memory.ts";
import { cityReports } from "../../test/kit/cities/city.ts";
import { createTestClock } from "../../test/kit/clock.ts";
import { printTable } from "../../test/kit/output.ts";
import { REPORT_LAYERS } from "../../tiles/layers.ts";

const REPORTS = 60_000;
const ROUNDS = 5;
const HOUR_MS = 3_600_000;

export interface ScorerBench {
  readonly what: string;
  readonly nowMs: number;
  /** Other ones, other reports. */
  readonly firstSeed: number;
}

/**
 * The scorer on a city whose every neighbourhood changes each round, reports in memory: what is measured is scoring and
 * writing, not DynamoDB.
 */
export async function measureScorer(pool: Pool, { what, nowMs, firstSeed }: ScorerBench) {
  await pool.query("TRUNCATE scored_slices");
  await pool.query("UPDATE score_state SET counted_until = NULL");
  const clock = createTestClock(nowMs);
  const store = createMemoryStore({ clock });
  const derived = createMemoryDerivedStore({ clock });
  const compactor = createCompactor({ store, derived, clock, log: silentLog });
  const scorer = createScorer({ store, derived, sql: sqlOfPool(pool), clock, log: silentLog });
  const rounds: { neighborhoods: number; rows: number; counted: number; seconds: number }[] = [];
  for (let seed = firstSeed; seed < firstSeed + ROUNDS; seed++) {
    await store.putMany([...cityReports({ count: REPORTS / ROUNDS, nowMs: clock.now(), seed, layers: REPORT_LAYERS })]);
    await compactor.run();
    const startMs = performance.now();
    const { neighborhoods, rows, counted } = await scorer.run();
    rounds.push({ neighborhoods, rows, counted, seconds: (performance.now() - startMs) / 1000 });
    clock.advance(HOUR_MS);
  }
  printTable(
    `the scorer ${what}, reports in memory; the first round also counts the days of all reports`,
    ["round", "neighbourhoods", "rows", "log cells counted", "s", "neighbourhoods/s"],
    rounds.map((round, i) => [
      `${i + 1}`,
      round.neighborhoods,
      round.rows,
      round.counted,
      round.seconds,
      round.neighborhoods / round.seconds,
    ]),
  );
  const sum = (name: "neighborhoods" | "seconds") => rounds.reduce((total, round) => total + round[name], 0);
  return { what, rounds, perSecond: sum("neighborhoods") / sum("seconds") };
}
