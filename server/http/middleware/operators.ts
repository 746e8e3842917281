import type { Context, MiddlewareHandler } from "hono";
import { isOperator } from "../../accounts/operator-rights.ts";
import { createRateLimit } from "../../kit/rate-limit.ts";
import type { RunSql, Sql } from "../../ports/sql.ts";
import type { AppEnv, AppParts } from "../core/app-parts.ts";
import { ProblemError, problemAnswer } from "../core/problem.ts";
import { type ApiKeys, relationalAnswers } from "./api-key.ts";
import { requireSignedIn, signedInOf } from "./signed-in.ts";

/** Of one account with a session; with a key its own minute holds. */
const OPERATOR_CALLS_PER_MINUTE = 600;

/** What every route of operators may answer beside its own. */
export const operatorAnswers = {
  400: relationalAnswers[400],
  401: problemAnswer("Neither a key that there is nor a session."),
  403: problemAnswer("The account is no operator's: `npm run account -- operator EMAIL` says who is."),
  429: relationalAnswers[429],
  500: relationalAnswers[500],
  503: problemAnswer("PostgreSQL does not answer; Retry-After says when."),
};

/** Before routes of operators, who send a key of theirs or are signed in. Whoever else comes ends at 401 or 403. */
export function requireOperator(parts: AppParts, sql: Sql, keys: ApiKeys): MiddlewareHandler<AppEnv> {
  const minutes = createRateLimit({ clock: parts.clock, perMinute: OPERATOR_CALLS_PER_MINUTE });
  const signedIn = requireSignedIn(parts);

  async function isAllowed(c: Context<AppEnv>): Promise<boolean> {
    const caller = c.get("caller");
    if (caller !== undefined) return caller.account.isOperator;
    const { userId, isDemo } = signedInOf(c);
    const waitSeconds = minutes.take(userId);
    if (waitSeconds > 0) throw new ProblemError({ ...TOO_OFTEN, headers: { "Retry-After": `${waitSeconds}` } });
    return !isDemo && (await isOperator(sql, userId));
  }

  return async function requireOperator(c, next) {
    c.header("Cache-Control", "private, no-store");
    const goOn = async () => {
      if (!(await isAllowed(c))) throw new ProblemError(NO_OPERATOR);
      await next();
    };
    const sendsKey = /^Bearer\b/i.test(c.req.header("Authorization") ?? "") || c.req.query("key") !== undefined;
    return sendsKey ? keys.required(c, goOn) : signedIn(c, goOn);
  };
}

/** Who does it, behind `requireOperator`. */
export const operatorIdOf = (c: Context<AppEnv>): string => c.get("caller")?.account.userId ?? signedInOf(c).userId;

/** Questions tell a database that is away from a statement that is wrong. */
export const runOf =
  (sql: Sql): RunSql =>
  async (text, values = []) =>
    (await sql.query(text, values)) as never;

const TOO_OFTEN = {
  status: 429,
  detail: `At most ${OPERATOR_CALLS_PER_MINUTE} calls a minute are answered to one account.`,
};
const NO_OPERATOR = { status: 403, kind: "no-operator", detail: "This is for operators." };
