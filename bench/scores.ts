import { Pool } from "pg";
import { silentLog } from "../server/console/log.ts";
import { migrateDatabase } from "../server/postgres/migrate.ts";
import { createPool } from "../server/postgres/pool.ts";
import { findPostgres, startPostgres } from "../test/server/postgres/native.ts";
import { percentile } from "./measure.ts";
import { type Check, printChecks, printTable, writeResults } from "./output.ts";
import { explainStatement } from "./plan.ts";
import { measureExports } from "./score-exports.ts";
import { QUESTIONS, type Question } from "./score-questions.ts";
import { type Filled, fillScores } from "./score-rows.ts";
import { measureScorer } from "./score-scorer.ts";

const NOW_MS = Date.UTC(2026, 5, 1, 12);
const ROWS = 5_000_000;
const SMALL_ROWS = 1_200_000;
const RUNS = 100;
/** A question that is slow is asked fewer times. */
const MAX_SECONDS = 15;
/** Neighbourhoods a minute that the scorer must keep up with. */
const DIRTY_A_MINUTE = 10_000;

/** Trends, exports and the scorer on a native PostgreSQL that is made for it. `--small` has a million rows of scores. */
export async function run(args: readonly string[]): Promise<void> {
  const bin = findPostgres();
  if (bin === undefined) return console.log("needs a native PostgreSQL: no initdb on PATH or in /usr/lib/postgresql");
  const postgres = await startPostgres(bin);
  const pool = createPool({ url: postgres.url, embedded: false }, silentLog);
  // Filling takes longer than any request may.
  const filling = new Pool({ connectionString: postgres.url, max: 1 });
  try {
    await migrateDatabase(pool);
    const scorer = await measureScorer(pool, NOW_MS);
    const filled = await fill(filling, args.includes("--small") ? SMALL_ROWS : ROWS);
    const questions = await measureQuestions(pool);
    const exports = await measureExports(pool, NOW_MS);
    const history = await scoreOverHistory(pool);
    const checks = [
      ...questions.map((question) => indexCheck(question, filled)),
      {
        what: "neighbourhoods scored a minute",
        limit: `>= ${DIRTY_A_MINUTE}`,
        found: scorer.perSecond * 60,
        met: scorer.perSecond * 60 >= DIRTY_A_MINUTE,
      },
      { what: "the scorer over that history", limit: "no error", found: history, met: history === "no error" },
    ];
    printChecks("targets of issue 5", checks);
    writeResults("scores", { filled, questions, exports, scorer, history, checks });
  } finally {
    await Promise.all([pool.end(), filling.end()]);
    await postgres.close();
  }
}

/** Part of a table that may be read whole: of a month that has just begun, PostgreSQL rightly reads all. */
const MAX_SCANNED = 0.05;

function indexCheck({ name, indexes, rowsScanned }: Measured, filled: Filled): Check {
  const share = rowsScanned / (name.startsWith("rising") || name.endsWith("counts") ? filled.counts : filled.scores);
  return {
    what: `${name}: by an index, but for this part of the table`,
    limit: `<= ${MAX_SCANNED * 100}%`,
    found: `${(share * 100).toFixed(1)}%`,
    met: indexes.length > 0 && share <= MAX_SCANNED,
  };
}

type Measured = Awaited<ReturnType<typeof measureQuestion>>;

/** The first run of a scorer over a full history, which also thins it. */
async function scoreOverHistory(pool: Pool): Promise<string> {
  try {
    const { rounds } = await measureScorer(pool, NOW_MS);
    return rounds.length > 0 ? "no error" : "nothing scored";
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

async function fill(pool: Pool, rows: number): Promise<Filled> {
  const startMs = performance.now();
  const filled = await fillScores(pool, NOW_MS, rows);
  const { rows: sizes } = await pool.query(
    `SELECT pg_size_pretty(sum(pg_total_relation_size(c.oid))) AS size, pg_size_pretty(sum(pg_indexes_size(c.oid))) AS indexes
     FROM pg_class c WHERE c.relname LIKE 'neighborhood_scores%' AND c.relkind = 'r'`,
  );
  const seconds = Math.round((performance.now() - startMs) / 1000);
  console.log(
    `${filled.scores} scores of ${filled.neighborhoods} neighbourhoods (${sizes[0].size}, indexes ${sizes[0].indexes}), ${filled.counts} counts, in ${seconds} s`,
  );
  return filled;
}

async function measureQuestions(pool: Pool) {
  const results = [];
  for (const question of QUESTIONS) results.push(await measureQuestion(pool, question));
  printTable(
    `ms a question, up to ${RUNS} runs each after two that do not count`,
    ["question", "p50", "p99", "rows", "indexes"],
    results.map(({ name, p50, p99, rows, indexes }) => [name, p50, p99, rows, indexes.join(", ")]),
  );
  return results;
}

async function measureQuestion(pool: Pool, { name, statement }: Question) {
  const samples: number[] = [];
  let rows = 0;
  const endMs = performance.now() + MAX_SECONDS * 1000;
  for (let i = -2; i < RUNS && (i < 3 || performance.now() < endMs); i++) {
    const { text, values } = statement(NOW_MS);
    const startMs = performance.now();
    rows = (await pool.query(text, values)).rows.length;
    if (i >= 0) samples.push(performance.now() - startMs);
  }
  const { text, values } = statement(NOW_MS);
  const plan = await explainStatement(pool, text, values);
  return { name, p50: percentile(samples, 0.5), p99: percentile(samples, 0.99), rows, ...plan };
}
