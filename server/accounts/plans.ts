import { isActive, PLANS, type Plan, type Subscription } from "./subscription.ts";

/**
 * What is sold, and what each plan gives: the one table that the gate, the billing, the pricing section and the documents read.
 */

/** What a call is counted as. `dashboards`: what a signed-in browser asks, where no key is sent. */
export const CALL_KINDS = ["tiles", "trends", "exports", "dashboards"] as const;
export type CallKind = (typeof CALL_KINDS)[number];

/** So many calls of one client in a UTC day or month; 0 is none at all. */
export interface Quota {
  readonly calls: number;
  readonly per: "day" | "month";
}

export interface PlanTerms {
  /** US dollars a month. */
  readonly dollars: number;
  /** Null: not counted; the read units of an address bound it. Trends and exports of a plan that is paid for share one quota. */
  readonly quotas: Readonly<Record<CallKind, Quota | null>>;
  /** Calls of PostgreSQL's questions a minute. */
  readonly perMinute: number;
  /** Areas of its own. */
  readonly ownAreas: number;
}

const day = (calls: number): Quota => ({ calls, per: "day" });
const month = (calls: number): Quota => ({ calls, per: "month" });

/** Nobody's plan: who sends no key and is not signed in. Of one address. */
export const ANONYMOUS: PlanTerms = {
  dollars: 0,
  quotas: { tiles: null, trends: day(20), exports: day(0), dashboards: day(0) },
  perMinute: 60,
  ownAreas: 0,
};

export const PLAN_TERMS: Readonly<Record<Plan, PlanTerms>> = {
  resident: {
    dollars: 0,
    quotas: { tiles: month(1_000_000), trends: day(20), exports: day(0), dashboards: day(200) },
    perMinute: 60,
    ownAreas: 1,
  },
  agent: {
    dollars: 49,
    quotas: { tiles: month(10_000_000), trends: month(10_000), exports: month(10_000), dashboards: month(50_000) },
    perMinute: 600,
    ownAreas: 20,
  },
  city: {
    dollars: 299,
    quotas: { tiles: month(100_000_000), trends: month(100_000), exports: month(100_000), dashboards: month(500_000) },
    perMinute: 600,
    ownAreas: 200,
  },
};

/** Plans that are sold. */
export const PAID_PLANS = PLANS.filter((plan) => PLAN_TERMS[plan].dollars > 0);

/** What an account's subscription gives now. One that is not active gives what everybody with an account has, never less. */
export function termsOf(subscription: Subscription, nowMs: number): PlanTerms {
  const terms = PLAN_TERMS[isActive(subscription, nowMs) ? subscription.plan : "resident"];
  const { monthlyCallsLimit } = subscription;
  if (monthlyCallsLimit === null || terms.dollars === 0) return terms;
  const agreed = month(monthlyCallsLimit);
  return { ...terms, quotas: { ...terms.quotas, trends: agreed, exports: agreed } };
}

/** What calls of some kinds are taken from. */
export interface QuotaPool {
  readonly name: CallKind | "calls";
  readonly kinds: readonly CallKind[];
  readonly quota: Quota;
}

/** Trends and exports of a plan that is paid for. */
const SHARED: readonly CallKind[] = ["trends", "exports"];

/** Undefined: calls of this kind are not counted against anything. */
export function poolOf({ dollars, quotas }: PlanTerms, kind: CallKind): QuotaPool | undefined {
  const quota = quotas[kind];
  if (quota === null) return undefined;
  const isShared = dollars > 0 && SHARED.includes(kind);
  return isShared ? { name: "calls", kinds: SHARED, quota } : { name: kind, kinds: [kind], quota };
}
