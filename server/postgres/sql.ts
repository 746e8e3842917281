import type { Pool } from "pg";

/** Runs one statement and answers its rows. On Node a pool does, in a Worker a connection of the request. */
export type RunSql = <Row extends object>(text: string, values?: readonly unknown[]) => Promise<Row[]>;

/**
 * The server itself ends a statement after 15 s; a network that swallows everything would let us wait for a quarter of an
 * hour. The pool then closes the connection.
 */
const ANSWER_WITHIN_MS = 20_000;

export function sqlOfPool(pool: Pool, answerWithinMs = ANSWER_WITHIN_MS): RunSql {
  return async <Row extends object>(text: string, values: readonly unknown[] = []) => {
    const query = { text, values: [...values], query_timeout: answerWithinMs };
    return (await pool.query<Row>(query)).rows;
  };
}
