import type { Pool } from "pg";
import { beforeEach, describe, expect, it } from "vitest";
import { listAccounts } from "../../../server/accounts/account-list.ts";
import { createAccountLookup } from "../../../server/accounts/account-lookup.ts";
import { createAccountTable } from "../../../server/accounts/account-table.ts";
import { hashKey, makeKey, visiblePrefix } from "../../../server/accounts/key.ts";
import { createOperatorChanges } from "../../../server/accounts/operator-changes.ts";
import { sqlOfPool } from "../../../server/postgres/sql.ts";
import { ACCOUNT_TABLES, addAccount, addKey, revoke, type TestAccount } from "../../kit/accounts-fixture.ts";
import { describeOnEachPostgres } from "../../kit/postgres/each-postgres.ts";
import { testOperators } from "./operator.suite.ts";

describeOnEachPostgres("accounts", ACCOUNT_TABLES, (pool) => {
  describe("of operators", () => testOperators(pool));
  describe("in the table", () => testTable(pool));
});

function testTable(pool: () => Pool): void {
  let account: TestAccount;
  const table = () => createAccountTable(sqlOfPool(pool()));
  const list = async () => (await listAccounts({ query: sqlOfPool(pool()) }, { limit: 9 }, Date.now())).accounts;
  beforeEach(async () => {
    account = await addAccount(pool(), "Ann@example.org", { monthlyCallsLimit: 50 });
  });

  it("leave in the log who was let in where, and which keys were made", async () => {
    const key = makeKey();
    await table().addKey(account.userId, { name: "k", hash: hashKey(key), prefix: visiblePrefix(key) });
    await table().setCity(account.userId, "austin", true);
    await table().setCity(account.userId, "austin", false);
    await table().setCity(account.userId, "austin", false);
    const logged = await createOperatorChanges(sqlOfPool(pool())).log(9);
    expect(logged.map(({ account: email, action, detail }) => [email, action, detail])).toEqual([
      ["Ann@example.org", "city", { city: "austin", on: false }],
      ["Ann@example.org", "city", { city: "austin", on: true }],
      ["Ann@example.org", "key add", { prefix: visiblePrefix(key) }],
      ["Ann@example.org", "add", { plan: "agent", prefix: visiblePrefix(account.key) }],
    ]);
  });

  it("are one for an e-mail address in any case, made whole or not at all", async () => {
    expect(await table().find("aNN@Example.ORG")).toBe(account.userId);
    await expect(addAccount(pool(), "ann@EXAMPLE.org")).rejects.toThrow(
      "There is an account for ann@EXAMPLE.org already",
    );
    const taken = { name: "k", hash: hashKey(account.key), prefix: visiblePrefix(account.key) };
    await expect(table().add("bob@example.org", {}, taken)).rejects.toThrow();
    await expect(table().find("bob@example.org")).rejects.toThrow("There is no account for bob@example.org");
    expect((await list()).map(({ id, email, plan, status, keys }) => [id, email, plan, status, keys.length])).toEqual([
      [account.userId, "Ann@example.org", "agent", "active", 1],
    ]);
  });

  it("keep what is not set, and get defaults where nothing was", async () => {
    const read = async () =>
      (await pool().query("SELECT plan, status, monthly_calls_limit AS limit FROM api_subscriptions")).rows;
    await table().set(account.userId, { status: "past_due" });
    expect(await read()).toEqual([{ plan: "agent", status: "past_due", limit: 50 }]);
    await table().set(account.userId, { plan: "city", monthlyCallsLimit: 0 });
    expect(await read()).toEqual([{ plan: "city", status: "past_due", limit: 0 }]);
    await pool().query("DELETE FROM api_subscriptions");
    await table().set(account.userId, { plan: "agent" });
    expect(await read()).toEqual([{ plan: "agent", status: "active", limit: null }]);
  });

  it("have at most a hundred keys, each of which is revoked once", async () => {
    for (let i = 1; i < 100; i++) await addKey(pool(), account, `${i}`);
    await expect(addKey(pool(), account, "one more")).rejects.toThrow("100 keys");
    await revoke(pool(), account);
    await expect(revoke(pool(), account)).rejects.toThrow("no key");
    await expect(revoke(pool(), { ...account, key: makeKey() })).rejects.toThrow("no key");
    const [{ keys } = { keys: [] }] = await list();
    expect(keys.map(({ revokedAt }) => revokedAt === null).filter(Boolean)).toHaveLength(99);
  });

  it.each([
    ["a hash that is a key", "UPDATE api_keys SET key_hash = 'stratum_' || repeat('x', 56)", "key_hash_check"],
    ["a hash in upper case", "UPDATE api_keys SET key_hash = repeat('A', 64)", "key_hash_check"],
    ["a prefix that is a key", "UPDATE api_keys SET prefix = 'stratum_' || repeat('x', 40)", "prefix_check"],
    ["an unknown plan", "UPDATE api_subscriptions SET plan = 'gold'", "plan_check"],
    ["an unknown status", "UPDATE api_subscriptions SET status = 'cancelled'", "status_check"],
    ["a negative limit", "UPDATE api_subscriptions SET monthly_calls_limit = -1", "limit_check"],
    ["an address without @", "UPDATE users SET email = 'ann'", "email_check"],
    [
      "usage of no key",
      "INSERT INTO usage_log SELECT gen_random_uuid(), now(), 'trends', 1, id FROM users",
      "key_id_fkey",
    ],
    [
      "usage of nobody",
      "INSERT INTO usage_log SELECT id, now(), 'trends', 1, gen_random_uuid() FROM api_keys",
      "user_id_fkey",
    ],
    [
      "usage of something else",
      "INSERT INTO usage_log SELECT id, now(), 'places', 1, user_id FROM api_keys",
      "capability_check",
    ],
    ["no calls", "INSERT INTO usage_log SELECT id, now(), 'trends', 0, user_id FROM api_keys", "calls_check"],
  ])("are kept by the database from %s", async (_, statement, constraint) => {
    await expect(pool().query(statement)).rejects.toThrow(constraint);
  });

  it("never share a Stripe subscription", async () => {
    const other = await addAccount(pool(), "bob@example.org");
    const set = (userId: string) =>
      pool().query("UPDATE api_subscriptions SET stripe_subscription_id = 'sub_1' WHERE user_id = $1", [userId]);
    await set(account.userId);
    await expect(set(other.userId)).rejects.toThrow("stripe_subscription_id_key");
  });

  it("moderate where an operator says, in twenty cities at the most, and no plan makes a difference", async () => {
    const { userId, key } = await addAccount(pool(), "mod@example.org", { plan: "city" });
    const sql = sqlOfPool(pool());
    /** What a key's caller may, as a process reads it that knows nothing yet. */
    const read = async () => {
      const caller = await createAccountLookup({ query: sql }, { now: Date.now }).read(key);
      return caller && [caller.account.email, caller.account.isOperator, caller.account.cities];
    };
    expect(await read()).toEqual(["mod@example.org", false, []]);
    for (const city of ["brooklyn", "austin", "austin"]) await table().setCity(userId, city, true);
    expect(await table().rights(userId)).toEqual({ isOperator: false, cities: ["austin", "brooklyn"] });
    expect(await read()).toEqual(["mod@example.org", false, ["austin", "brooklyn"]]);
    for (const city of ["austin", "brooklyn"]) await table().setCity(userId, city, false);
    await table().setOperator(userId, true);
    expect(await read()).toEqual(["mod@example.org", true, []]);
    for (let i = 0; i < 20; i++) await table().setCity(userId, `city-${i}`, true);
    await expect(table().setCity(userId, "one-more", true)).rejects.toThrow("20 cities");
    await table().setCity(userId, "city-3", true);
    await expect(table().setCity(userId, "No City", true)).rejects.toThrow();
  });
}
