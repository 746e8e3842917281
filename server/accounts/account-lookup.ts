import { LRUCache } from "lru-cache";
import type { Clock } from "../ports/clock.ts";
import type { Sql } from "../ports/sql.ts";
import type { Account, Caller, KeyRestrictions } from "./caller.ts";
import { hashKey } from "./key.ts";
import { SUBSCRIPTION_COLUMNS } from "./subscription.ts";

/** Reads accounts, by a key or by who is signed in, and believes for some seconds what was read. */
export interface AccountLookup {
  /** Whom a key belongs to, if that was read a moment ago; null: nobody. Undefined: it was not. */
  known(key: string): Caller | null | undefined;
  /** What was read of a key, however long ago. */
  remembered(key: string): RememberedKey | undefined;
  /** Asks PostgreSQL; undefined: there is no such key, or it was revoked, or is over. @throws DatabaseUnavailableError */
  read(key: string): Promise<Caller | undefined>;
  /** The account of a session. @throws DatabaseUnavailableError */
  ofUser(userId: string): Promise<Account | undefined>;
  /** Of this process what is known of an account, because it was changed here. */
  forget(userId: string): void;
}

/** So long a revoked key may go on working, and a new plan be unknown. */
export const TRUSTED_MS = 10_000;
/** A key in use is read again after so long, so that it does not become unknown. */
const OLD_MS = 5_000;
const MAX_KEYS = 10_000;

export interface RememberedKey {
  /** Undefined: there was no such key. */
  readonly caller: Caller | undefined;
  readonly isTrusted: boolean;
  /** Whether it should be read again soon. */
  readonly isOld: boolean;
}

interface KnownKey {
  /** Undefined: there is no such key. */
  readonly caller: Caller | undefined;
  readonly readMs: number;
  readonly untilMs: number;
}

export function createAccountLookup(sql: Sql, clock: Clock): AccountLookup {
  // By the key as it was sent: to hash it for each tile would take longer than the rest. It is in this process's memory alone.
  const keys = new LRUCache<string, KnownKey>({ max: MAX_KEYS });
  // Apart, so that a flood of made up keys drives no real one out.
  const absent = new LRUCache<string, KnownKey>({ max: MAX_KEYS });
  const users = new LRUCache<string, { readonly account: Account; readonly readMs: number }>({ max: MAX_KEYS });

  function remembered(key: string): RememberedKey | undefined {
    const found = keys.get(key) ?? absent.get(key);
    if (found === undefined) return undefined;
    const nowMs = clock.now();
    const { caller, readMs, untilMs } = found;
    // A clock that was set back would make it last.
    return { caller, isTrusted: nowMs < untilMs && nowMs >= readMs, isOld: nowMs - readMs >= OLD_MS };
  }

  return {
    known(key) {
      const found = remembered(key);
      return found?.isTrusted ? (found.caller ?? null) : undefined;
    },
    remembered,
    async read(key) {
      const readMs = clock.now();
      const [row] = (await sql.query(FIND_KEY, [hashKey(key), new Date(readMs)])) as unknown as FoundKey[];
      const untilMs = readMs + TRUSTED_MS;
      if (row === undefined) {
        keys.delete(key);
        absent.set(key, { caller: undefined, readMs, untilMs });
        return undefined;
      }
      const { keyId: id, origins, layers, kinds, expiresAt, ...account } = row;
      const caller = { account, key: { id, origins, layers, kinds } };
      absent.delete(key);
      keys.set(key, { caller, readMs, untilMs: Math.min(untilMs, expiresAt?.getTime() ?? untilMs) });
      return caller;
    },
    async ofUser(userId) {
      const known = users.get(userId);
      const readMs = clock.now();
      if (known !== undefined && readMs - known.readMs < TRUSTED_MS && readMs >= known.readMs) return known.account;
      const [account] = (await sql.query(FIND_USER, [userId])) as unknown as Account[];
      if (account === undefined) users.delete(userId);
      else users.set(userId, { account, readMs });
      return account;
    },
    forget(userId) {
      users.delete(userId);
      for (const [key, { caller }] of keys.entries()) if (caller?.account.userId === userId) keys.delete(key);
    },
  };
}

type FoundKey = Account & KeyRestrictions & { readonly keyId: string; readonly expiresAt: Date | null };

const ACCOUNT_COLUMNS = `
  users.id AS "userId", users.email, users.is_operator AS "isOperator",
  ARRAY (SELECT m.city FROM moderated_cities AS m WHERE m.user_id = users.id ORDER BY m.city) AS cities, ${SUBSCRIPTION_COLUMNS}`;

/**
 * The key by its hash. A query that asks the time is answered by PostgreSQL itself: Hyperdrive would tell for 75 s what it knows, also of
 * a key that was revoked. https://developers.cloudflare.com/hyperdrive/concepts/query-caching/
 */
export const FIND_KEY = `
  SELECT k.id AS "keyId", k.origins, k.layers, k.kinds, k.expires_at AS "expiresAt", ${ACCOUNT_COLUMNS}
  FROM api_keys AS k JOIN users ON users.id = k.user_id LEFT JOIN api_subscriptions AS s ON s.user_id = k.user_id
  WHERE k.key_hash = $1 AND k.revoked_at IS NULL AND (k.expires_at IS NULL OR k.expires_at > $2::timestamptz) AND now() IS NOT NULL`;

const FIND_USER = `
  SELECT ${ACCOUNT_COLUMNS}
  FROM users LEFT JOIN api_subscriptions AS s ON s.user_id = users.id
  WHERE users.id = $1 AND now() IS NOT NULL`;
