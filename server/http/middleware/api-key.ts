import type { Context, MiddlewareHandler } from "hono";
import { type AdmittedCall, createAdmission, isRefusal, type Refusal } from "../../accounts/admission.ts";
import { isKey } from "../../accounts/key.ts";
import { type Caller, createKeyLookup } from "../../accounts/key-lookup.ts";
import { type Capability, isActive } from "../../accounts/subscription.ts";
import type { UsageLog } from "../../accounts/usage-log.ts";
import { lineOf } from "../../kit/network-address.ts";
import { createRateLimit } from "../../kit/rate-limit.ts";
import { DatabaseUnavailableError, type Sql } from "../../ports/sql.ts";
import type { AppEnv, AppParts } from "../core/app-parts.ts";
import { invalidRequest, ProblemError, problemAnswer, unexpectedAnswer } from "../core/problem.ts";

/** Questions of one address a minute. */
const DEFAULT_QUESTIONS_PER_MINUTE = 60;
/** Calls of one account a minute, in place of an address's: what PostgreSQL bears, not what is sold. */
const DEFAULT_CALLS_PER_MINUTE = 600;
/** Keys of one address that are looked up in PostgreSQL a minute: a guess costs as much as a question. */
const LOOKUPS_PER_MINUTE = 600;

/** Who may ask PostgreSQL questions, and how often. A key comes as `Authorization: Bearer KEY`. */
export interface ApiKeys {
  /**
   * Before a route that costs a call: whoever has a key may ask as much as the account's plan gives, everybody else as often as
   * one address may; a call counts once it is answered. Ends the request with 400 when a key is in the address, 401 when there is no such
   * key, 403 when the plan does not include it or is not active, 429 over a limit.
   */
  metered(capability: Capability): MiddlewareHandler<AppEnv>;
  /** Before a route that needs a key and costs nothing but a turn of the account's minute; the route finds its `caller`. */
  readonly required: MiddlewareHandler<AppEnv>;
  /**
   * Who sent a key of an active subscription, for a route that gives such clients more and counts nothing; undefined for everybody else,
   * also while PostgreSQL is away. @throws ProblemError 401 when there is no such key
   */
  customerOf(c: Context<AppEnv>): Promise<Caller | undefined>;
  /** Who sent a key, whatever the plan; undefined without one. @throws ProblemError 401 when there is no such key */
  callerOf(c: Context<AppEnv>): Promise<Caller | undefined>;
}

/** @param usage where calls of keys are counted; without it keys mean nothing, and all are let in by their address. */
export function createApiKeys(parts: AppParts, sql: Sql, usage: UsageLog | undefined): ApiKeys {
  const { clock, settings } = parts;
  const perMinute = settings.questionsPerMinute ?? DEFAULT_QUESTIONS_PER_MINUTE;
  const questions = createRateLimit({ clock, perMinute });
  const lookups = createRateLimit({ clock, perMinute: LOOKUPS_PER_MINUTE });
  const keys = usage && createKeyLookup(sql, usage, clock);
  const callsPerMinute = settings.keyCallsPerMinute ?? DEFAULT_CALLS_PER_MINUTE;
  const admission = usage && createAdmission({ clock, usage, perMinute: callsPerMinute });
  const clientOf = (c: Context<AppEnv>) => lineOf(parts.clientAddress(c) ?? "");

  /** Who sent the request; undefined without a key. */
  async function identify(c: Context<AppEnv>): Promise<Caller | undefined> {
    if (keys === undefined) return undefined;
    if (c.req.query("key")) throw new ProblemError(invalidRequest([KEY_IN_ADDRESS]));
    const key = /^Bearer(?: +(.*))?$/i.exec(c.req.header("Authorization") ?? "");
    if (key === null) return undefined;
    const [, sent = ""] = key;
    if (!isKey(sent)) throw unknownKey();
    const known = await keys.known(sent);
    if (known !== undefined) return known;
    const waitSeconds = lookups.take(clientOf(c));
    if (waitSeconds > 0) throw tooMany("Too many different keys come from this address.", waitSeconds);
    const found = await keys.read(sent);
    if (found === undefined) throw unknownKey();
    return found;
  }

  /** Undefined: nothing is counted but the address. */
  async function admit(c: Context<AppEnv>, capability: Capability): Promise<AdmittedCall | undefined> {
    const caller = await identify(c);
    if (caller === undefined || admission === undefined) {
      const waitSeconds = questions.take(clientOf(c));
      if (waitSeconds === 0) return undefined;
      throw tooMany(`At most ${perMinute} questions a minute are answered to one address.`, waitSeconds);
    }
    const call = await admission.admit(caller, capability);
    if (isRefusal(call)) throw refused(call);
    c.set("caller", caller);
    return call;
  }

  return {
    callerOf: identify,
    async customerOf(c) {
      const caller = await identify(c).catch((error: unknown) => {
        if (error instanceof DatabaseUnavailableError) return undefined;
        throw error;
      });
      return caller !== undefined && isActive(caller.account, clock.now()) ? caller : undefined;
    },

    metered: (capability) =>
      async function meterApiKey(c, next) {
        // A browser's cache must not answer a key that is refused now with what another was given.
        c.header("Vary", "Authorization");
        const call = await admit(c, capability);
        for (const [name, value] of Object.entries(call?.headers ?? {})) c.header(name, value);
        try {
          await next();
        } catch (error) {
          // What is no Error comes through to here.
          call?.failed();
          throw error;
        }
        if (c.error === undefined) call?.answered();
        else call?.failed();
      },

    required: async function requireApiKey(c, next) {
      const caller = await identify(c);
      if (caller === undefined) throw new ProblemError(KEY_NEEDED);
      const refusal = await admission?.takeMinute(caller);
      if (refusal !== undefined) throw refused(refusal);
      c.set("caller", caller);
      await next();
    },
  };
}

const KEY_IN_ADDRESS = {
  field: "key",
  message: "must come in the header Authorization: Bearer KEY; addresses end up in logs",
};

export const KEY_NEEDED = {
  status: 401,
  kind: "key-needed",
  detail: "This needs an API key, in the header Authorization: Bearer KEY.",
  headers: { "WWW-Authenticate": 'Bearer realm="stratum"' },
};

const unknownKey = () =>
  new ProblemError({
    status: 401,
    kind: "unknown-key",
    detail: "There is no such key, or it was revoked.",
    headers: { "WWW-Authenticate": 'Bearer realm="stratum", error="invalid_token"' },
  });

function refused({ kind, detail, waitSeconds, headers }: Refusal): ProblemError {
  if (waitSeconds === undefined) return new ProblemError({ status: 403, kind, detail });
  return tooMany(detail, waitSeconds, { ...(kind === "monthly-limit" && { kind }), ...(headers && { headers }) });
}

interface Further {
  readonly kind?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

function tooMany(detail: string, waitSeconds: number, { kind, headers }: Further = {}): ProblemError {
  return new ProblemError({
    status: 429,
    detail,
    ...(kind !== undefined && { kind }),
    headers: { ...headers, "Retry-After": `${waitSeconds}` },
  });
}

/** Name of the security scheme that the OpenAPI document has for keys. */
export const KEY_SCHEME = "key";
/** Of a route that takes a key and does without. */
export const OPTIONAL_KEY = [{}, { [KEY_SCHEME]: [] }];

/** What every route that PostgreSQL answers may answer beside its own. */
export const relationalAnswers = {
  400: problemAnswer("A parameter is wrong; `errors` names it, and its limit."),
  401: problemAnswer("There is no such key, or it was revoked."),
  403: problemAnswer("The plan of the key's account does not include this, or its subscription is not active."),
  429: problemAnswer("Too many questions from this address, or the account's month is used up; Retry-After says when."),
  ...unexpectedAnswer,
  503: problemAnswer("PostgreSQL does not answer, or as many exports run as may; Retry-After says when."),
};
