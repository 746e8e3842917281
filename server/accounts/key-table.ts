import type { Sql } from "../ports/sql.ts";
import type { CallKind } from "./plans.ts";

/** A key as its account sees it. Times are ISO 8601. */
export interface ListedKey {
  readonly id: string;
  readonly name: string;
  readonly prefix: string;
  readonly createdAt: Date;
  readonly lastUsedAt: Date | null;
  readonly expiresAt: Date | null;
  readonly revokedAt: Date | null;
  readonly origins: readonly string[] | null;
  readonly layers: readonly string[] | null;
  readonly kinds: readonly CallKind[] | null;
  /** Of the month that it was asked for. */
  readonly calls: number;
}

/** A key to be kept: never the key itself. */
export interface KeyToKeep extends Pick<ListedKey, "name" | "prefix" | "origins" | "layers" | "kinds"> {
  readonly hash: string;
}

/** Keys of one account, as it makes and ends them itself. */
export interface KeyTable {
  /** In the order in which they were made, with the calls of the month whose first day it is. @throws DatabaseUnavailableError */
  list(userId: string, month: string): Promise<ListedKey[]>;
  /** Undefined when the account has as many keys that work as it may. @throws DatabaseUnavailableError */
  add(userId: string, key: KeyToKeep, bounds: KeyBounds): Promise<ListedKey | undefined>;
  /** A key of the account that works; undefined without one. @throws DatabaseUnavailableError */
  find(userId: string, keyId: string, nowMs: number): Promise<ListedKey | undefined>;
  /** Lets a key work until then, no longer than it did anyway. @throws DatabaseUnavailableError */
  expire(userId: string, keyId: string, atMs: number): Promise<void>;
  /** Whether there was such a key; one that is revoked stays so. @throws DatabaseUnavailableError */
  revoke(userId: string, keyId: string, nowMs: number): Promise<boolean>;
}

export interface KeyBounds {
  /** Keys that work. */
  readonly working: number;
  readonly nowMs: number;
}

/** Keys of an account that work; one that another takes the place of works for a while beside it. */
export const MAX_WORKING_KEYS = 20;
/** The account that shows the product. */
export const MAX_DEMO_KEYS = 3;
/** Keys of an account that are kept: of more, those that ended first are forgotten, and what they used stays the account's. */
export const MAX_KEPT_KEYS = 100;

export function createKeyTable(sql: Sql): KeyTable {
  const rows = async (text: string, values: readonly unknown[]) =>
    (await sql.query(text, values)) as unknown as ListedKey[];
  return {
    list: (userId, month) => rows(LIST, [userId, month]),
    async add(userId, { name, hash, prefix, origins, layers, kinds }, { working, nowMs }) {
      const now = new Date(nowMs);
      const [added] = await rows(ADD, [userId, name, hash, prefix, origins, layers, kinds, working, now]);
      return added;
    },
    async find(userId, keyId, nowMs) {
      const [found] = await rows(FIND, [userId, keyId, new Date(nowMs)]);
      return found;
    },
    async expire(userId, keyId, atMs) {
      await sql.query(EXPIRE, [userId, keyId, new Date(atMs)]);
    },
    async revoke(userId, keyId, nowMs) {
      const revoked = await sql.query(REVOKE, [userId, keyId, new Date(nowMs)]);
      return revoked.length > 0;
    },
  };
}

const COLUMNS = `k.id, k.name, k.prefix, k.created_at AS "createdAt", k.last_used_at AS "lastUsedAt", k.expires_at AS "expiresAt",
  k.revoked_at AS "revokedAt", k.origins, k.layers, k.kinds`;

const LIST = `
  SELECT ${COLUMNS}, coalesce(u.calls, 0)::float8 AS calls
  FROM api_keys AS k LEFT JOIN (
    SELECT key_id, sum(calls) AS calls FROM usage_log
    WHERE user_id = $1 AND day >= $2::date AND day < $2::date + interval '1 month' GROUP BY key_id
  ) AS u ON u.key_id = k.id
  WHERE k.user_id = $1 AND now() IS NOT NULL ORDER BY k.created_at, k.prefix`;

/** The account is locked first, so that of many at once no more are added than may be. */
const ADD = `
  WITH account AS MATERIALIZED (
    SELECT id FROM users WHERE id = $1 FOR NO KEY UPDATE
  ), ended AS (
    SELECT k.id FROM api_keys AS k JOIN account ON account.id = k.user_id
    WHERE k.revoked_at IS NOT NULL OR k.expires_at <= $9::timestamptz
    ORDER BY least(k.revoked_at, k.expires_at) LIMIT greatest(0, (SELECT count(*) FROM api_keys WHERE user_id = $1) - ${MAX_KEPT_KEYS - 1})
  ), used AS (
    DELETE FROM usage_log WHERE key_id IN (SELECT id FROM ended) RETURNING day, capability, calls
  ), kept AS (
    INSERT INTO usage_log AS l (user_id, key_id, day, capability, calls)
    SELECT $1, NULL, day, capability, sum(calls)::integer FROM used GROUP BY day, capability ORDER BY 3, 4
    ON CONFLICT (user_id, day, capability, key_id) DO UPDATE SET calls = l.calls + excluded.calls
  ), forgotten AS (
    DELETE FROM api_keys WHERE id IN (SELECT id FROM ended)
  )
  INSERT INTO api_keys AS k (user_id, name, key_hash, prefix, origins, layers, kinds, created_at)
  SELECT id, $2, $3, $4, $5::text[], $6::text[], $7::text[], $9::timestamptz FROM account
  WHERE working_keys(account.id, $9::timestamptz) < $8
  RETURNING ${COLUMNS}, 0::float8 AS calls`;

const WORKS = `k.user_id = $1 AND k.id = $2 AND k.revoked_at IS NULL AND (k.expires_at IS NULL OR k.expires_at > $3::timestamptz)`;

const FIND = `SELECT ${COLUMNS}, 0::float8 AS calls FROM api_keys AS k WHERE ${WORKS} AND now() IS NOT NULL`;

const EXPIRE = `
  UPDATE api_keys SET expires_at = least(expires_at, $3::timestamptz) WHERE user_id = $1 AND id = $2 AND revoked_at IS NULL`;

const REVOKE = `
  UPDATE api_keys SET revoked_at = coalesce(revoked_at, $3::timestamptz) WHERE user_id = $1 AND id = $2 RETURNING id`;
