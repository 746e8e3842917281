import { Pool } from "pg";
import { silentLog } from "../../server/console/log.ts";
import { migrateDatabase } from "../../server/postgres/migrate.ts";
import { createPool } from "../../server/postgres/pool.ts";
import { type Check, printChecks, printTable, writeResults } from "../../test/kit/output.ts";
import { findPostgres, startPostgres } from "../../test/kit/postgres/native.ts";
import { groupedBarChart } from "../kit/chart.ts";
import { percentile } from "../kit/measure.ts";
import { explainStatement } from "../kit/plan.ts";
import { measureExports } from "./score-exports.ts";
import { measureOutages, type OutageResult } from "./score-outages.ts";
import { QUESTIONS, type Question } from "./score-questions.ts";
import { type Filled, fillScores } from "./score-rows.ts";
import { measureScorer } from "./score-scorer.ts";
import { measureThinning } from "./score-thinning.ts";

const NOW_MS = Date.UTC(2026, 5, 1, 12);
/** When the city is scored again, still on that day: its rows of the first time are in the history. */
const HOURS_LATER = 6;
const ROWS = 5_000_000;
const SMALL_ROWS = 1_200_000;
const RUNS = 100;
/** A question that is slow is asked fewer times. */
const MAX_SECONDS = 8;
/** Neighbourhoods a minute that the scorer must keep up with. */
const DIRTY_A_MINUTE = 10_000;
/** Its statements go by index: what has been written before does not slow it down, but for colder pages. */
const MIN_SPEED = 0.4;
/** Far from the 15 s after which PostgreSQL ends a statement. */
const THIN_WITHIN_MS = 2_000;
const MAX_P99_RATIO = 1.2;
const FRESH_WITHIN_MS = 60_000;

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
    const empty = await measureScorer(pool, { what: "without a history", nowMs: NOW_MS, firstSeed: 1 });
    const isSmall = args.includes("--small");
    const filled = await fill(filling, isSmall ? SMALL_ROWS : ROWS);
    const questions = await measureQuestions(pool);
    const exports = await measureExports(pool, NOW_MS);
    const thinning = await measureThinning(pool, NOW_MS);
    const full = await measureScorer(pool, {
      what: `over ${filled.scores} rows of history`,
      nowMs: NOW_MS + HOURS_LATER * 3_600_000,
      firstSeed: 101,
    });
    await filling.query("TRUNCATE neighborhood_scores, report_counts, scored_slices, cells_to_count, counted_parts");
    await filling.query("UPDATE score_state SET counted_until = NULL");
    const outages = await measureOutages(postgres.url);
    const checks = [
      // Of a small table PostgreSQL rightly reads all.
      ...(isSmall ? [] : questions.map((question) => indexCheck(question, filled))),
      ...[empty, full].map(({ what, perSecond }) => scorerCheck(what, perSecond)),
      {
        what: "the scorer's speed over that history, against none",
        limit: `>= ${MIN_SPEED}`,
        found: (full.perSecond / empty.perSecond).toFixed(2),
        met: full.perSecond / empty.perSecond >= MIN_SPEED,
      },
      {
        what: "slowest statement of thinning",
        limit: `<= ${THIN_WITHIN_MS} ms, nothing left`,
        found: `${Math.round(thinning.slowestMs)} ms, ${thinning.left} left`,
        met: thinning.slowestMs <= THIN_WITHIN_MS && thinning.left === 0,
      },
      ...outages.results.flatMap(outageChecks),
    ];
    printChecks("targets of issue 5", checks);
    const charts = { questions: questionChart(questions), outages: outages.chart };
    const { results } = outages;
    writeResults(
      "scores",
      { filled, questions, exports, thinning, scorer: { empty, full }, outages: results, checks },
      charts,
    );
  } finally {
    await Promise.all([pool.end(), filling.end()]);
    await postgres.close();
  }
}

/** Part of a table that may be read whole: of a month that has just begun, PostgreSQL rightly reads all. */
const MAX_SCANNED = 0.05;

function indexCheck({ name, index, indexes, rowsScanned }: Measured, filled: Filled): Check {
  const share = rowsScanned / (index.startsWith("report_counts") ? filled.counts : filled.scores);
  return {
    what: `${name}: by its index, but for this part of the table`,
    limit: `<= ${MAX_SCANNED * 100}%`,
    found: indexes.includes(index) ? `${(share * 100).toFixed(1)}%` : `by ${indexes.join(", ")}`,
    met: indexes.includes(index) && share <= MAX_SCANNED,
  };
}

const scorerCheck = (what: string, perSecond: number): Check => ({
  what: `neighbourhoods scored a minute, ${what}`,
  limit: `>= ${DIRTY_A_MINUTE}`,
  found: perSecond * 60,
  met: perSecond * 60 >= DIRTY_A_MINUTE,
});

function outageChecks({ state, ratio, failed, freshMs = 0 }: OutageResult): Check[] {
  if (ratio === undefined) return [];
  return [
    {
      what: `p99 of tiles, PostgreSQL ${state}, against normal`,
      limit: `<= ${MAX_P99_RATIO}`,
      found: ratio.median.toFixed(2),
      met: ratio.median <= MAX_P99_RATIO,
    },
    { what: `5xx, PostgreSQL ${state}`, limit: "0", found: failed, met: failed === 0 },
    {
      what: `scores fresh after PostgreSQL was ${state}`,
      limit: `<= ${FRESH_WITHIN_MS / 1000} s`,
      found: `${(freshMs / 1000).toFixed(1)} s`,
      met: freshMs <= FRESH_WITHIN_MS,
    },
  ];
}

type Measured = Awaited<ReturnType<typeof measureQuestion>>;

const questionChart = (questions: readonly Measured[]): string =>
  groupedBarChart({
    title: "ms a question",
    names: questions.map(({ name }) => name),
    series: [
      { name: "p50", values: questions.map(({ p50 }) => p50) },
      { name: "p99", values: questions.map(({ p99 }) => p99) },
    ],
  });

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
  console.log("\ntheir plans, as they ran");
  for (const { name, lines } of results) console.log([name, ...lines.map((line) => `  ${line}`)].join("\n"));
  return results;
}

async function measureQuestion(pool: Pool, { name, index, statement }: Question) {
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
  return { name, index, p50: percentile(samples, 0.5), p99: percentile(samples, 0.99), rows, ...plan };
}
