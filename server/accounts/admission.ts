import { createRateLimit } from "../kit/rate-limit.ts";
import type { Clock } from "../ports/clock.ts";
import type { Caller } from "./caller.ts";
import { type CallKind, type PlanTerms, poolOf, type QuotaPool, termsOf } from "./plans.ts";
import { quotaFields, spentFields } from "./quota-fields.ts";
import type { Quotas } from "./quotas.ts";
import { isActive } from "./subscription.ts";
import type { UsageLog } from "./usage-log.ts";

/** A call that was let in: it counts when it is answered. */
export interface AdmittedCall {
  /** What is left of the quota. */
  readonly headers: Readonly<Record<string, string>>;
  answered(): void;
  failed(): void;
  /** Takes a further call of the same kind, which counts at once; false when the quota is used up. */
  more(): Promise<boolean>;
}

/** Why a call was not let in. `waitSeconds`: after so long it may be. */
export interface Refusal {
  readonly kind: "plan" | "subscription-inactive" | "monthly-limit" | "daily-limit" | "minute-limit";
  readonly detail: string;
  readonly waitSeconds?: number;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface Admission {
  /** Lets a call in as far as its account's plan goes. @throws DatabaseUnavailableError when what is left cannot be known */
  admit(caller: Caller, kind: CallKind): Promise<AdmittedCall | Refusal>;
  /** Counts something against the account's minute; a refusal when that is used up. */
  takeMinute(caller: Caller): Refusal | undefined;
}

export const isRefusal = (outcome: AdmittedCall | Refusal): outcome is Refusal => "kind" in outcome;

export interface AdmissionOptions {
  readonly clock: Clock;
  readonly quotas: Quotas;
  readonly usage: UsageLog;
  /** Calls of one account, in place of what its plan says. */
  readonly perMinute?: number | undefined;
  /** Whether more may be leased beside a request; in a Worker that is left to what is done behind it. */
  readonly leasesBeside: boolean;
  unavailable(): Error;
}

/** Others may take what comes back while it is waited for. */
const ATTEMPTS = 100;

export function createAdmission({
  clock,
  quotas,
  usage,
  perMinute,
  leasesBeside,
  unavailable,
}: AdmissionOptions): Admission {
  const minutes = createMinutes(clock);

  function takeMinute({ account }: Caller): Refusal | undefined {
    const most = perMinute ?? termsOf(account, clock.now()).perMinute;
    const waitSeconds = minutes(account.userId, most);
    if (waitSeconds === 0) return undefined;
    return { kind: "minute-limit", detail: `At most ${most} calls a minute are answered to one account.`, waitSeconds };
  }

  /** Takes a call, waiting for more of the quota to be leased if need be. */
  async function take(userId: string, pool: QuotaPool): Promise<boolean> {
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const outcome = quotas.take(userId, pool);
      if (outcome === "taken") {
        if (leasesBeside) void quotas.refillSoon(userId, pool);
        return true;
      }
      if (outcome === "spent") return false;
      if (outcome === "away" && attempt > 0) break;
      await quotas.refill(userId, pool);
    }
    throw unavailable();
  }

  return {
    takeMinute,

    async admit(caller, kind) {
      const { account, key } = caller;
      const { userId } = account;
      const atMs = clock.now();
      const terms = termsOf(account, atMs);
      const unsubscribed = refusalByPlan(caller, terms, kind, atMs);
      if (unsubscribed !== undefined) return unsubscribed;
      const inMinute = takeMinute(caller);
      if (inMinute !== undefined) return inMinute;
      const count = () => usage.add({ keyId: key?.id, userId, capability: kind, atMs: clock.now() });
      const pool = poolOf(terms, kind);
      if (pool === undefined) return { headers: {}, answered: count, failed: () => {}, more: async () => true };
      if (!(await take(userId, pool))) return spent(pool, quotas, userId, clock.now());
      return {
        headers: quotaFields(pool, quotas.standing(userId, pool), clock.now()),
        answered: () => usage.add({ keyId: key?.id, userId, capability: kind, atMs }),
        failed: () => quotas.giveBack(userId, pool),
        async more() {
          const isTaken = await take(userId, pool);
          if (isTaken) count();
          return isTaken;
        },
      };
    },
  };
}

/** One limiter for each rate that there is. */
function createMinutes(clock: Clock): (who: string, perMinute: number) => number {
  const limits = new Map<number, ReturnType<typeof createRateLimit>>();
  return (who, perMinute) => {
    const limit = limits.get(perMinute) ?? createRateLimit({ clock, perMinute });
    limits.set(perMinute, limit);
    return limit.take(who);
  };
}

/** What is told when a quota is used up. */
export function spent(pool: QuotaPool, quotas: Quotas, userId: string, nowMs: number): Refusal {
  const standing = quotas.standing(userId, pool);
  const [period, kind] =
    pool.quota.per === "day" ? (["today", "daily-limit"] as const) : (["this month", "monthly-limit"] as const);
  const what = pool.name === "calls" ? "calls of trends and exports" : `calls of ${pool.name}`;
  return {
    kind,
    detail: `The account's ${pool.quota.calls} ${what} of ${period} (UTC) are used up.`,
    waitSeconds: standing.waitSeconds,
    headers: spentFields(pool, standing, nowMs),
  };
}

function refusalByPlan({ account }: Caller, terms: PlanTerms, kind: CallKind, nowMs: number): Refusal | undefined {
  const { plan, status } = account;
  if (terms.quotas[kind]?.calls !== 0) return undefined;
  if (plan === "resident" || isActive(account, nowMs)) {
    // What an account agreed on may be nothing at all; then it is used up.
    if (poolOf(terms, kind)?.name === "calls") return undefined;
    return { kind: "plan", detail: `The plan "${plan}" does not include ${kind}.` };
  }
  const detail = `The account's subscription is not active: its status is "${status}".`;
  return { kind: "subscription-inactive", detail };
}
