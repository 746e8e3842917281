import type { Log } from "../console/log.ts";
import { DatabaseUnavailableError, type RunSql, type Sql, type SqlRow } from "../ports/sql.ts";

/** Tells a database that is away from a statement that is wrong. The driver's and the server's limits end what is slow. */
export function createSql(run: RunSql, log: Log): Sql {
  return {
    async query(text, values) {
      try {
        return await run<SqlRow>(text, values);
      } catch (error) {
        if (isOurFault(error) || error instanceof DatabaseUnavailableError) throw error;
        log.warn("PostgreSQL did not answer a question", { error });
        throw new DatabaseUnavailableError("PostgreSQL does not answer", { cause: error });
      }
    },
  };
}

const UNDEFINED_TABLE = "42P01";

/**
 * SQLSTATE classes of a statement that no time will mend: data, constraints, syntax. A table that is not there yet will be:
 * a database that was away at the start is brought forward when it comes back.
 */
function isOurFault(error: unknown): boolean {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  return /^(22|23|42)[0-9A-Z]{3}$/.test(code) && code !== UNDEFINED_TABLE;
}
