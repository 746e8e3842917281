import type { Context } from "hono";
import { isKey } from "../../accounts/key.ts";
import { type Caller, createKeyLookup } from "../../accounts/key-lookup.ts";
import type { Capability } from "../../accounts/subscription.ts";
import { includes, isActive } from "../../accounts/subscription.ts";
import type { UsageLog } from "../../accounts/usage-log.ts";
import { createRateLimit } from "../../kit/rate-limit.ts";
import { startOfNextMonth } from "../../kit/utc-time.ts";
import type { Sql } from "../../ports/sql.ts";
import type { AppEnv, AppParts } from "../core/app-parts.ts";
import { invalidRequest, ProblemError } from "../core/problem.ts";

/** Calls of one account a minute, in place of the 60 of an address: what PostgreSQL bears, not what is sold. */
const DEFAULT_PER_MINUTE = 600;
/** Keys of one address that are looked up in PostgreSQL a minute: a guess costs as much as a question. */
const LOOKUPS_PER_MINUTE = 600;

/** A call that was let in: it counts when it is answered. */
export interface AdmittedCall {
  /** `X-RateLimit-*`: the month's limit, what is left of it, and when it begins anew (Unix seconds). */
  readonly headers: Readonly<Record<string, string>>;
  answered(): void;
  failed(): void;
}

export interface KeyGate {
  /**
   * Who sent the request, by its `Authorization: Bearer KEY`; undefined without one.
   * @throws ProblemError 400 when a key is in the address, 401 when there is no such key, 429; DatabaseUnavailableError
   */
  identify(c: Context<AppEnv>): Promise<Caller | undefined>;
  /** Counts something against the account's minute. @throws ProblemError 429 */
  takeMinute(caller: Caller): Promise<void>;
  /** @throws ProblemError 403 when the plan does not include it or is not active, 429 over the limit of the month or the minute */
  admit(caller: Caller, capability: Capability): Promise<AdmittedCall>;
}

/** Lets in who has a key, as far as its account's subscription goes. */
export function createKeyGate(parts: AppParts, sql: Sql, usage: UsageLog): KeyGate {
  const { clock, settings } = parts;
  const perMinute = settings.keyCallsPerMinute ?? DEFAULT_PER_MINUTE;
  const calls = createRateLimit({ clock, perMinute });
  const lookups = createRateLimit({ clock, perMinute: LOOKUPS_PER_MINUTE });
  const keys = createKeyLookup(sql, usage, clock);

  async function takeMinute({ account }: Caller): Promise<void> {
    const waitSeconds = await calls.take(account.userId);
    if (waitSeconds > 0) throw tooMany(`At most ${perMinute} calls a minute are answered to one account.`, waitSeconds);
  }

  return {
    takeMinute,

    async identify(c) {
      if (c.req.query("key")) throw new ProblemError(invalidRequest([KEY_IN_ADDRESS]));
      const key = /^Bearer(?: +(.*))?$/i.exec(c.req.header("Authorization") ?? "");
      if (key === null) return undefined;
      const [, sent = ""] = key;
      if (!isKey(sent)) throw unknownKey();
      const known = await keys.known(sent);
      if (known !== undefined) return known;
      const waitSeconds = await lookups.take(parts.clientAddress(c) ?? "unknown");
      if (waitSeconds > 0) throw tooMany("Too many different keys come from this address.", waitSeconds);
      const found = await keys.read(sent);
      if (found === undefined) throw unknownKey();
      return found;
    },

    async admit(caller, capability) {
      const { keyId, account } = caller;
      const nowMs = clock.now();
      refuseBySubscription(caller, capability, nowMs);
      const nextMonth = startOfNextMonth(nowMs);
      const left = () => account.monthlyCallsLimit - account.calls - account.underWay;
      const headers = () => ({
        "X-RateLimit-Limit": `${account.monthlyCallsLimit}`,
        "X-RateLimit-Remaining": `${Math.max(0, left())}`,
        "X-RateLimit-Reset": `${nextMonth / 1000}`,
      });
      if (left() <= 0) {
        const detail = `The account's ${account.monthlyCallsLimit} calls of this month (UTC) are used up.`;
        throw tooMany(detail, Math.ceil((nextMonth - nowMs) / 1000), { kind: "monthly-limit", headers: headers() });
      }
      // Before anything is waited for: of many at once no more come in than are left.
      account.underWay++;
      const failed = () => void account.underWay--;
      await takeMinute(caller).catch((error: unknown) => {
        failed();
        throw error;
      });
      const answered = () => {
        account.underWay--;
        account.calls++;
        usage.add({ keyId, userId: account.userId, capability, atMs: nowMs });
      };
      return { headers: headers(), answered, failed };
    },
  };
}

function refuseBySubscription({ account }: Caller, capability: Capability, nowMs: number): void {
  const { plan, status } = account;
  if (!includes(plan, capability)) {
    throw new ProblemError({ status: 403, kind: "plan", detail: `The plan "${plan}" does not include ${capability}.` });
  }
  if (!isActive(account, nowMs)) {
    const detail = `The account's subscription is not active: its status is "${status}".`;
    throw new ProblemError({ status: 403, kind: "subscription-inactive", detail });
  }
}

const KEY_IN_ADDRESS = {
  field: "key",
  message: "must come in the header Authorization: Bearer KEY; addresses end up in logs",
};

const unknownKey = () =>
  new ProblemError({
    status: 401,
    kind: "unknown-key",
    detail: "There is no such key, or it was revoked.",
    headers: { "WWW-Authenticate": 'Bearer realm="stratum", error="invalid_token"' },
  });

function tooMany(detail: string, waitSeconds: number, more: { kind?: string; headers?: Record<string, string> } = {}) {
  return new ProblemError({
    status: 429,
    detail,
    ...more,
    headers: { ...more.headers, "Retry-After": `${waitSeconds}` },
  });
}
