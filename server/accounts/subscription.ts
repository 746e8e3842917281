export const PLANS = ["resident", "agent", "city"] as const;
export type Plan = (typeof PLANS)[number];

/** https://docs.stripe.com/api/subscriptions/object#subscription_object-status */
export const STATUSES = [
  "incomplete",
  "incomplete_expired",
  "trialing",
  "active",
  "past_due",
  "canceled",
  "unpaid",
  "paused",
] as const;
export type Status = (typeof STATUSES)[number];

export interface Subscription {
  readonly plan: Plan;
  /** Null when the account never subscribed. */
  readonly status: Status | null;
  /** When access ends, for good or unless a payment comes; null while it renews. */
  readonly endsAt: Date | null;
  /** Trends and exports a month; null: as many as the plan gives. */
  readonly monthlyCallsLimit: number | null;
}

/**
 * Whether it gives now what its plan includes. A payment that failed ends nothing at once: while it is tried again there is access until `endsAt`,
 * which billing sets to the end of that grace. Set by an operator, `past_due` has no such end and gives nothing.
 */
export function isActive({ status, endsAt }: Pick<Subscription, "status" | "endsAt">, nowMs: number): boolean {
  if (status === "past_due") return endsAt !== null && endsAt.getTime() > nowMs;
  const isPaidFor = status === "active" || status === "trialing";
  return isPaidFor && (endsAt === null || endsAt.getTime() > nowMs);
}

/** Columns of a subscription, `s`, that an account may be without. */
export const SUBSCRIPTION_COLUMNS = `coalesce(s.plan, 'resident') AS plan, s.status, s.ends_at AS "endsAt",
  s.monthly_calls_limit AS "monthlyCallsLimit"`;
