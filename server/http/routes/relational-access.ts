import type { Context } from "hono";
import type { Capability } from "../../accounts/subscription.ts";
import { createRateLimit } from "../../kit/rate-limit.ts";
import { DatabaseUnavailableError } from "../../ports/sql.ts";
import type { AppEnv, AppParts } from "../core/app-parts.ts";
import { ProblemError, problemAnswer, unexpectedAnswer } from "../core/problem.ts";
import type { KeyGate } from "../middleware/api-key.ts";

const DEFAULT_PER_MINUTE = 60;
const RETRY_AFTER_SECONDS = 5;

export interface RelationalAccess {
  /**
   * Lets a request in, then answers it. @throws ProblemError what the gate says, 429 over the rate limit, 503 when
   * PostgreSQL is away.
   */
  answer<T>(c: Context<AppEnv>, capability: Capability, work: () => Promise<T>): Promise<T>;
}

/**
 * Who may ask PostgreSQL questions, and how often: whoever has a key as much as the account's plan gives; everybody else too, for
 * now, trends and exports sharing one allowance per client address.
 */
export function createRelationalAccess(parts: AppParts, gate: KeyGate | undefined): RelationalAccess {
  const { clock, settings } = parts;
  const perMinute = settings.questionsPerMinute ?? DEFAULT_PER_MINUTE;
  const rateLimit = createRateLimit({ clock, perMinute });

  async function admitAddress(c: Context<AppEnv>): Promise<undefined> {
    const waitSeconds = await rateLimit.take(parts.clientAddress(c) ?? "unknown");
    if (waitSeconds === 0) return;
    const detail = `At most ${perMinute} questions a minute are answered to one address.`;
    throw new ProblemError({ status: 429, detail, headers: { "Retry-After": `${waitSeconds}` } });
  }

  return {
    answer: (c, capability, work) =>
      orAway(async () => {
        // A browser's cache must not answer a key that is refused now with what another was given.
        c.header("Vary", "Authorization");
        const caller = await gate?.identify(c);
        const call = caller === undefined ? await admitAddress(c) : await gate?.admit(caller, capability);
        for (const [name, value] of Object.entries(call?.headers ?? {})) c.header(name, value);
        try {
          const answer = await work();
          call?.answered();
          return answer;
        } catch (error) {
          call?.failed();
          throw error;
        }
      }),
  };
}

/** @throws ProblemError 503 when PostgreSQL is away */
export async function orAway<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw error instanceof DatabaseUnavailableError ? new ProblemError(databaseAway(error)) : error;
  }
}

const databaseAway = ({ message }: DatabaseUnavailableError) => ({
  status: 503,
  kind: "database-unavailable",
  detail: `${message}; it keeps scores, counts and accounts. Tiles and reports go on; try again.`,
  headers: { "Retry-After": `${RETRY_AFTER_SECONDS}` },
});

/** Name of the security scheme that the OpenAPI document has for keys. */
export const KEY_SCHEME = "key";
/** Of a route that takes a key and does without. */
export const OPTIONAL_KEY = [{}, { [KEY_SCHEME]: [] }];

/** What every one of these routes may answer beside its own. */
export const relationalAnswers = {
  400: problemAnswer("A parameter is wrong; `errors` names it, and its limit."),
  401: problemAnswer("There is no such key, or it was revoked."),
  403: problemAnswer("The plan of the key's account does not include this, or its subscription is not active."),
  429: problemAnswer("Too many questions from this address, or the account's month is used up; Retry-After says when."),
  ...unexpectedAnswer,
  503: problemAnswer("PostgreSQL does not answer, or as many exports run as may; Retry-After says when."),
};
