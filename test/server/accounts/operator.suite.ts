import type { Pool } from "pg";
import { beforeAll, beforeEach, expect, it } from "vitest";
import { type AccountQuery, listAccounts } from "../../../server/accounts/account-list.ts";
import { createOperatorChanges } from "../../../server/accounts/operator-changes.ts";
import { sqlOfPool } from "../../../server/postgres/sql.ts";
import {
  addAccount,
  addKey,
  addUsage,
  bearer,
  createKeyApp,
  revoke,
  type TestAccount,
} from "../../kit/accounts-fixture.ts";
import { readJson, type TestApp } from "../../kit/app-fixture.ts";
import { NOW } from "../../kit/trends-fixture.ts";

interface Account {
  readonly id: string;
  readonly email: string;
  readonly calls_this_month: number;
  readonly keys: readonly { readonly id: string; readonly name: string; readonly revoked_at: string | null }[];
}
interface Page {
  readonly accounts: readonly Account[];
  readonly next_cursor: string | null;
}

const ORIGIN = "http://localhost";

export function testOperators(pool: () => Pool): void {
  let app: TestApp;
  let boss: TestAccount;
  let ann: TestAccount;
  const sql = () => sqlOfPool(pool());
  const changes = () => createOperatorChanges(sql());
  const list = async (query: Partial<AccountQuery> = {}) =>
    (await listAccounts({ query: sql() }, { limit: 100, ...query }, NOW)).accounts;

  beforeAll(() => {
    const sessions = {
      of: async (headers: Headers) => {
        const userId = headers.get("x-test-user");
        const isDemo = headers.get("x-test-demo") !== null;
        return userId === null ? undefined : { sessionId: "s", userId, email: "", isEmailVerified: true, isDemo };
      },
    };
    app = createKeyApp(pool(), { sessions }).app;
  });
  beforeEach(async () => {
    boss = await addAccount(pool(), "boss@example.org", { plan: "resident" });
    await changes().setOperator(null, boss.userId, true);
    ann = await addAccount(pool(), "Ann@example.org");
  });

  const ask = (path: string, init: RequestInit = bearer(boss.key)) =>
    app.request(`/api/operator/accounts${path}`, init);
  const change = (path: string, method: string, body?: unknown, key = boss.key) =>
    ask(path, {
      method,
      headers: { ...bearer(key).headers, "Content-Type": "application/json" },
      body: JSON.stringify(body) ?? null,
    });

  it("see all keys of all accounts, usage this month, and whether subscriptions are active", async () => {
    const second = await addKey(pool(), ann, "second");
    await revoke(pool(), second);
    await changes().setSubscription(null, ann.userId, { status: "past_due" });
    await addUsage(pool(), [
      [ann, "2026-05-31", "trends", 100],
      [ann, "2026-06-01", "trends", 3],
      [second, "2026-06-01", "trends", 2],
      [second, "2026-06-01", "exports", 7],
      [ann, "2026-07-01", "trends", 100],
      [boss, "2026-06-01", "exports", 1],
    ]);
    const { accounts, next_cursor } = await readJson<Page>(ask(""));
    expect(next_cursor).toBeNull();
    expect(accounts).toMatchObject([
      {
        ...{
          id: ann.userId,
          email: "Ann@example.org",
          plan: "agent",
          status: "past_due",
          active: false,
          billed: false,
        },
        ...{ calls_this_month: 12, calls_by_kind: { trends: 5, exports: 7 } },
        keys: [
          { name: "default", calls_this_month: 3, revoked_at: null },
          { name: "second", calls_this_month: 9, revoked_at: expect.stringContaining("T") },
        ],
      },
      { email: "boss@example.org", is_operator: true, calls_this_month: 1 },
    ]);
    expect(JSON.stringify(accounts)).not.toContain(ann.key);
  });

  it("page through accounts and find them by the beginning of an address, whatever stands in it", async () => {
    const add =
      "INSERT INTO users (email, created_at) SELECT $1 || n || '@x.org', now() - n * interval '1 h' FROM generate_series(1, 25) AS n";
    await pool().query(add, ["user"]);
    await pool().query("UPDATE users SET created_at = now() WHERE email LIKE 'user1%'");
    for (const email of ["a_b@x.org", "aXb@x.org", "a%b@x.org", "a\\b@x.org"])
      await pool().query("INSERT INTO users (email) VALUES ($1)", [email]);
    const seen: string[] = [];
    let [cursor, pages] = ["", 0];
    do {
      const page = await readJson<Page>(ask(`?limit=4&q=USER&cursor=${cursor}`));
      seen.push(...page.accounts.map(({ email }) => email));
      cursor = page.next_cursor ?? "";
      pages++;
    } while (cursor !== "");
    expect([pages, seen.length, new Set(seen).size]).toEqual([7, 25, 25]);
    for (const q of ["a_", "a%", "A\\"]) {
      const found = await readJson<Page>(ask(`?q=${encodeURIComponent(q)}`));
      expect(found.accounts.map(({ email }) => email)).toEqual([`${q.toLowerCase()}b@x.org`]);
    }
  });

  it.each(["limit=0", "limit=101", "cursor=1", "cursor=9.x", `q=${"x".repeat(255)}`, "q=%00", "q=a&q=b"])(
    "get 400 for ?%s, which names the parameter",
    async (query) => {
      const answer = await ask(`?${query}`);
      expect(answer.status).toBe(400);
      expect(await readJson<{ detail: string }>(answer)).toMatchObject({
        errors: [{ field: query.split("=")[0] }],
      });
    },
  );

  it("are known by a key or a session, and nobody else gets in", async () => {
    const session = (userId: string, more = {}) => ({ headers: { "x-test-user": userId, Origin: ORIGIN, ...more } });
    expect((await ask("", session(boss.userId))).status).toBe(200);
    const refused: [RequestInit, number][] = [
      [{}, 401],
      [bearer("nonsense"), 401],
      [bearer(ann.key), 403],
      [session(ann.userId), 403],
      [session(boss.userId, { "x-test-demo": "1" }), 403],
      [{ headers: { Authorization: "Basic eA==" } }, 401],
      // A key that is no operator's is not helped by a session that is.
      [session(boss.userId, bearer(ann.key).headers), 403],
    ];
    for (const [init, status] of refused) {
      for (const [path, method] of [
        ["", "GET"],
        [`/${ann.userId}`, "PATCH"],
        [`/${ann.userId}/keys/${ann.keyId}`, "DELETE"],
      ]) {
        expect(
          (await ask(path ?? "", { ...init, method: method ?? "" })).status,
          `${method} ${JSON.stringify(init)}`,
        ).toBe(status);
      }
    }
    const foreign = session(boss.userId, { Origin: "https://evil.example" });
    expect((await ask(`/${ann.userId}`, { ...foreign, method: "PATCH" })).status).toBe(403);
    expect((await ask(`?key=${boss.key}`, {})).status).toBe(400);
    expect((await list({ id: ann.userId }))[0]).toMatchObject({ plan: "agent", keys: [{ revokedAt: null }] });
  });

  it("change plans and revoke keys; it is logged with who did it, and of what is paid for nothing is changed", async () => {
    expect(await readJson(change(`/${ann.userId}`, "PATCH", { plan: "city" }))).toMatchObject({
      plan: "city",
      active: true,
    });
    expect((await list({ id: ann.userId }))[0]?.monthlyCallsLimit).toBe(100_000);
    expect((await change(`/${ann.userId}/keys/${ann.keyId}`, "DELETE")).status).toBe(204);
    expect((await change(`/${ann.userId}/keys/${ann.keyId}`, "DELETE")).status).toBe(404);
    expect((await change(`/${ann.userId}/keys/${boss.keyId}`, "DELETE")).status).toBe(404);
    const [revoked, set] = await changes().log(9);
    expect([set, revoked]).toMatchObject([
      { operator: "boss@example.org", account: "Ann@example.org", action: "set", detail: { plan: "city" } },
      {
        operator: "boss@example.org",
        account: "Ann@example.org",
        action: "key revoke",
        detail: { prefix: ann.key.slice(0, 14) },
      },
    ]);
    await pool().query("UPDATE api_subscriptions SET stripe_subscription_id = 'sub_1' WHERE user_id = $1", [
      ann.userId,
    ]);
    expect((await change(`/${ann.userId}`, "PATCH", { status: "canceled" })).status).toBe(409);
    expect(await changes().setSubscription(null, ann.userId, { monthlyCallsLimit: 7 })).toBe("set");
    expect((await list({ id: ann.userId }))[0]).toMatchObject({ plan: "city", isBilled: true, monthlyCallsLimit: 7 });
    await pool().query("UPDATE api_subscriptions SET status = 'canceled', ends_at = now() WHERE user_id = $1", [
      ann.userId,
    ]);
    expect((await change(`/${ann.userId}`, "PATCH", { status: "active" })).status).toBe(200);
    expect((await list({ id: ann.userId }))[0]).toMatchObject({ active: true, isBilled: false, endsAt: null });
    expect(await changes().setSubscription(null, crypto.randomUUID(), { plan: "city" })).toBe("unknown");
    expect((await change(`/${crypto.randomUUID()}`, "PATCH", { plan: "city" })).status).toBe(404);
  });

  it.each([
    [{}, "body"],
    [{ plan: "gold" }, "plan"],
    [{ status: "cancelled" }, "status"],
    [{ plan: "city", is_operator: true }, "is_operator"],
    [null, "body"],
  ])("get 400 for the change %j, which names the field", async (body, field) => {
    const answer = await change(`/${ann.userId}`, "PATCH", body);
    expect(answer.status).toBe(400);
    expect(await readJson<object>(answer)).toMatchObject({ errors: [{ field }] });
    expect((await change("/ann", "PATCH", { plan: "city" })).status).toBe(400);
    expect((await change(`/${ann.userId}/keys/x`, "DELETE")).status).toBe(400);
  });

  it("delete an account with all that is held of it; the log keeps a year, and ids alone", async () => {
    await addUsage(pool(), [[ann, "2026-06-01", "trends", 3]]);
    await pool().query("INSERT INTO billing_customers (user_id, stripe_customer_id) VALUES ($1, 'cus_1')", [
      ann.userId,
    ]);
    await pool().query(
      "INSERT INTO operator_log (account_id, action, at) SELECT $1, 'old', now() - interval '13 months'",
      [ann.userId],
    );
    // A mail with a link to a new password, on its way.
    await pool().query(
      "INSERT INTO verifications (identifier, value, expires_at) VALUES ('x', $1, now() + interval '1 hour')",
      [ann.userId],
    );
    expect(await changes().deleteAccount(boss.userId, ann.userId)).toBe(true);
    expect(await changes().deleteAccount(boss.userId, ann.userId)).toBe(false);
    expect((await list()).map(({ email }) => email)).toEqual(["boss@example.org"]);
    for (const table of ["usage_log", "billing_customers", "verifications"]) {
      expect((await pool().query(`SELECT FROM ${table}`)).rowCount, table).toBe(0);
    }
    const [last] = await changes().log(9);
    expect(last).toMatchObject({
      action: "delete",
      operator: "boss@example.org",
      account: null,
      accountId: ann.userId,
    });
    expect((await changes().log(99)).map(({ action }) => action)).not.toContain("old");
  });
}
