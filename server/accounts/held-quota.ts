import { DAY_MS, formatDay, startOfDay, startOfMonth, startOfNextMonth } from "../kit/utc-time.ts";
import type { QuotaPool } from "./plans.ts";
import type { Lease, LeaseRequest } from "./quota-leases.ts";

/**
 * `spent`: there is no more. `new`: nothing was leased yet, or nothing is any more. `busy`: more is asked for, and all that may be answered until
 * it comes is. `away`: PostgreSQL does not answer.
 */
export type Taken = "taken" | "spent" | "new" | "busy" | "away";

/** What is known of a quota, in this process. */
export interface Standing {
  readonly limit: number;
  /** What is left, as far as this process knows. */
  readonly left: number;
  readonly resetsAtMs: number;
  /** After so many seconds there may be more. */
  readonly waitSeconds: number;
}

/** How many more than a limit are ever answered, by however many processes. */
export const overshootOf = (limit: number): number => Math.floor(limit / 100) + 50;

/** What one process holds at most: what is answered again when it is killed. */
export const sliceOf = (limit: number): number => Math.floor(limit / 400) + 12;

/** Of tiles, which nobody lets wait; all else waits until it knows. */
const RESERVE = 64;
/** A lease of a process that is gone comes back after so long. */
export const LEASE_MS = 30_000;
/** The database's clock may differ a little from ours. */
const LEASE_MARGIN_MS = 3_000;
/** While others hold what is left, it may come back. */
const ASK_AGAIN_MS = 1_000;
/** A spent quota is asked for again after so long: the plan may be another one. */
const SPENT_MS = 10_000;
/** A statement that did not come back by then never will: an isolate may end, and its statement with it. */
export const ASKING_MS = 5_000;
/** A statement that takes longer is one that nobody waits for. */
const SLOW_MS = 1_000;

/** A quota as one process holds it. */
export interface HeldQuota {
  readonly userId: string;
  pool: QuotaPool;
  readonly startMs: number;
  readonly endMs: number;
  readonly lease: string;
  /** To be answered without asking; `reserve` only while more is asked for. */
  left: number;
  reserve: number;
  total: number;
  confirmed: number;
  /** Of the quota, as PostgreSQL said last. */
  used: number;
  takenMs: number;
  /** Requests that wait for more. */
  waiting: number;
  /** While a statement is under way; an isolate may end, and its statement with it. */
  askingUntilMs: number;
  untilMs: number;
  spentUntilMs: number;
  /** Until when nobody needs to ask, because it just failed. */
  awayUntilMs: number;
  isHeldByOthers: boolean;
}

export function openQuota(userId: string, pool: QuotaPool, nowMs: number): HeldQuota {
  const [startMs, endMs] =
    pool.quota.per === "day"
      ? [startOfDay(nowMs), startOfDay(nowMs) + DAY_MS]
      : [startOfMonth(nowMs), startOfNextMonth(nowMs)];
  return { userId, pool, startMs, endMs, lease: crypto.randomUUID(), ...UNUSED, ...NOTHING_HELD };
}

/** Takes one call of what is held. */
export function takeOne(held: HeldQuota, nowMs: number): Taken {
  held.takenMs = nowMs;
  dropExpired(held, nowMs);
  if (held.left >= 1) held.left--;
  else if (held.reserve >= 1 && held.askingUntilMs > nowMs) held.reserve--;
  else return whyNone(held, nowMs);
  held.total++;
  return "taken";
}

/** What is asked for, to hold so many: 0 gives back what is held. */
export function requestOf(held: HeldQuota, want: number): LeaseRequest {
  const { calls: limit } = held.pool.quota;
  const { userId, pool, lease, total, confirmed, left, reserve, waiting: need } = held;
  const period = { period: formatDay(held.startMs), periodEnd: formatDay(held.endMs) };
  const most = limit + overshootOf(limit);
  const kept = { userId, pool: pool.name, kinds: pool.kinds, ...period, lease, total, confirmed, left, reserve };
  return { ...kept, limit, most, need, want, wantReserve: pool.name === "tiles" ? RESERVE : 0 };
}

/** What was leased comes to what is held. */
export function receive(held: HeldQuota, request: LeaseRequest, lease: Lease, askedMs: number): void {
  held.confirmed = request.total;
  held.used = lease.used;
  held.awayUntilMs = 0;
  if (request.limit !== held.pool.quota.calls || request.want === 0) return;
  held.left += lease.calls;
  held.reserve += lease.reserve;
  held.untilMs = askedMs + LEASE_MS - LEASE_MARGIN_MS;
  held.spentUntilMs = 0;
  if (lease.calls > 0 || request.left > 0) return;
  held.isHeldByOthers = lease.held > 0;
  held.spentUntilMs = askedMs + (held.isHeldByOthers ? ASK_AGAIN_MS : SPENT_MS);
}

/** What is known of a quota. */
export function standingOf(held: HeldQuota, nowMs: number): Standing {
  const { calls: limit } = held.pool.quota;
  const left = Math.max(0, limit - held.used - (held.total - held.confirmed));
  // Others may give back what they hold.
  const waitMs = held.isHeldByOthers && limit > 0 ? LEASE_MS : held.endMs - nowMs;
  return { limit, left, resetsAtMs: held.endMs, waitSeconds: Math.ceil(waitMs / 1000) };
}

const UNUSED = {
  total: 0,
  confirmed: 0,
  used: 0,
  takenMs: 0,
  waiting: 0,
  askingUntilMs: 0,
  awayUntilMs: 0,
  isHeldByOthers: false,
};
export const NOTHING_HELD = { left: 0, reserve: 0, untilMs: 0, spentUntilMs: 0 };

function whyNone({ pool, spentUntilMs, awayUntilMs, askingUntilMs, untilMs }: HeldQuota, nowMs: number): Taken {
  if (pool.quota.calls === 0 || spentUntilMs > nowMs) return "spent";
  const isSlow = askingUntilMs > nowMs && nowMs - (askingUntilMs - ASKING_MS) > SLOW_MS;
  if (awayUntilMs > nowMs || isSlow) return "away";
  return untilMs === 0 ? "new" : "busy";
}

/** By then PostgreSQL gives to others what was held. A clock that was set back would make it last. */
export function dropExpired(held: HeldQuota, nowMs: number): void {
  if (held.untilMs <= nowMs || held.untilMs - LEASE_MS > nowMs) held.left = held.reserve = held.untilMs = 0;
}
