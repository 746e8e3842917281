import type { Log } from "../console/log.ts";
import { sleep } from "../kit/wait.ts";
import type { Clock } from "../ports/clock.ts";
import type { RunSql } from "../ports/sql.ts";
import {
  ASKING_MS,
  dropExpired,
  type HeldQuota,
  LEASE_MS,
  NOTHING_HELD,
  openQuota,
  receive,
  requestOf,
  type Standing,
  sliceOf,
  standingOf,
  type Taken,
  takeOne,
} from "./held-quota.ts";
import type { QuotaPool } from "./plans.ts";
import { leaseQuotas } from "./quota-leases.ts";

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

const PATIENCE_MS = 20;
/** What was not used for so long is given back. */
const IDLE_MS = 20_000;
const MAX_ACCOUNTS = 50_000;
const AWAY_MS = 3_000;

export interface QuotaOptions {
  readonly sql: RunSql;
  readonly clock: Clock;
  readonly log: Log;
  /** Whether requests may wait for each other's statements. */
  readonly shareWork?: boolean;
}

export function createQuotas({ sql, clock, log, shareWork = true }: QuotaOptions): Quotas {
  /** By pool and account: to write both as one name for each tile would take longer than the rest. */
  const current = new Map<string, Map<string, HeldQuota>>();
  /** Of periods that are over, until all of them is told. */
  const past = new Set<HeldQuota>();
  const running = new Map<HeldQuota, Promise<void>>();

  function heldOf(userId: string, pool: QuotaPool): HeldQuota {
    const ofPool = current.get(pool.name) ?? new Map<string, HeldQuota>();
    const known = ofPool.get(userId);
    const nowMs = clock.now();
    if (known !== undefined && nowMs >= known.startMs && nowMs < known.endMs) {
      if (known.pool.quota.calls !== pool.quota.calls) Object.assign(known, { ...NOTHING_HELD, pool });
      return known;
    }
    if (known !== undefined) past.add(Object.assign(known, NOTHING_HELD));
    const made = openQuota(userId, pool, nowMs);
    current.set(pool.name, ofPool);
    if (ofPool.size < MAX_ACCOUNTS) ofPool.set(userId, made);
    return made;
  }

  async function ask(asked: readonly HeldQuota[], wantOf: (held: HeldQuota) => number): Promise<void> {
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

  async function refill(held: HeldQuota): Promise<void> {
    const nowMs = clock.now();
    if (held.awayUntilMs > nowMs || held.spentUntilMs > nowMs) return;
    if (held.askingUntilMs > nowMs) return running.get(held) ?? sleep(PATIENCE_MS);
    const work = ask([held], ({ pool }) => sliceOf(pool.quota.calls))
      .catch((error: unknown) => log.debug("a quota could not be asked for", { error }))
      .finally(() => running.delete(held));
    if (shareWork) running.set(held, work);
    return work;
  }

  function forget(held: HeldQuota): void {
    past.delete(held);
    const ofPool = current.get(held.pool.name);
    if (ofPool?.get(held.userId) === held) ofPool.delete(held.userId);
  }

  async function settleAll(isLast: boolean): Promise<void> {
    const nowMs = clock.now();
    const wants = new Map<HeldQuota, number>();
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
    take: (userId, pool) => takeOne(heldOf(userId, pool), clock.now()),
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
    standing: (userId, pool) => standingOf(heldOf(userId, pool), clock.now()),
    settle: () => settleAll(false),
    close: () => settleAll(true).catch((error: unknown) => log.debug("quotas were not given back", { error })),
  };
}

/** Quotas in one statement. */
const SETTLED_AT_ONCE = 500;
