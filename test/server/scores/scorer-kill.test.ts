import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import type { Pool } from "pg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { silentLog } from "../../../server/console/log.ts";
import type { DatabaseAddress } from "../../../server/embedded/stores.ts";
import { migrateDatabase } from "../../../server/postgres/migrate.ts";
import { createPool } from "../../../server/postgres/pool.ts";
import { sqlOfPool } from "../../../server/postgres/sql.ts";
import { createCompactor } from "../../../server/pyramid/compactor.ts";
import { createScorer } from "../../../server/scores/scorer.ts";
import { createDynamoDerivedStore } from "../../../server/store/derived-dynamo.ts";
import { createDynamoStore } from "../../../server/store/dynamo.ts";
import { createDocumentClient, EMULATOR_CREDENTIALS } from "../../../server/store/dynamo-client.ts";
import { makeCity, seededRandom } from "../../tiles/sample-reports.ts";
import { startEmbedded } from "../postgres/each-postgres.ts";
import { startDynalite } from "../store/dynalite-server.ts";
import { countByHand, readCounts } from "./world.ts";

/** Kills by SIGKILL; `KILLS=50 npm test` makes more of them. */
const KILLS = Number(process.env.KILLS ?? 4);
const BATCH = 100;

describe("a scoring process, killed", () => {
  let dynamo: Awaited<ReturnType<typeof startDynalite>>;
  let postgres: { address: DatabaseAddress; close(): Promise<void> };
  let pool: Pool;
  beforeAll(async () => {
    [dynamo, postgres] = await Promise.all([startDynalite(), startEmbedded()]);
    pool = createPool(postgres.address, silentLog);
    await migrateDatabase(pool);
  });
  afterAll(async () => {
    await pool.end();
    await Promise.all([dynamo.stop(), postgres.close()]);
  });

  it(`leaves, after ${KILLS} SIGKILLs, what an undisturbed scorer makes`, {
    timeout: 20_000 + KILLS * 5000,
  }, async () => {
    const clock = { now: Date.now };
    const client = createDocumentClient({
      endpoint: dynamo.endpoint,
      region: "local",
      credentials: EMULATOR_CREDENTIALS,
    });
    const options = { client, table: "kill", clock };
    const store = createDynamoStore(options);
    const derived = createDynamoDerivedStore(options);
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
      await new Promise((resolve) => setTimeout(resolve, random() * 200));
      if (child.exitCode === null) killedAtWork++;
      child.kill("SIGKILL");
      if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
    }
    expect(killedAtWork).toBeGreaterThan(0);
    await score();
    const scored = await readScores(pool);
    expect((await readCounts(pool)).map(({ city, ...row }) => row)).toEqual(countByHand(reports));

    // An undisturbed scorer, on empty tables.
    await sql("TRUNCATE neighborhood_scores, report_counts, scored_slices");
    await sql("UPDATE score_state SET counted_until = NULL");
    await score();
    expect(scored).toEqual(await readScores(pool));
    expect((await readCounts(pool)).map(({ city, ...row }) => row)).toEqual(countByHand(reports));
    await store.close();
  });
});

/** The newest scores of every cell. */
async function readScores(pool: Pool): Promise<unknown[]> {
  const { rows } = await pool.query(
    `SELECT DISTINCT ON (geohash) geohash, safety, vibe, infrastructure, opportunity, overall, report_count_7d, city
     FROM neighborhood_scores ORDER BY geohash, calculated_at DESC`,
  );
  return rows;
}

/** A process that scores; the first it prints says that it is about to. */
function scoreProcess(endpoint: string, databaseUrl: string): ChildProcess {
  return spawn(process.execPath, ["test/server/scores/score-process.ts"], {
    env: { ...process.env, ENDPOINT: endpoint, TABLE: "kill", DATABASE_URL: databaseUrl },
    stdio: ["ignore", "pipe", "inherit"],
  });
}
