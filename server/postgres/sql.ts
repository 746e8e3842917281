import type { Pool } from "pg";

/** Runs one statement and answers its rows. On Node a pool does, in a Worker a connection of the request. */
export type RunSql = <Row extends object>(text: string, values?: readonly unknown[]) => Promise<Row[]>;

export function sqlOfPool(pool: Pool): RunSql {
  return async <Row extends object>(text: string, values: readonly unknown[] = []) =>
    (await pool.query<Row>(text, [...values])).rows;
}
