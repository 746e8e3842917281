import { PLAN_WORDS as WORDS } from "../../words/dashboard-plan-words.ts";
import { formatCount } from "../../words/words.ts";
import type { PlanJson } from "../api/billing.ts";
import { CALL_KINDS } from "../api/keys.ts";

/** What a plan gives, line by line. Trends and exports of one that is paid for share a quota, so it is told once. */
export function giftsOf({ plan, dollars, calls, per_minute, own_areas }: PlanJson): string[] {
  const isShared = dollars > 0;
  const counted = CALL_KINDS.flatMap((kind) => {
    const quota = calls[kind];
    if (quota === null) return kind === "tiles" ? [WORDS.unlimited] : [];
    if (quota.calls === 0 || (isShared && kind === "exports")) return [];
    const what = isShared && kind === "trends" ? WORDS.shared : WORDS.calls[kind];
    return [`${formatCount(quota.calls)} ${what} ${WORDS.per[quota.per]}`];
  });
  return [
    ...(WORDS.extra[plan] ?? []),
    ...counted,
    ...(own_areas > 0 ? [WORDS.ownAreas(own_areas)] : []),
    WORDS.perMinute(per_minute),
  ];
}
