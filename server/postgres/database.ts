import { setTimeout as sleep } from "node:timers/promises";
import type { Pool } from "pg";
import type { Log } from "../console/log.ts";
import { errorCode, OperatorError } from "../console/operator-error.ts";
import type { DatabaseAddress } from "../embedded/stores.ts";
import { migrateDatabase } from "./migrate.ts";
import { createPool } from "./pool.ts";

export interface Database {
  readonly pool: Pool;
  /** How opening went: what was migrated, or that it is away. */
  readonly state: string;
  /** Resolves when it answers. */
  ping(): Promise<void>;
  close(): Promise<void>;
}

const RETRY_MS = 15_000;

/**
 * Opens PostgreSQL and brings it forward. Tiles and reports do not need it, so a real one that is away does not keep the
 * server from starting: it is brought forward when it comes back.
 * @throws OperatorError when it answers but refuses us, or is newer than this program.
 */
export async function openDatabase(address: DatabaseAddress, log: Log): Promise<Database> {
  const pool = createPool(address, log);
  const retry = new AbortController();
  let retrying: Promise<void> | undefined;
  let state: string;
  try {
    state = describe((await migrateDatabase(pool)).length);
  } catch (error) {
    if (address.embedded || !isAway(error)) {
      await pool.end();
      throw explain(error);
    }
    log.warn("PostgreSQL does not answer: serving without it until it does", { error });
    state = "does not answer yet";
    retrying = migrateLater(pool, log, retry.signal);
  }
  return {
    pool,
    state,
    ping: async () => void (await pool.query("SELECT 1")),
    async close() {
      retry.abort();
      await retrying;
      await pool.end();
    },
  };
}

const describe = (count: number) =>
  count === 0 ? "up to date" : `${count} migration${count === 1 ? "" : "s"} applied`;

async function migrateLater(pool: Pool, log: Log, signal: AbortSignal): Promise<void> {
  while (await sleep(RETRY_MS, true, { signal, ref: false }).catch(() => false)) {
    try {
      const applied = await migrateDatabase(pool);
      return log.info("PostgreSQL is back", { migrations: applied.length });
    } catch (error) {
      if (!isAway(error)) return log.error("PostgreSQL cannot be used", { error });
    }
  }
}

/** SQLSTATE classes of a server that is there but cannot serve now: connection, resources, operator intervention. */
const AWAY_CLASSES = new Set(["08", "53", "57"]);

function isAway(error: unknown): boolean {
  const code = errorCode(error);
  const isSqlState = code !== undefined && /^[0-9A-Z]{5}$/.test(code);
  return !(error instanceof OperatorError) && (!isSqlState || AWAY_CLASSES.has(code.slice(0, 2)));
}

/** Wrong credentials and a database that does not exist are for the operator; a migration that fails is our bug. */
export function explain(error: unknown): unknown {
  const code = errorCode(error) ?? "";
  if (!/^(28|3D)/.test(code) || !(error instanceof Error)) return error;
  return new OperatorError(
    `PostgreSQL refuses DATABASE_URL (${error.message}): correct its user, password or database name.`,
  );
}
