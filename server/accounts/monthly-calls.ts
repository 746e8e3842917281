import { PLAN_TERMS } from "./plans.ts";
import type { Plan } from "./subscription.ts";

/** Calls of trends and exports that a plan gives a month; null of one that counts them by day. */
export function monthlyCallsOf(plan: Plan): number | null {
  const quota = PLAN_TERMS[plan].quotas.trends;
  return quota?.per === "month" ? quota.calls : null;
}
