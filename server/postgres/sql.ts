import type { Pool } from "pg";
import type { RunSql } from "../ports/sql.ts";

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
