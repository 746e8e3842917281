import { PLANS, type Plan, type Status } from "../accounts/subscription.ts";
import { DAY_MS } from "../kit/utc-time.ts";

/** A subscription as whoever takes the money tells it now. Times are Unix milliseconds. */
export interface PaidSubscription {
  readonly id: string;
  readonly plan: Plan;
  readonly status: Status;
  readonly createdMs: number;
  /** End of what is paid for, or should be; null before the first payment. */
  readonly periodEndMs: number | null;
  /** When it ends for good, or did; null while it renews. */
  readonly endsMs: number | null;
  /** Since when the oldest bill that is due was not paid; null when nothing is due. */
  readonly unpaidSinceMs: number | null;
}

/** What an account's row says of it: where it stands. */
export interface Standing {
  readonly subscriptionId: string;
  readonly plan: Plan;
  readonly status: Status;
  readonly periodEnd: Date | null;
  /** Until when there is access, where that is known: it was cancelled, or it is past due and the grace runs out. */
  readonly endsAt: Date | null;
}

/** So long a payment that failed is tried again (Stripe's Smart Retries, as they come), and so long there is access. */
export const GRACE_MS = 14 * DAY_MS;

/** Statuses by how much they give, the best first; those of one step are alike. */
const STEPS: readonly (readonly Status[])[] = [
  ["active", "trialing"],
  ["past_due"],
  ["unpaid", "paused"],
  ["incomplete"],
  ["canceled", "incomplete_expired"],
];
const stepOf = (status: Status): number => STEPS.findIndex((step) => step.includes(status));

/** It ended for good, and no payment brings it back. */
export const hasEnded = (status: Status): boolean => status === "canceled" || status === "incomplete_expired";

/** Those for which money is taken. */
export const livingOf = (subscriptions: readonly PaidSubscription[]): PaidSubscription[] =>
  subscriptions.filter(({ status }) => !hasEnded(status));

/**
 * Where a customer stands that has these subscriptions, in whatever order; undefined without any. Of several the best counts: by status, then
 * plan, then the newest.
 */
export function standingOf(subscriptions: readonly PaidSubscription[]): Standing | undefined {
  const [best] = subscriptions.toSorted(byWorth);
  if (best === undefined) return undefined;
  const { id, plan, status, periodEndMs } = best;
  return { subscriptionId: id, plan, status, periodEnd: dateOf(periodEndMs), endsAt: dateOf(accessEndMs(best)) };
}

function byWorth(a: PaidSubscription, b: PaidSubscription): number {
  return (
    stepOf(a.status) - stepOf(b.status) ||
    PLANS.indexOf(b.plan) - PLANS.indexOf(a.plan) ||
    b.createdMs - a.createdMs ||
    (a.id < b.id ? -1 : 1)
  );
}

function accessEndMs({ status, endsMs, unpaidSinceMs }: PaidSubscription): number | null {
  if (status !== "past_due") return endsMs;
  const graceEndMs = (unpaidSinceMs ?? 0) + GRACE_MS;
  return Math.min(graceEndMs, endsMs ?? graceEndMs);
}

const dateOf = (timeMs: number | null): Date | null => (timeMs === null ? null : new Date(timeMs));
