import { describe, expect, it } from "vitest";
import { FIND_KEY } from "../../../server/accounts/account-lookup.ts";
import { hashKey, visiblePrefix } from "../../../server/accounts/key.ts";
import { READ_USAGE } from "../../../server/accounts/usage-report.ts";
import {
  ACCOUNT_TABLES,
  addAccount,
  addKey,
  addUsage,
  bearer,
  createKeyApp,
  revoke,
  type TestAccount,
} from "../../kit/accounts-fixture.ts";
import { describeOnEachPostgres } from "../../kit/postgres/each-postgres.ts";

interface Usage {
  readonly plan: string;
  readonly subscription: { readonly status: string | null; readonly active: boolean };
  readonly calls_this_month: number;
  readonly keys: readonly { readonly prefix: string; readonly calls_this_month: number }[];
}

const NOON_OF_20_JUNE = Date.UTC(2026, 5, 20, 12);

describeOnEachPostgres("GET /api/usage", ACCOUNT_TABLES, (pool) => {
  const app = () => {
    const test = createKeyApp(pool());
    test.clock.nowMs = NOON_OF_20_JUNE;
    return test;
  };
  const read = async (account: TestAccount) => {
    const answer = await app().get("/api/usage", bearer(account.key));
    expect(answer.status).toBe(200);
    return { answer, usage: (await answer.json()) as Usage };
  };

  it("tells all keys of an account, usage this month, and whether the subscription is active", async () => {
    const first = await addAccount(pool(), "news@example.org", { monthlyCallsLimit: 5_000 });
    const second = await addKey(pool(), first, "map");
    const third = await addKey(pool(), first, "unused");
    const other = await addAccount(pool(), "other@example.org");
    await addUsage(pool(), [
      [first, "2026-05-31", "trends", 1_000],
      [first, "2026-06-01", "trends", 7],
      [first, "2026-06-01", "exports", 2],
      [second, "2026-06-01", "trends", 30],
      [second, "2026-06-01", "tiles", 30],
      [second, "2026-06-20", "exports", 4],
      [second, "2026-07-01", "exports", 500],
      [other, "2026-06-01", "trends", 90],
    ]);
    await pool().query(
      `UPDATE api_keys SET created_at = '2026-04-01 10:00Z',
         last_used_at = CASE WHEN id = $1 THEN timestamptz '2026-06-20 11:59:58.5+02' END,
         revoked_at = CASE WHEN id = $1 THEN timestamptz '2026-06-20 11:00Z' END,
         name = CASE WHEN id = $2 THEN 'desk' ELSE name END`,
      [second.keyId, first.keyId],
    );
    await pool().query("UPDATE api_subscriptions SET current_period_end = '2026-06-30Z' WHERE user_id = $1", [
      first.userId,
    ]);
    // Of its sessions.
    await pool().query(
      "INSERT INTO usage_log (user_id, day, capability, calls) VALUES ($1, '2026-06-20', 'dashboards', 5)",
      [first.userId],
    );
    const ofMonth = { per: "month", resets_at: "2026-07-01T00:00:00.000Z" };
    const { answer, usage } = await read(first);
    expect(answer.headers.get("Cache-Control")).toBe("private, no-store");
    const created_at = "2026-04-01T10:00:00.000Z";
    const unused = { created_at, last_used_at: null, revoked_at: null };
    const use = (day: string, kind: string, calls: number) => ({ day: `2026-06-${day}`, kind, calls });
    const keys = [
      {
        id: first.keyId,
        name: "desk",
        prefix: visiblePrefix(first.key),
        ...unused,
        calls_this_month: 9,
        days: [use("01", "exports", 2), use("01", "trends", 7)],
      },
      {
        id: second.keyId,
        name: "map",
        prefix: visiblePrefix(second.key),
        created_at,
        last_used_at: "2026-06-20T09:59:58.500Z",
        revoked_at: "2026-06-20T11:00:00.000Z",
        calls_this_month: 64,
        days: [use("01", "tiles", 30), use("01", "trends", 30), use("20", "exports", 4)],
      },
      {
        id: third.keyId,
        name: "unused",
        prefix: visiblePrefix(third.key),
        ...unused,
        calls_this_month: 0,
        days: [],
      },
    ];
    expect(usage).toEqual({
      plan: "agent",
      subscription: { status: "active", active: true, current_period_end: "2026-06-30T00:00:00.000Z", ends_at: null },
      month: "2026-06",
      calls_this_month: 78,
      monthly_calls_limit: 5_000,
      quotas: [
        { kind: "tiles", calls: 10_000_000, used: 30, ...ofMonth },
        { kind: "trends", calls: 5_000, used: 43, ...ofMonth },
        { kind: "exports", calls: 5_000, used: 43, ...ofMonth },
        { kind: "dashboards", calls: 50_000, used: 5, ...ofMonth },
      ],
      keys: keys.sort((a, b) => (a.prefix < b.prefix ? -1 : 1)),
      days: [
        { day: "2026-06-01", calls: 69, tiles: 30, trends: 37, exports: 2, dashboards: 0 },
        { day: "2026-06-20", calls: 9, tiles: 0, trends: 0, exports: 4, dashboards: 5 },
      ],
    });
    const text = JSON.stringify(usage);
    for (const { key } of [first, second, third]) {
      expect(text).not.toContain(key);
      expect(text).not.toContain(hashKey(key));
    }
  });

  it.each([
    ["active", null, true],
    ["trialing", null, true],
    ["active", "2026-06-20 12:00:01Z", true],
    ["active", "2026-06-20 12:00Z", false],
    ["past_due", null, false],
    ["canceled", null, false],
    ["incomplete", null, false],
  ] as const)("says of the status %s with an end at %s that active is %s", async (status, endsAt, active) => {
    const account = await addAccount(pool(), "a@example.org", { plan: "city", status });
    await pool().query("UPDATE api_subscriptions SET ends_at = $1", [endsAt]);
    expect((await read(account)).usage).toMatchObject({ plan: "city", subscription: { status, active } });
  });

  it("answers an account without a subscription, which no sign-up can be without", async () => {
    const account = await addAccount(pool(), "a@example.org");
    await pool().query("DELETE FROM api_subscriptions");
    const { usage } = await read(account);
    expect(usage).toMatchObject({
      plan: "resident",
      subscription: { status: null, active: false, ends_at: null },
      calls_this_month: 0,
      monthly_calls_limit: 0,
      days: [],
    });
  });

  it("tells of a revoked key, which asks for nothing any more", async () => {
    const account = await addAccount(pool(), "a@example.org");
    const other = await addKey(pool(), account, "other");
    await revoke(pool(), account);
    expect((await app().get("/api/usage", bearer(account.key))).status).toBe(401);
    const { usage } = await read(other);
    expect(usage.keys.filter((key) => "revoked_at" in key && key.revoked_at !== null)).toHaveLength(1);
  });

  it("knows of what its own process answered a moment ago", async () => {
    const { get } = app();
    const account = await addAccount(pool(), "a@example.org");
    for (let i = 0; i < 3; i++) await get("/api/trends/changes", bearer(account.key));
    const usage = (await (await get("/api/usage", bearer(account.key))).json()) as Usage;
    expect([usage.calls_this_month, usage.keys[0]?.calls_this_month]).toEqual([3, 3]);
  });

  describe("among 4 000 accounts", { tags: "slow" }, () => {
    it.each([
      ["the report", READ_USAGE, ["api_keys_user_id_prefix_key", "usage_log_calls", "users_pkey"]],
      ["a key", FIND_KEY, ["api_keys_key_hash_key", "users_pkey", "api_subscriptions_pkey"]],
    ])("reads %s by indexes alone", async (_, statement, indexes) => {
      await pool().query(MANY_ACCOUNTS);
      await pool().query("ANALYZE users, api_subscriptions, api_keys, usage_log");
      const { userId, key } = await addAccount(pool(), "a@example.org");
      const values =
        statement === READ_USAGE ? [userId, "2026-06-01", "2026-06-01", "2026-06-20"] : [hashKey(key), new Date()];
      const { rows } = await pool().query(`EXPLAIN ${statement}`, values);
      const plan = rows.map((row) => row["QUERY PLAN"]).join("\n");
      for (const index of indexes) expect(plan).toContain(index);
      expect(plan).not.toContain("Seq Scan");
    });
  });
});

/** Two keys each, thirty days of usage of one in four. */
const MANY_ACCOUNTS = `
  WITH account AS (
    INSERT INTO users (email) SELECT n || '@example.com' FROM generate_series(1, 4000) n RETURNING id
  ), subscription AS (INSERT INTO api_subscriptions (user_id) SELECT id FROM account), made AS (
    INSERT INTO api_keys (user_id, name, key_hash, prefix)
    SELECT id, 'k', encode(sha256(convert_to(id::text || n, 'UTF8')), 'hex'), 'stratum_' || n
    FROM account, generate_series(1, 2) n RETURNING id, user_id
  )
  INSERT INTO usage_log SELECT id, date '2026-05-20' + day, 'trends', 5, user_id
  FROM (SELECT id, user_id, row_number() OVER () AS n FROM made) made, generate_series(0, 29) day WHERE n % 4 = 0`;
