import type { Context } from "hono";
import type { RunSql, Sql } from "../../ports/sql.ts";
import type { AppEnv } from "../core/app-parts.ts";
import { ProblemError, problemAnswer } from "../core/problem.ts";
import { KEY_NEEDED, relationalAnswers } from "./api-key.ts";

/** What every route of operators may answer beside its own. */
export const operatorAnswers = {
  400: relationalAnswers[400],
  401: problemAnswer("Neither a key that there is nor a session."),
  403: problemAnswer("The account is no operator's: `npm run account -- operator EMAIL` says who is."),
  429: relationalAnswers[429],
  500: relationalAnswers[500],
  503: problemAnswer("PostgreSQL does not answer; Retry-After says when."),
};

/** Who does it. */
export function operatorIdOf(c: Context<AppEnv>): string {
  const caller = c.get("caller");
  if (caller === undefined) throw new ProblemError(KEY_NEEDED);
  return caller.account.userId;
}

/** Questions tell a database that is away from a statement that is wrong. */
export const runOf =
  (sql: Sql): RunSql =>
  async (text, values = []) =>
    (await sql.query(text, values)) as never;
