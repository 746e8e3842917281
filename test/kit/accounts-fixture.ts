import type { Pool } from "pg";
import { createAccountTable, type SubscriptionChange } from "../../server/accounts/account-table.ts";
import type { KeyRestrictions } from "../../server/accounts/caller.ts";
import { hashKey, makeKey, visiblePrefix } from "../../server/accounts/key.ts";
import type { CallKind } from "../../server/accounts/plans.ts";
import { createUsageLog } from "../../server/accounts/usage-log.ts";
import { silentLog } from "../../server/console/log.ts";
import type { Sessions } from "../../server/ports/sessions.ts";
import type { RunSql } from "../../server/ports/sql.ts";
import { sqlOfPool } from "../../server/postgres/sql.ts";
import { OWN_AREA_TABLES } from "./own-areas-fixture.ts";
import { createRelationalApp } from "./trends-fixture.ts";

export const ACCOUNT_TABLES = [
  "users",
  "moderated_cities",
  "api_subscriptions",
  "api_keys",
  "usage_log",
  "usage_batches",
  "billing_customers",
  "operator_log",
  // They go with their accounts.
  ...OWN_AREA_TABLES,
  "quota_use",
];

export interface TestAccount {
  readonly userId: string;
  readonly keyId: string;
  readonly key: string;
}

/** An account as an operator makes it: with a key, of the agent's plan unless told otherwise. */
export async function addAccount(pool: Pool, email: string, change: SubscriptionChange = {}): Promise<TestAccount> {
  const table = createAccountTable(sqlOfPool(pool));
  const key = makeKey();
  const stored = { name: "default", hash: hashKey(key), prefix: visiblePrefix(key) };
  await table.add(email, { plan: "agent", ...change }, stored);
  return { userId: await table.find(email), key, keyId: await idOfKey(pool, key) };
}

export async function addKey(pool: Pool, { userId }: TestAccount, name: string): Promise<TestAccount> {
  const key = makeKey();
  await createAccountTable(sqlOfPool(pool)).addKey(userId, {
    name,
    hash: hashKey(key),
    prefix: visiblePrefix(key),
  });
  return { userId, key, keyId: await idOfKey(pool, key) };
}

/** A key with restrictions, as its account makes it. */
export async function addRestrictedKey(
  pool: Pool,
  { userId }: Pick<TestAccount, "userId">,
  restrictions: Partial<KeyRestrictions>,
): Promise<TestAccount> {
  const { origins = null, layers = null, kinds = null } = restrictions;
  const key = makeKey({ isRestricted: origins !== null });
  await pool.query(
    `INSERT INTO api_keys (user_id, name, key_hash, prefix, origins, layers, kinds) VALUES ($1, 'k', $2, $3, $4, $5, $6)`,
    [userId, hashKey(key), visiblePrefix(key), origins, layers, kinds],
  );
  return { userId, key, keyId: await idOfKey(pool, key) };
}

export const revoke = (pool: Pool, { userId, key }: TestAccount) =>
  createAccountTable(sqlOfPool(pool)).revokeKey(userId, visiblePrefix(key));

async function idOfKey(pool: Pool, key: string): Promise<string> {
  return (await pool.query("SELECT id FROM api_keys WHERE key_hash = $1", [hashKey(key)])).rows[0].id;
}

export type UsedCalls = readonly [account: TestAccount, day: string, capability: CallKind, calls: number];

export async function addUsage(pool: Pool, used: readonly UsedCalls[]): Promise<void> {
  for (const [{ userId, keyId }, ...counted] of used) {
    const insert = "INSERT INTO usage_log (user_id, key_id, day, capability, calls) VALUES ($1, $2, $3, $4, $5)";
    await pool.query(insert, [userId, keyId, ...counted]);
  }
}

/** All calls of an account that the database holds. */
export async function callsOf(pool: Pool, { userId }: TestAccount): Promise<number> {
  const { rows } = await pool.query(
    "SELECT coalesce(sum(calls), 0)::integer AS calls FROM usage_log WHERE user_id = $1",
    [userId],
  );
  return rows[0].calls;
}

export const bearer = (key: string): RequestInit => ({ headers: { Authorization: `Bearer ${key}` } });

/** Whose session a request of a test carries: a header in place of a cookie. */
export const TEST_SESSIONS: Sessions = {
  async of(headers) {
    const userId = headers.get("x-test-user");
    if (userId === null) return undefined;
    const isDemo = headers.has("x-test-demo");
    return { sessionId: `s-${userId}`, userId, email: "a@example.org", isEmailVerified: true, isDemo };
  },
};

/** The app's own origin, as it is asked in tests. */
export const OWN_ORIGIN = "http://localhost";

/** A request with a session, of a page of ours unless told otherwise. */
export function signedIn(
  userId: string,
  init: RequestInit & { readonly isDemo?: boolean; readonly origin?: string } = {},
): RequestInit {
  const { isDemo = false, origin = OWN_ORIGIN, headers, ...rest } = init;
  const own = { "X-Test-User": userId, Origin: origin, ...(isDemo && { "X-Test-Demo": "1" }) };
  return { ...rest, headers: { ...own, ...Object.fromEntries(new Headers(headers)) } };
}

/** The app with keys; its usage is added to the database when a test says so. */
export function createKeyApp(
  pool: Pool,
  change: Parameters<typeof createRelationalApp>[1] & { usageSql?: RunSql } = {},
) {
  const { usageSql = sqlOfPool(pool), ...parts } = change;
  const usage = createUsageLog({ sql: usageSql, log: silentLog });
  return { ...createRelationalApp(pool, { usage, sessions: TEST_SESSIONS, ...parts }), usage };
}
