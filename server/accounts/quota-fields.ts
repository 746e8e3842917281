import type { Standing } from "./held-quota.ts";
import type { Quota } from "./plans.ts";

/** Of whom or what a quota is told. */
interface Told {
  readonly name: string;
  readonly quota: Quota;
}

const DAY_SECONDS = 86_400;

/**
 * What is left of a quota: `RateLimit-Policy` and `RateLimit` as draft-ietf-httpapi-ratelimit-headers-10 has them (lists of structured
 * fields; q: the quota, w: its window in seconds, r: what is left, t: seconds until it begins anew), and the older `X-RateLimit-*`.
 */
export function quotaFields(
  { name, quota }: Told,
  { left, resetsAtMs }: Pick<Standing, "left" | "resetsAtMs">,
  nowMs: number,
): Readonly<Record<string, string>> {
  const seconds = Math.max(0, Math.ceil((resetsAtMs - nowMs) / 1000));
  return {
    "RateLimit-Policy": `"${name}";q=${quota.calls};w=${windowOf(quota, resetsAtMs)}`,
    RateLimit: `"${name}";r=${left};t=${seconds}`,
    "X-RateLimit-Limit": `${quota.calls}`,
    "X-RateLimit-Remaining": `${left}`,
    "X-RateLimit-Reset": `${resetsAtMs / 1000}`,
  };
}

/** The same of a quota that is used up. */
export const spentFields = (of: Told, standing: Pick<Standing, "resetsAtMs">, nowMs: number) =>
  quotaFields(of, { ...standing, left: 0 }, nowMs);

/** Months are of different lengths. */
function windowOf({ per }: Quota, resetsAtMs: number): number {
  if (per === "day") return DAY_SECONDS;
  const lastDay = new Date(resetsAtMs - 1);
  return lastDay.getUTCDate() * DAY_SECONDS;
}
