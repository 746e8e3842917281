import { readdir } from "node:fs/promises";
import type { Pool, PoolClient } from "pg";
import Postgrator from "postgrator";
import { OperatorError } from "../console/operator-error.ts";
import { fromRoot } from "../console/root.ts";

const MIGRATIONS = fromRoot("migrations");

/** Any number that nobody else in the database takes as an advisory lock. */
const LOCK = 7_265_738_401;

export interface AppliedMigration {
  readonly version: number;
  readonly name: string;
}

/**
 * Brings the database forward to the newest numbered SQL file (`NNN.do.name.sql`), one transaction a file: it and its row in
 * `schema_migrations` are there together or not at all. Safe to repeat and to run from several processes at once. Answers
 * with what it applied.
 * @throws OperatorError when the database is newer than the files, or a file was changed after it was applied.
 */
export async function migrateDatabase(pool: Pool, folder = MIGRATIONS): Promise<AppliedMigration[]> {
  const versions = await readVersions(folder);
  const applied: AppliedMigration[] = [];
  for (let done = false; !done; ) {
    const step = await inTransaction(pool, (client) => applyNext(client, folder, versions));
    applied.push(...step);
    done = step.length === 0;
  }
  return applied;
}

/** postgrator itself neither locks nor ties a file to its row, so it runs inside a transaction that does both. */
async function applyNext(client: PoolClient, folder: string, versions: readonly number[]): Promise<AppliedMigration[]> {
  // The pool's limit is for requests; a migration, or the wait for another's, may take longer.
  await client.query("SET LOCAL statement_timeout = 0");
  await client.query("SELECT pg_advisory_xact_lock($1)", [LOCK]);
  const postgrator = new Postgrator({
    driver: "pg",
    migrationPattern: `${folder}/*.sql`,
    schemaTable: "schema_migrations",
    newline: "LF",
    execQuery: (query) => client.query(query),
  });
  const current = await postgrator.getDatabaseVersion();
  const newest = versions.at(-1) ?? 0;
  if (current > newest) {
    throw new OperatorError(
      `The database is at migration ${current}, but this version of the program knows only ${newest}: run a newer version.`,
    );
  }
  const target = versions.find((version) => version > current) ?? current;
  try {
    const done = await postgrator.migrate(String(target));
    return done.map(({ version, name }) => ({ version, name }));
  } catch (error) {
    throw isChecksumFault(error) ? new OperatorError(changedSentence(error.message)) : error;
  }
}

function isChecksumFault(error: unknown): error is Error {
  return error instanceof Error && error.message.startsWith("MD5 checksum failed");
}

function changedSentence(fault: string): string {
  return `A migration was changed after it was applied to this database (${fault}): restore the file, and put the change in a new one.`;
}

/** Ascending. */
async function readVersions(folder: string): Promise<number[]> {
  const names = (await readdir(folder)).filter((name) => name.endsWith(".sql"));
  for (const name of names) {
    if (!/^\d{3}\.do\.[a-z0-9_]+\.sql$/.test(name)) throw new RangeError(`not named NNN.do.name.sql: ${name}`);
  }
  return names.map((name) => Number(name.slice(0, 3))).sort((a, b) => a - b);
}

async function inTransaction<T>(pool: Pool, work: (client: PoolClient) => Promise<T>): Promise<T> {
  const client = await pool.connect();
  // A connection that breaks also fails what is asked of it, which is where it is told; without a listener it would end the process.
  client.on("error", ignore);
  try {
    await client.query("BEGIN");
    const result = await work(client);
    await client.query("COMMIT");
    client.off("error", ignore);
    client.release();
    return result;
  } catch (error) {
    // Closed instead of rolled back: the connection itself may be what failed.
    client.release(true);
    throw error;
  }
}

function ignore(): void {}
