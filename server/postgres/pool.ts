import { Pool } from "pg";
import type { Log } from "../console/log.ts";

export interface DatabaseAddress {
  /** What `pg` connects to. */
  readonly url: string;
  /** The embedded one runs one statement at a time: more than one connection only queues. */
  readonly embedded: boolean;
}

/** A serverless Aurora takes seconds to wake, but nobody on the tile path waits for this. */
const CONNECT_TIMEOUT_MS = 10_000;
const STATEMENT_TIMEOUT_MS = 15_000;
const IDLE_TIMEOUT_MS = 30_000;
const MAX_CONNECTIONS = 10;

/** Connections to PostgreSQL; the first is opened by the first query. */
export function createPool({ url, embedded }: DatabaseAddress, log: Log): Pool {
  const pool = new Pool({
    connectionString: url,
    application_name: "stratum",
    max: embedded ? 1 : MAX_CONNECTIONS,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    idleTimeoutMillis: IDLE_TIMEOUT_MS,
    statement_timeout: STATEMENT_TIMEOUT_MS,
    keepAlive: true,
  });
  // An idle connection that breaks is replaced by the next query; without a listener it would end the process.
  pool.on("error", (error) => log.warn("idle PostgreSQL connection lost", { error }));
  return pool;
}
