import type { Stripe } from "stripe";
import { PLANS, type Plan, STATUSES } from "../accounts/subscription.ts";
import type { PaidSubscription } from "../billing/paid-subscription.ts";
import { planOfProduct } from "./catalogue.ts";
import { isMissing } from "./stripe-client.ts";

/** As many as one page has. Nobody comes to more, for each was paid for. */
const MOST = 100;

/** A customer's subscriptions to what we sell, those that ended too, as Stripe has them now. */
export async function readSubscriptions(stripe: Stripe, customer: string): Promise<PaidSubscription[]> {
  const { data } = await stripe.subscriptions.list({ customer, status: "all", limit: MOST }).catch((error: unknown) => {
    if (isMissing(error)) return { data: [] };
    throw error;
  });
  const read = await Promise.all(data.map((subscription) => toPaid(stripe, subscription)));
  return read.filter((each) => each !== undefined);
}

/** Undefined for what is none of our plans. */
async function toPaid(stripe: Stripe, subscription: Stripe.Subscription): Promise<PaidSubscription | undefined> {
  const { id, created, items } = subscription;
  const plan = highestPlan(items.data.map(({ price }) => planOfProduct(idOf(price.product))));
  const status = STATUSES.find((each) => each === subscription.status);
  if (plan === undefined || status === undefined) return undefined;
  const periodEnd = Math.min(...items.data.map(({ current_period_end }) => current_period_end));
  return {
    id,
    plan,
    status,
    createdMs: created * 1000,
    periodEndMs: Number.isFinite(periodEnd) ? periodEnd * 1000 : null,
    endsMs: endOf(subscription, periodEnd),
    unpaidSinceMs: status === "past_due" ? await unpaidSince(stripe, subscription) : null,
  };
}

function highestPlan(plans: readonly (Plan | undefined)[]): Plan | undefined {
  return PLANS.findLast((plan) => plans.includes(plan));
}

const idOf = (reference: string | { readonly id: string }): string =>
  typeof reference === "string" ? reference : reference.id;

function endOf({ ended_at, cancel_at, cancel_at_period_end }: Stripe.Subscription, periodEnd: number): number | null {
  const end = ended_at ?? cancel_at ?? (cancel_at_period_end ? periodEnd : null);
  return end === null || !Number.isFinite(end) ? null : end * 1000;
}

/** When the oldest bill that is due was made; the period's begin when Stripe tells of none. */
async function unpaidSince(stripe: Stripe, { id, items }: Stripe.Subscription): Promise<number> {
  const { data } = await stripe.invoices.list({ subscription: id, status: "open", limit: MOST });
  const due =
    data.length > 0 ? data.map(({ created }) => created) : items.data.map((item) => item.current_period_start);
  return Math.min(...due) * 1000;
}
