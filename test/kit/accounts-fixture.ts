import type { Pool } from "pg";
import { createAccountTable, type SubscriptionChange } from "../../server/accounts/account-table.ts";
import { hashKey, makeKey, visiblePrefix } from "../../server/accounts/key.ts";
import type { CallKind } from "../../server/accounts/plans.ts";
import { createUsageLog } from "../../server/accounts/usage-log.ts";
import { silentLog } from "../../server/console/log.ts";
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

/** The app with keys; its usage is added to the database when a test says so. */
export function createKeyApp(
  pool: Pool,
  change: Parameters<typeof createRelationalApp>[1] & { usageSql?: RunSql } = {},
) {
  const { usageSql = sqlOfPool(pool), ...parts } = change;
  const usage = createUsageLog({ sql: usageSql, log: silentLog });
  return { ...createRelationalApp(pool, { usage, ...parts }), usage };
}
