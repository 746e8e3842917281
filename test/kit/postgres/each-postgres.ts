import type { Pool } from "pg";
import { afterAll, beforeAll, beforeEach, describe } from "vitest";
import { silentLog } from "../../../server/console/log.ts";
import { errorCode } from "../../../server/console/operator-error.ts";
import { migrateDatabase } from "../../../server/postgres/migrate.ts";
import type { DatabaseAddress } from "../../../server/postgres/pool.ts";
import { createPool } from "../../../server/postgres/pool.ts";
import { readConfig } from "../../../server/runtime/config.ts";
import { openStores } from "../../../server/runtime/stores/stores.ts";
import { findPostgres, startPostgres } from "./native.ts";

export interface Running {
  readonly address: DatabaseAddress;
  close(): Promise<void>;
}

export async function startEmbedded(): Promise<Running> {
  const stores = openStores(readConfig({ DATA_DIR: "memory" }), { role: "server", log: silentLog });
  return { address: await stores.database(), close: stores.close };
}

/** `TEST_DATABASE_URL`, or a server started for the test. */
export async function startNative(): Promise<Running> {
  const url = process.env.TEST_DATABASE_URL;
  if (url !== undefined) return { address: { url, embedded: false }, close: async () => {} };
  const postgres = await startPostgres(findPostgres() ?? "");
  return { address: { url: postgres.url, embedded: false }, close: postgres.close };
}

const place = process.env.TEST_DATABASE_URL === undefined ? findPostgres() : "TEST_DATABASE_URL";

/**
 * Describes what holds on the embedded and, in the extended tier and when there is one, on a native PostgreSQL, both migrated;
 * before each test the tables named are empty, and what refers to them.
 */
export function describeOnEachPostgres(
  what: string,
  tables: readonly string[],
  suite: (pool: () => Pool, address: () => DatabaseAddress) => void,
): void {
  describe(`${what} on the embedded PostgreSQL`, () => describeOn(startEmbedded, tables, suite));
  describe.skipIf(place === undefined)(
    place === undefined
      ? `${what} on a native PostgreSQL (skipped: no initdb on PATH or in /usr/lib/postgresql, no TEST_DATABASE_URL)`
      : `${what} on a native PostgreSQL (${place})`,
    { tags: "slow" },
    () => describeOn(startNative, tables, suite),
  );
}

function describeOn(
  start: () => Promise<Running>,
  tables: readonly string[],
  suite: (pool: () => Pool, address: () => DatabaseAddress) => void,
): void {
  let running: Running;
  let pool: Pool;
  beforeAll(async () => {
    running = await start();
    pool = createPool(running.address, silentLog);
    await migrateDatabase(pool);
  });
  beforeEach(async () => {
    await emptyTables(pool, tables);
  });
  afterAll(async () => {
    await pool.end();
    await running.close();
  });
  suite(
    () => pool,
    () => running.address,
  );
}

const DEADLOCK_DETECTED = "40P01";

/** What the test before left going behind its last answer may hold a table: of two that wait for each other PostgreSQL ends one. */
async function emptyTables(pool: Pool, tables: readonly string[]): Promise<void> {
  for (;;) {
    try {
      await pool.query(`TRUNCATE ${tables.join(", ")} CASCADE`);
      return;
    } catch (error) {
      if (errorCode(error) !== DEADLOCK_DETECTED) throw error;
    }
  }
}
