import type { Pool } from "pg";
import { silentLog } from "../../server/console/log.ts";
import { createApp, DEFAULT_SETTINGS } from "../../server/http/app.ts";
import { createSql } from "../../server/postgres/questions.ts";
import { sqlOfPool } from "../../server/postgres/sql.ts";
import { createPyramid } from "../../server/pyramid/pyramid.ts";
import { createMemoryDerivedStore } from "../../server/store/memory/derived-memory.ts";
import { createMemoryStore } from "../../server/store/memory/memory.ts";
import { GENEROUS } from "../../test/kit/app-fixture.ts";
import { printTable } from "../../test/kit/output.ts";
import { createTestModeration } from "../../test/kit/test-moderation.ts";

const MEBIBYTE = 2 ** 20;
const EXPORTS = ["scores.csv", "scores.ndjson", "scores.geojson", "scores.parquet", "reports-counts.csv"];

/** Whole exports through the app: rows and bytes a second, and what memory they took at most over what was there. */
export async function measureExports(pool: Pool, nowMs: number) {
  const clock = { now: () => nowMs };
  const store = createMemoryStore({ clock });
  const derived = createMemoryDerivedStore({ clock });
  const app = createApp({
    store,
    clock,
    pyramid: createPyramid({ store, derived, clock, log: silentLog }),
    tiles: { read: async () => undefined },
    codings: [],
    sql: createSql(sqlOfPool(pool), silentLog),
    pingDatabase: async () => {},
    onReport: () => {},
    moderation: createTestModeration({ store, clock }),
    clientAddress: () => undefined,
    settings: { ...DEFAULT_SETTINGS, anonymous: GENEROUS },
    log: silentLog,
  });
  const results = [];
  for (const file of EXPORTS) {
    const table = file.startsWith("scores")
      ? "neighborhood_scores WHERE precision = 6 AND calculated_at >= $1"
      : "report_counts WHERE day >= $1";
    const from = new Date(nowMs - 5 * 86_400_000);
    const { rows: counted } = await pool.query(`SELECT count(*)::int AS rows FROM ${table}`, [from]);
    const path = `/api/exports/${file}?from=${from.toISOString()}`;
    results.push({ file, rows: Number(counted[0].rows), ...(await drain(() => app.request(path))) });
  }
  printTable(
    "whole exports, five days of every neighbourhood",
    ["file", "rows", "rows/s", "MiB", "first byte ms", "peak MiB"],
    results.map(({ file, rows, seconds, bytes, firstMs, peakBytes }) => {
      return [file, rows, rows / seconds, bytes / MEBIBYTE, firstMs, peakBytes / MEBIBYTE];
    }),
  );
  return results;
}

async function drain(ask: () => Response | Promise<Response>) {
  const startMs = performance.now();
  const before = process.memoryUsage.rss();
  const response = await ask();
  let bytes = 0;
  let firstMs = 0;
  let peakBytes = 0;
  for await (const chunk of response.body ?? []) {
    if (bytes === 0) firstMs = performance.now() - startMs;
    bytes += chunk.length;
    peakBytes = Math.max(peakBytes, process.memoryUsage.rss() - before);
  }
  return { bytes, firstMs, peakBytes, seconds: (performance.now() - startMs) / 1000 };
}
