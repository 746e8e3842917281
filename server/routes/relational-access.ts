import type { Context } from "hono";
import type { AppEnv, AppParts, Capability } from "../app-parts.ts";
import { ProblemError, problemAnswer, unexpectedAnswer } from "../http/problem.ts";
import { createRateLimit } from "../reports/rate-limit.ts";
import { DatabaseUnavailableError } from "../trends/sql.ts";

const DEFAULT_PER_MINUTE = 60;
const RETRY_AFTER_SECONDS = 5;

export interface RelationalAccess {
  /**
   * Lets a request in, then answers it. @throws ProblemError what the gate says, 429 over the rate limit, 503 when
   * PostgreSQL is away.
   */
  answer<T>(c: Context<AppEnv>, capability: Capability, work: () => Promise<T>): Promise<T>;
}

/** Who may ask PostgreSQL questions, and how often: trends and exports share one allowance per client. */
export function createRelationalAccess(parts: AppParts): RelationalAccess {
  const { clock, settings } = parts;
  const perMinute = settings.questionsPerMinute ?? DEFAULT_PER_MINUTE;
  const rateLimit = createRateLimit({ clock, perMinute });
  return {
    async answer(c, capability, work) {
      const refusal = await parts.allow?.(c, capability);
      if (refusal !== undefined) throw new ProblemError(refusal);
      const waitSeconds = await rateLimit.take(parts.clientAddress(c) ?? "unknown");
      if (waitSeconds > 0) {
        const detail = `At most ${perMinute} questions a minute are answered to one address.`;
        throw new ProblemError({ status: 429, detail, headers: { "Retry-After": `${waitSeconds}` } });
      }
      try {
        return await work();
      } catch (error) {
        throw error instanceof DatabaseUnavailableError ? new ProblemError(databaseAway) : error;
      }
    },
  };
}

const databaseAway = {
  status: 503,
  kind: "database-unavailable",
  detail: "PostgreSQL, which keeps scores and counts, does not answer. Tiles and reports go on; try again.",
  headers: { "Retry-After": `${RETRY_AFTER_SECONDS}` },
};

/** What every one of these routes may answer beside its own. */
export const relationalAnswers = {
  400: problemAnswer("A parameter is wrong; `errors` names it, and its limit."),
  429: problemAnswer("Too many questions from this address; Retry-After says when."),
  ...unexpectedAnswer,
  503: problemAnswer("PostgreSQL does not answer, or as many exports run as may; Retry-After says when."),
};
