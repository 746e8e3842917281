import { PLAN_TERMS } from "../accounts/plans.ts";
import { isActive, type Subscription } from "../accounts/subscription.ts";

/** What says how many areas an account may have. */
export interface Entitled extends Pick<Subscription, "plan" | "status" | "endsAt"> {
  readonly isOperator: boolean;
}

/** Areas of its own that an account may have now. Those beyond it, the last ones, stay and are not counted. */
export function areasAllowed({ plan, status, endsAt, isOperator }: Entitled, nowMs: number): number {
  if (isOperator) return PLAN_TERMS.city.ownAreas;
  return PLAN_TERMS[isActive({ status, endsAt }, nowMs) ? plan : "resident"].ownAreas;
}

/** Columns of `Entitled`, of `users` and a subscription `s` that an account may be without. */
export const ENTITLED_COLUMNS = `coalesce(s.plan, 'resident') AS plan, s.status, s.ends_at AS "endsAt",
  users.is_operator AS "isOperator"`;
