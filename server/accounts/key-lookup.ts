import { LRUCache } from "lru-cache";
import { formatDay, startOfMonth } from "../kit/utc-time.ts";
import type { ModeratorRights } from "../moderation/may-moderate.ts";
import type { Clock } from "../ports/clock.ts";
import type { Sql } from "../ports/sql.ts";
import { hashKey } from "./key.ts";
import { SUBSCRIPTION_COLUMNS, type Subscription } from "./subscription.ts";
import type { UsageLog } from "./usage-log.ts";

/** An account as it was read a moment ago: one object for all its callers, brought up to date by every reading. */
export interface Account extends Subscription, ModeratorRights {
  readonly userId: string;
  readonly email: string;
  /** Answered this month (UTC), those that wait here to be added included. */
  calls: number;
  /** Let in here and not answered yet. */
  underWay: number;
}

/** Who sent a key. */
export interface Caller {
  readonly keyId: string;
  readonly account: Account;
}

export interface KeyLookup {
  /** Whom a key belongs to, if that was read a moment ago. */
  known(key: string): Promise<Caller | undefined>;
  /** Asks PostgreSQL; undefined: there is no such key, or it was revoked. @throws DatabaseUnavailableError */
  read(key: string): Promise<Caller | undefined>;
}

/** So long a revoked key may go on working, and what other processes counted be unknown. */
export const TRUSTED_MS = 10_000;
const MAX_KEYS = 10_000;

interface TrustedKey {
  readonly keyId: string;
  readonly userId: string;
  readonly untilMs: number;
  readonly month: number;
}

export function createKeyLookup(sql: Sql, usage: UsageLog, clock: Clock): KeyLookup {
  const keys = new LRUCache<string, TrustedKey>({ max: MAX_KEYS });
  const accounts = new LRUCache<string, Account>({ max: MAX_KEYS });
  return {
    async known(key) {
      const trusted = keys.get(hashKey(key));
      const nowMs = clock.now();
      if (trusted === undefined || !isTrusted(trusted, nowMs)) return undefined;
      const account = accounts.get(trusted.userId);
      return account && { keyId: trusted.keyId, account };
    },
    async read(key) {
      const hash = hashKey(key);
      const nowMs = clock.now();
      const month = startOfMonth(nowMs);
      const [row] = (await sql.query(FIND_KEY, [hash, formatDay(month)])) as unknown as FoundKey[];
      if (row === undefined) return undefined;
      const { keyId, ...read } = row;
      const calls = read.calls + usage.pendingOf(read.userId, formatDay(month));
      const account = Object.assign(accounts.get(read.userId) ?? { underWay: 0 }, { ...read, calls });
      keys.set(hash, { keyId, userId: read.userId, untilMs: nowMs + TRUSTED_MS, month });
      accounts.set(read.userId, account);
      return { keyId, account };
    },
  };
}

/** A clock that was set back would make it last. */
const isTrusted = ({ untilMs, month }: TrustedKey, nowMs: number): boolean =>
  nowMs < untilMs && nowMs >= untilMs - TRUSTED_MS && startOfMonth(nowMs) === month;

type FoundKey = Omit<Account, "underWay"> & Pick<Caller, "keyId">;

/**
 * The key by its hash, and the calls of all keys of its account since the first of a month. A query that asks the time is answered by
 * PostgreSQL itself: Hyperdrive would tell for 75 s what it knows, also of a key that was revoked.
 * https://developers.cloudflare.com/hyperdrive/concepts/query-caching/
 */
export const FIND_KEY = `
  SELECT k.id AS "keyId", k.user_id AS "userId", users.email, users.is_operator AS "isOperator",
    ARRAY (SELECT m.city FROM moderated_cities AS m WHERE m.user_id = k.user_id ORDER BY m.city) AS cities, ${SUBSCRIPTION_COLUMNS}, (
    SELECT coalesce(sum(u.calls), 0)::float8 FROM api_keys AS own JOIN usage_log AS u ON u.key_id = own.id
    WHERE own.user_id = k.user_id AND u.day >= $2::date AND u.day < $2::date + interval '1 month'
  ) AS calls
  FROM api_keys AS k JOIN users ON users.id = k.user_id LEFT JOIN api_subscriptions AS s ON s.user_id = k.user_id
  WHERE k.key_hash = $1 AND k.revoked_at IS NULL AND now() IS NOT NULL`;
