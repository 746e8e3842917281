/** Runs one statement and answers its rows. On Node a pool does, in a Worker a connection of the request. */
export type RunSql = <Row extends object>(text: string, values?: readonly unknown[]) => Promise<Row[]>;

/** What the relational questions need of PostgreSQL: one statement at a time, with its values apart from its text. */
export interface Sql {
  /** @throws DatabaseUnavailableError when PostgreSQL is away, too slow, or not brought forward yet. */
  query(text: string, values: readonly unknown[]): Promise<SqlRow[]>;
}

/** A row by column name, as the driver reads the types: `float8` and `integer` as number, `date` and `numeric` as text. */
export type SqlRow = Readonly<Record<string, unknown>>;

/**
 * PostgreSQL does not answer this question now: 503 with Retry-After. Tiles and reports go on. The message is for whoever
 * asked: half a sentence that says why.
 */
export class DatabaseUnavailableError extends Error {
  override readonly name = "DatabaseUnavailableError";
}

/** What PostgreSQL is asked. */
export interface Statement {
  readonly text: string;
  readonly values: unknown[];
}
