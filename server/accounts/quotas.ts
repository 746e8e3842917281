import type { Log } from "../console/log.ts";
import { DAY_MS, formatDay, startOfDay, startOfMonth, startOfNextMonth } from "../kit/utc-time.ts";
import { sleep } from "../kit/wait.ts";
import type { Clock } from "../ports/clock.ts";
import type { RunSql } from "../ports/sql.ts";
import type { QuotaPool } from "./plans.ts";
import { type Lease, type LeaseRequest, leaseQuotas } from "./quota-leases.ts";

/**
 * Quotas in slices: a process leases some calls of a quota and answers them without asking anybody, so that N processes together answer
 * the limit and at most `overshootOf` more. docs/decisions/0027-quotas.md has the bounds and why.
 */
export interface Quotas {
  /** Takes one call at once, from what is leased. */
  take(userId: string, pool: QuotaPool): Taken;
  /** Leases more, for `take` to take. Never rejects: while PostgreSQL is away it does nothing. */
  refill(userId: string, pool: QuotaPool): Promise<void>;
  /** The same when it is time to, so that nobody has to wait for it; undefined when it is not. */
  refillSoon(userId: string, pool: QuotaPool): Promise<void> | undefined;
  /** Gives back a call that was taken and not answered. */
  giveBack(userId: string, pool: QuotaPool): void;
  /** Counts calls that were answered although nothing could be leased. */
  owe(userId: string, pool: QuotaPool, calls: number): void;
  standing(userId: string, pool: QuotaPool): Standing;
  /** Tells what was used, goes on holding what is in use and gives back what is idle. @throws DatabaseUnavailableError */
  settle(): Promise<void>;
  /** Gives everything back. */
  close(): Promise<void>;
}

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
const AWAY_MS = 3_000;
const ASKING_MS = 5_000;
/** A statement that takes longer is one that nobody waits for. */
const SLOW_MS = 1_000;
const PATIENCE_MS = 20;
/** What was not used for so long is given back. */
const IDLE_MS = 20_000;
const MAX_ACCOUNTS = 50_000;

interface Held {
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

export interface QuotaOptions {
  readonly sql: RunSql;
  readonly clock: Clock;
  readonly log: Log;
  /** Whether requests may wait for each other's statements. */
  readonly shareWork?: boolean;
}

export function createQuotas({ sql, clock, log, shareWork = true }: QuotaOptions): Quotas {
  /** By pool and account: to write both as one name for each tile would take longer than the rest. */
  const current = new Map<string, Map<string, Held>>();
  /** Of periods that are over, until all of them is told. */
  const past = new Set<Held>();
  const running = new Map<Held, Promise<void>>();

  function heldOf(userId: string, pool: QuotaPool): Held {
    const ofPool = current.get(pool.name) ?? new Map<string, Held>();
    const known = ofPool.get(userId);
    const nowMs = clock.now();
    if (known !== undefined && nowMs >= known.startMs && nowMs < known.endMs) {
      if (known.pool.quota.calls !== pool.quota.calls) Object.assign(known, { ...NOTHING_HELD, pool });
      return known;
    }
    if (known !== undefined) past.add(Object.assign(known, NOTHING_HELD));
    const [startMs, endMs] =
      pool.quota.per === "day"
        ? [startOfDay(nowMs), startOfDay(nowMs) + DAY_MS]
        : [startOfMonth(nowMs), startOfNextMonth(nowMs)];
    const made: Held = { userId, pool, startMs, endMs, lease: crypto.randomUUID(), ...UNUSED, ...NOTHING_HELD };
    current.set(pool.name, ofPool);
    if (ofPool.size < MAX_ACCOUNTS) ofPool.set(userId, made);
    return made;
  }

  const requestOf = (held: Held, want: number): LeaseRequest => {
    const { calls: limit } = held.pool.quota;
    const { userId, pool, lease, total, confirmed, left, reserve, waiting: need } = held;
    const period = { period: formatDay(held.startMs), periodEnd: formatDay(held.endMs) };
    const most = limit + overshootOf(limit);
    const kept = { userId, pool: pool.name, kinds: pool.kinds, ...period, lease, total, confirmed, left, reserve };
    return { ...kept, limit, most, need, want, wantReserve: pool.name === "tiles" ? RESERVE : 0 };
  };

  async function ask(asked: readonly Held[], wantOf: (held: Held) => number): Promise<void> {
    const nowMs = clock.now();
    for (const held of asked) {
      dropExpired(held, nowMs);
      if (wantOf(held) === 0) held.left = held.reserve = held.untilMs = 0;
    }
    const requests = asked.map((held) => requestOf(held, wantOf(held)));
    for (const held of asked) held.askingUntilMs = nowMs + ASKING_MS;
    try {
      const leases = await leaseQuotas(sql, requests, { nowMs, forMs: LEASE_MS });
      asked.forEach((held, i) => {
        const [request, lease] = [requests[i], leases[i]];
        if (request !== undefined && lease !== undefined) receive(held, request, lease, nowMs);
      });
    } catch (error) {
      for (const held of asked) held.awayUntilMs = clock.now() + AWAY_MS;
      throw error;
    } finally {
      for (const held of asked) held.askingUntilMs = 0;
    }
  }

  function receive(held: Held, request: LeaseRequest, lease: Lease, askedMs: number): void {
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

  async function refill(held: Held): Promise<void> {
    const nowMs = clock.now();
    if (held.awayUntilMs > nowMs || held.spentUntilMs > nowMs) return;
    if (held.askingUntilMs > nowMs) return running.get(held) ?? sleep(PATIENCE_MS);
    const work = ask([held], ({ pool }) => sliceOf(pool.quota.calls))
      .catch((error: unknown) => log.debug("a quota could not be asked for", { error }))
      .finally(() => running.delete(held));
    if (shareWork) running.set(held, work);
    return work;
  }

  function forget(held: Held): void {
    past.delete(held);
    const ofPool = current.get(held.pool.name);
    if (ofPool?.get(held.userId) === held) ofPool.delete(held.userId);
  }

  async function settleAll(isLast: boolean): Promise<void> {
    const nowMs = clock.now();
    const wants = new Map<Held, number>();
    for (const held of [...past, ...[...current.values()].flatMap((ofPool) => [...ofPool.values()])]) {
      if (held.askingUntilMs > nowMs && !isLast) continue;
      const isIdle = isLast || held.endMs <= nowMs || nowMs - held.takenMs > IDLE_MS;
      const isToldAll = held.total === held.confirmed && held.left + held.reserve === 0;
      if (!isToldAll) wants.set(held, isIdle ? 0 : sliceOf(held.pool.quota.calls));
      else if (isIdle && held.spentUntilMs <= nowMs) forget(held);
    }
    const asked = [...wants.keys()];
    for (let i = 0; i < asked.length; i += SETTLED_AT_ONCE) {
      await ask(asked.slice(i, i + SETTLED_AT_ONCE), (held) => wants.get(held) ?? 0);
    }
  }

  return {
    take(userId, pool) {
      const held = heldOf(userId, pool);
      const nowMs = clock.now();
      held.takenMs = nowMs;
      dropExpired(held, nowMs);
      if (held.left >= 1) {
        held.left--;
      } else if (held.reserve >= 1 && held.askingUntilMs > nowMs) {
        held.reserve--;
      } else {
        return whyNone(held, nowMs);
      }
      held.total++;
      return "taken";
    },
    async refill(userId, pool) {
      const held = heldOf(userId, pool);
      held.waiting++;
      // Never rejects.
      await refill(held);
      held.waiting--;
    },
    refillSoon(userId, pool) {
      const held = heldOf(userId, pool);
      const nowMs = clock.now();
      const isAsked = held.askingUntilMs > nowMs || held.awayUntilMs > nowMs || held.spentUntilMs > nowMs;
      return isAsked || held.left * 2 >= sliceOf(pool.quota.calls) ? undefined : refill(held);
    },
    giveBack(userId, pool) {
      heldOf(userId, pool).total--;
    },
    owe(userId, pool, calls) {
      const held = heldOf(userId, pool);
      held.total += calls;
    },
    standing(userId, pool) {
      const held = heldOf(userId, pool);
      const { calls: limit } = pool.quota;
      const left = Math.max(0, limit - held.used - (held.total - held.confirmed));
      // Others may give back what they hold.
      const waitMs = held.isHeldByOthers && limit > 0 ? LEASE_MS : held.endMs - clock.now();
      const waitSeconds = Math.ceil(waitMs / 1000);
      return { limit, left, resetsAtMs: held.endMs, waitSeconds };
    },
    settle: () => settleAll(false),
    close: () => settleAll(true).catch((error: unknown) => log.debug("quotas were not given back", { error })),
  };
}

/** Quotas in one statement. */
const SETTLED_AT_ONCE = 500;

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
const NOTHING_HELD = { left: 0, reserve: 0, untilMs: 0, spentUntilMs: 0 };

function whyNone({ pool, spentUntilMs, awayUntilMs, askingUntilMs, untilMs }: Held, nowMs: number): Taken {
  if (pool.quota.calls === 0 || spentUntilMs > nowMs) return "spent";
  const isSlow = askingUntilMs > nowMs && nowMs - (askingUntilMs - ASKING_MS) > SLOW_MS;
  if (awayUntilMs > nowMs || isSlow) return "away";
  return untilMs === 0 ? "new" : "busy";
}

/** By then PostgreSQL gives to others what was held. A clock that was set back would make it last. */
function dropExpired(held: Held, nowMs: number): void {
  if (held.untilMs <= nowMs || held.untilMs - LEASE_MS > nowMs) held.left = held.reserve = held.untilMs = 0;
}
