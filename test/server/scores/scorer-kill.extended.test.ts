/** @module-tag slow */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import type { Pool } from "pg";
import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished } from "vitest";
import { silentLog } from "../../../server/console/log.ts";
import type { Clock } from "../../../server/ports/clock.ts";
import type { RunSql } from "../../../server/ports/sql.ts";
import { migrateDatabase } from "../../../server/postgres/migrate.ts";
import { createPool } from "../../../server/postgres/pool.ts";
import { sqlOfPool } from "../../../server/postgres/sql.ts";
import { createCompactor } from "../../../server/pyramid/compactor.ts";
import { createScorer, type Scorer } from "../../../server/scores/scorer.ts";
import { createDynamoDerivedStore } from "../../../server/store/dynamo/derived-dynamo.ts";
import { createDynamoStore } from "../../../server/store/dynamo/dynamo.ts";
import { createDocumentClient, EMULATOR_CREDENTIALS } from "../../../server/store/dynamo/dynamo-client.ts";
import { createTestClock } from "../../kit/clock.ts";
import { startDynalite } from "../../kit/dynamo/dynalite-server.ts";
import { type Running, startEmbedded } from "../../kit/postgres/each-postgres.ts";
import { findPostgres, startPostgres } from "../../kit/postgres/native.ts";
import { seededRandom } from "../../kit/random.ts";
import { makeCity } from "../../kit/sample-reports.ts";
import { countByHand, DAY, HOUR, readCounts } from "../../kit/score-world.ts";
import { startTcpProxy } from "../../kit/tcp-proxy.ts";

/** Kills by SIGKILL; `KILLS=50 npm test` makes more of them. */
const KILLS = Number(process.env.KILLS ?? 4);
const BATCH = 100;

/** What happens to the databases in an hour while the scorer runs. */
const FAULTS = ["PostgreSQL crashes", "DynamoDB is cut off", "none", "PostgreSQL is away all hour"] as const;
const HOURS = KILLS + 1;

const bin = findPostgres();

describe("history and counts", () => {
  let dynamo: Awaited<ReturnType<typeof startDynalite>>;
  let postgres: Running;
  let pool: Pool;
  beforeAll(async () => {
    [dynamo, postgres] = await Promise.all([startDynalite(), startEmbedded()]);
    pool = createPool(postgres.address, silentLog);
    await migrateDatabase(pool);
  });
  beforeEach(async () => {
    await pool.query("TRUNCATE neighborhood_scores, report_counts, scored_slices, cells_to_count, counted_parts");
    await pool.query("UPDATE score_state SET counted_until = NULL");
  });
  afterAll(async () => {
    await pool.end();
    await Promise.all([dynamo.stop(), postgres.close()]);
  });

  const openStores = (table: string, endpoint: string, clock: Clock) => {
    const client = createDocumentClient({ endpoint, region: "local", credentials: EMULATOR_CREDENTIALS });
    const options = { client, table, clock };
    return { store: createDynamoStore(options), derived: createDynamoDerivedStore(options) };
  };

  it(`are, after ${KILLS} SIGKILLs of the scorer, what an undisturbed one makes`, async () => {
    const clock = { now: Date.now };
    const { store, derived } = openStores("kill", dynamo.endpoint, clock);
    await store.migrate();
    const sql = sqlOfPool(pool);
    const score = () => createScorer({ store, derived, sql, clock, log: silentLog }).run();
    const random = seededRandom(8);
    const reports = makeCity(BATCH * KILLS, clock.now());
    let killedAtWork = 0;
    for (let kill = 0; kill < KILLS; kill++) {
      await store.putMany(reports.slice(kill * BATCH, (kill + 1) * BATCH));
      await createCompactor({ store, derived, clock, log: silentLog }).run();
      const child = scoreProcess(dynamo.endpoint, postgres.address.url);
      await once(child.stdout ?? child, "data");
      await sleep(random() * 200);
      if (child.exitCode === null) killedAtWork++;
      child.kill("SIGKILL");
      if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
    }
    expect(killedAtWork).toBeGreaterThan(0);
    await score();
    const scored = await readScores(pool, new Date());
    expect((await readCounts(pool)).map(({ city, ...row }) => row)).toEqual(countByHand(reports));

    // An undisturbed scorer, on empty tables.
    await sql("TRUNCATE neighborhood_scores, report_counts, scored_slices, cells_to_count, counted_parts");
    await sql("UPDATE score_state SET counted_until = NULL");
    await score();
    expect(scored).toEqual(await readScores(pool, new Date()));
    expect((await readCounts(pool)).map(({ city, ...row }) => row)).toEqual(countByHand(reports));
    await store.close();
  });

  it.skipIf(bin === undefined)(
    `have no gap but the hours without a database, no row twice, and end as undisturbed, when databases crash${bin === undefined ? " (skipped: no native PostgreSQL)" : ""}`,
    async () => {
      const clock = createTestClock();
      const native = await startPostgres(bin ?? "");
      const proxy = await startTcpProxy(Number(new URL(dynamo.endpoint).port));
      const disturbedPool = createPool({ url: native.url, embedded: false }, silentLog);
      onTestFinished(async () => {
        await disturbedPool.end();
        await Promise.all([proxy.close(), native.close()]);
      });
      await migrateDatabase(disturbedPool);
      const direct = openStores("crash", dynamo.endpoint, clock);
      const throughProxy = openStores("crash", `http://127.0.0.1:${proxy.port}`, clock);
      await direct.store.migrate();
      const compactor = createCompactor({ ...direct, clock, log: silentLog });
      const quiet = createScorer({ ...direct, sql: sqlOfPool(pool), clock, log: silentLog });
      const sql = sqlOfPool(disturbedPool);
      /** Called when a statement is sent, so that a fault meets it under way. */
      let onStatement = async () => {};
      const watched: RunSql = async (text, values) => {
        const [rows] = await Promise.all([sql(text, values), onStatement()]);
        return rows as never;
      };
      const fresh = () => createScorer({ ...throughProxy, sql: watched, clock, log: silentLog });
      let disturbed = fresh();
      const random = seededRandom(12);
      // None expires meanwhile: whoever came late would not count it.
      const reports = makeCity(BATCH * HOURS, clock.now(), 3).filter(
        ({ createdAtMs }) => createdAtMs > clock.now() - 60 * DAY,
      );
      const broken = new Set<string>();
      const scoredHours: Date[] = [];
      for (let hour = 0; hour < HOURS; hour++) {
        await direct.store.putMany(reports.slice(hour * BATCH, (hour + 1) * BATCH));
        await compactor.run();
        await quiet.run();
        const fault = FAULTS[hour % FAULTS.length] ?? "none";
        if (fault === "PostgreSQL is away all hour") await native.crash();
        let countdown = 1 + Math.floor(random() * 4);
        onStatement = async () => {
          if (--countdown !== 0) return;
          if (fault === "PostgreSQL crashes") await native.crash();
          if (fault === "DynamoDB is cut off") proxy.set("refuse");
        };
        if (!(await settle(disturbed))) broken.add(fault);
        if (fault.startsWith("PostgreSQL")) await native.restart();
        proxy.set("pass");
        if (fault !== "PostgreSQL is away all hour") {
          // Another process that takes over does not know what was done.
          if (random() < 0.5) disturbed = fresh();
          // Each connection of the pool that broke fails once more.
          for (let tries = 0; !(await settle(disturbed)); tries++) expect(tries).toBeLessThan(10);
          scoredHours.push(new Date(clock.now()));
        }
        clock.nowMs += HOUR;
      }
      expect(broken).toEqual(new Set(FAULTS.filter((fault) => fault !== "none")));

      for (const at of scoredHours) expect(await readScores(disturbedPool, at)).toEqual(await readScores(pool, at));
      const { rows } = await disturbedPool.query(
        `SELECT count(*)::int AS rows, count(DISTINCT (geohash, date_trunc('hour', calculated_at)))::int AS hours
         FROM neighborhood_scores`,
      );
      expect(rows[0].hours).toBe(rows[0].rows);
      expect((await readCounts(disturbedPool)).map(({ city, ...row }) => row)).toEqual(countByHand(reports));
      await Promise.all([direct.store.close(), throughProxy.store.close()]);
    },
  );
});

/** Scores of every cell as they stood at a time, by what was written until then. */
async function readScores(pool: Pool, at: Date): Promise<unknown[]> {
  const { rows } = await pool.query(
    `SELECT DISTINCT ON (geohash) geohash, safety, vibe, infrastructure, opportunity, overall, report_count_7d, city
     FROM neighborhood_scores WHERE calculated_at <= $1 ORDER BY geohash, calculated_at DESC`,
    [at],
  );
  return rows;
}

const settle = (scorer: Scorer): Promise<boolean> =>
  scorer.run().then(
    () => true,
    () => false,
  );

/** A process that scores; the first it prints says that it is about to. */
function scoreProcess(endpoint: string, databaseUrl: string): ChildProcess {
  return spawn(process.execPath, ["test/server/scores/score-process.ts"], {
    env: { ...process.env, ENDPOINT: endpoint, TABLE: "kill", DATABASE_URL: databaseUrl },
    stdio: ["ignore", "pipe", "inherit"],
  });
}
