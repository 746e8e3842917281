import { describe, expect, it } from "vitest";
import { TRUSTED_MS } from "../../../server/accounts/account-lookup.ts";
import { createAccountTable } from "../../../server/accounts/account-table.ts";
import { hashKey, makeKey } from "../../../server/accounts/key.ts";
import { silentLog } from "../../../server/console/log.ts";
import type { AppEnv } from "../../../server/http/app.ts";
import type { RunSql } from "../../../server/ports/sql.ts";
import { createPool } from "../../../server/postgres/pool.ts";
import { sqlOfPool } from "../../../server/postgres/sql.ts";
import {
  ACCOUNT_TABLES,
  addAccount,
  addKey,
  addUsage,
  bearer,
  callsOf,
  createKeyApp,
  revoke,
} from "../../kit/accounts-fixture.ts";
import { readJson } from "../../kit/app-fixture.ts";
import { describeOnEachPostgres } from "../../kit/postgres/each-postgres.ts";

const TREND = "/api/trends/changes";
const EXPORT = "/api/exports/scores.csv";
const problemOf = async (answer: Response) => ((await answer.json()) as { type: string }).type.split(":").at(-1);

describeOnEachPostgres("requests with a key", ACCOUNT_TABLES, (pool) => {
  const app = (change: Parameters<typeof createKeyApp>[1] = {}) => createKeyApp(pool(), change);
  const setOf = async (userId: string, change: Parameters<ReturnType<typeof createAccountTable>["set"]>[1]) =>
    createAccountTable(sqlOfPool(pool())).set(userId, change);

  it.each([
    ["a key that there is not", () => `Bearer ${makeKey()}`],
    ["no key of ours", () => "Bearer sk_live_0123456789"],
    ["nothing", () => "Bearer"],
    ["a key in lower case", () => `bearer ${makeKey().toLowerCase()}`],
    ["10 000 characters", () => `Bearer stratum_${"x".repeat(10_000)}`],
    ["SQL", () => "Bearer ' OR true --"],
  ])("are refused with %s", async (_, authorization) => {
    for (const path of [TREND, EXPORT, "/api/usage"]) {
      const answer = await app().get(path, { headers: { Authorization: authorization() } });
      expect([answer.status, answer.headers.get("content-type")]).toEqual([401, "application/problem+json"]);
      expect(answer.headers.get("WWW-Authenticate")).toContain("invalid_token");
    }
  });

  it("are open without one, also behind a site's own password, but for the account", async () => {
    const { get } = app();
    for (const headers of [{}, { Authorization: "Basic dTpw" }]) {
      expect((await get(TREND, { headers })).status).toBe(200);
      const answer = await get("/api/usage", { headers });
      expect([answer.status, answer.headers.get("WWW-Authenticate")]).toEqual([401, 'Bearer realm="stratum"']);
    }
  });

  it("are refused with a key in the address, which logs and links would show", async () => {
    const { key } = await addAccount(pool(), "a@example.org");
    for (const path of [`${TREND}?key=${key}`, `${EXPORT}?limit=1&key=${key}`, `/api/usage?key=${key}`]) {
      const answer = await app().get(path);
      const text = await answer.text();
      expect([answer.status, JSON.parse(text).errors[0].field]).toEqual([400, "key"]);
      expect(text).not.toContain(key);
    }
  });

  it.each([
    ["resident", "active", "plan"],
    ["agent", "past_due", "subscription-inactive"],
    ["city", "canceled", "subscription-inactive"],
  ] as const)(
    "are for the plan %s that is %s what everybody has: some trends a day, and no export",
    async (plan, status, kind) => {
      const account = await addAccount(pool(), "a@example.org", { plan, status });
      const { get, clock, usage } = app();
      const exported = await get(EXPORT, bearer(account.key));
      expect([exported.status, await problemOf(exported)]).toEqual([403, kind]);
      for (let left = 19; left >= 0; left--) {
        const { status, headers } = await get(TREND, bearer(account.key));
        expect([status, headers.get("RateLimit")]).toEqual([200, `"trends";r=${left};t=43200`]);
      }
      const refused = await get(TREND, bearer(account.key));
      expect([refused.status, refused.headers.get("Retry-After"), await problemOf(refused)]).toEqual([
        429,
        "43200",
        "daily-limit",
      ]);
      await usage.flush();
      expect(await callsOf(pool(), account)).toBe(20);
      clock.nowMs += 43_200_000;
      expect((await get(TREND, bearer(account.key))).status).toBe(200);
    },
  );

  it.each(["agent", "city"] as const)(
    "are answered for the plan %s, and counted by key, day and capability",
    async (plan) => {
      const account = await addAccount(pool(), "a@example.org", { plan });
      const other = await addKey(pool(), account, "other");
      const { get, clock, usage } = app();
      for (const path of [TREND, TREND, EXPORT, `${EXPORT}?limit=1`]) {
        expect((await get(path, bearer(account.key))).status).toBe(200);
      }
      clock.nowMs = Date.UTC(2026, 5, 1, 23, 59, 59, 999);
      await get(TREND, bearer(other.key));
      clock.nowMs++;
      await get(TREND, bearer(other.key));
      await usage.flush();
      const { rows } = await pool().query(
        "SELECT key_id, day::text, capability, calls FROM usage_log ORDER BY 2, 3, 4",
      );
      expect(rows).toEqual([
        { key_id: account.keyId, day: "2026-06-01", capability: "exports", calls: 2 },
        ...[other, account].map(({ keyId }, i) => ({
          key_id: keyId,
          day: "2026-06-01",
          capability: "trends",
          calls: i + 1,
        })),
        { key_id: other.keyId, day: "2026-06-02", capability: "trends", calls: 1 },
      ]);
      const used = await pool().query("SELECT last_used_at FROM api_keys WHERE id = $1", [other.keyId]);
      expect(used.rows[0].last_used_at.getTime()).toBe(clock.nowMs);
    },
  );

  it("are not counted when they are not answered", async () => {
    const account = await addAccount(pool(), "a@example.org");
    let away = false;
    const run = (sql: RunSql): RunSql => {
      return (text, values) => (away ? Promise.reject(new Error("away")) : sql(text, values));
    };
    const { get, usage } = app({ run });
    const ask = async (path: string) => (await get(path, bearer(account.key))).status;
    expect(await ask(TREND)).toBe(200);
    away = true;
    expect([await ask(TREND), await ask(EXPORT), await ask("/api/trends/changes?by=street")]).toEqual([503, 503, 400]);
    away = false;
    const answer = await get(TREND, bearer(account.key));
    expect(answer.headers.get("X-RateLimit-Remaining")).toBe("9998");
    await usage.flush();
    expect(await callsOf(pool(), account)).toBe(2);
  });

  it("are let in by the account's month in place of the address's minute, all its keys together", async () => {
    const account = await addAccount(pool(), "a@example.org", { monthlyCallsLimit: 14 });
    const other = await addKey(pool(), account, "other");
    await addUsage(pool(), [
      [other, "2026-05-31", "trends", 500],
      [other, "2026-06-01", "trends", 4],
    ]);
    const { get, clock, usage } = app({ settings: { questionsPerMinute: 1 } });
    expect([(await get(TREND)).status, (await get(TREND)).status]).toEqual([200, 429]);
    const answers = await Promise.all(
      Array.from({ length: 12 }, (_, i) => get(TREND, bearer((i % 2 ? account : other).key))),
    );
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(10);
    const refused = answers.filter(({ status }) => status === 429);
    expect(refused).toHaveLength(2);
    for (const { headers } of refused) {
      // Noon of the first to the next month's beginning.
      expect(headers.get("Retry-After")).toBe(`${29.5 * 86_400}`);
      expect(headers.get("X-RateLimit-Limit")).toBe("14");
      expect(headers.get("X-RateLimit-Remaining")).toBe("0");
      expect(headers.get("X-RateLimit-Reset")).toBe(`${Date.UTC(2026, 6, 1) / 1000}`);
      expect(headers.get("RateLimit-Policy")).toBe(`"calls";q=14;w=${30 * 86_400}`);
      expect(headers.get("RateLimit")).toBe(`"calls";r=0;t=${29.5 * 86_400}`);
    }
    await usage.flush();
    expect(await callsOf(pool(), account)).toBe(514);
    // Read anew, it is the same.
    clock.nowMs += TRUSTED_MS;
    expect(await problemOf(await get(TREND, bearer(account.key)))).toBe("monthly-limit");
    expect((await get("/api/usage", bearer(account.key))).status).toBe(200);
    clock.nowMs = Date.UTC(2026, 6, 1);
    const july = await get(TREND, bearer(account.key));
    expect([july.status, july.headers.get("X-RateLimit-Remaining")]).toEqual([200, "13"]);
  });

  it("have a minute of their own, by account", async () => {
    const account = await addAccount(pool(), "a@example.org");
    const other = await addAccount(pool(), "b@example.org");
    const { get, clock } = app({ settings: { keyCallsPerMinute: 2 } });
    const ask = async ({ key }: { key: string }) => get(TREND, bearer(key));
    expect([(await ask(account)).status, (await ask(account)).status]).toEqual([200, 200]);
    const refused = await ask(account);
    expect([refused.status, refused.headers.get("Retry-After")]).toEqual([429, "30"]);
    expect((await ask(other)).status).toBe(200);
    clock.nowMs += 30_000;
    expect((await ask(account)).headers.get("X-RateLimit-Remaining")).toBe("9997");
  });

  it("are refused within seconds of a key's or subscription's end, and asked of PostgreSQL once in that time", async () => {
    const account = await addAccount(pool(), "a@example.org");
    const other = await addKey(pool(), account, "other");
    let lookups = 0;
    const run = (sql: RunSql): RunSql => {
      return (text, values) => {
        if (text.includes("key_hash")) lookups++;
        return sql(text, values);
      };
    };
    const { get, clock } = app({ run });
    const ask = async ({ key }: { key: string }) => (await get(`${EXPORT}?limit=1`, bearer(key))).status;
    for (let i = 0; i < 5; i++) expect([await ask(account), await ask(other)]).toEqual([200, 200]);
    expect(lookups).toBe(2);
    await revoke(pool(), account);
    clock.nowMs += TRUSTED_MS;
    expect([await ask(account), await ask(other)]).toEqual([401, 200]);
    await setOf(account.userId, { status: "canceled" });
    clock.nowMs += TRUSTED_MS;
    expect(await ask(other)).toBe(403);
    await setOf(account.userId, { status: "active", plan: "city" });
    clock.nowMs += TRUSTED_MS;
    expect(await ask(other)).toBe(200);
  });

  it("cannot be guessed at without end", async () => {
    let lookups = 0;
    const { get, clock } = app({
      run: () => async () => {
        lookups++;
        return [];
      },
    });
    const guess = async () => (await get(TREND, bearer(makeKey()))).status;
    const answers: number[] = [];
    for (let i = 0; i < 620; i++) answers.push(await guess());
    expect([answers.slice(0, 600).every((status) => status === 401), lookups]).toEqual([true, 600]);
    expect(new Set(answers.slice(600))).toEqual(new Set([429]));
    clock.nowMs += 1_000;
    expect(await guess()).toBe(401);
  });

  it("leave no key in the database, the log or an answer", async () => {
    const account = await addAccount(pool(), "a@example.org");
    const written: string[] = [];
    const keep = (event: string, fields = {}) => void written.push(JSON.stringify({ event, fields }));
    const log = { debug: keep, info: keep, warn: keep, error: keep };
    const { get, usage } = app({ log });
    for (const path of [TREND, EXPORT, "/api/usage", "/api/trends/changes?by=street", `${EXPORT}?limit=1`]) {
      const answer = await get(path, bearer(account.key));
      written.push(await answer.text(), JSON.stringify([...answer.headers]));
    }
    const gone = createPool({ url: "postgres://u@127.0.0.1:1/db", embedded: false }, silentLog);
    const away = await createKeyApp(gone, { log }).get(TREND, bearer(account.key));
    expect([away.status, away.headers.get("Retry-After")]).toEqual([503, "5"]);
    written.push(await away.text());
    await gone.end();
    await usage.flush();
    for (const table of ACCOUNT_TABLES) {
      written.push(JSON.stringify((await pool().query(`SELECT * FROM ${table}`)).rows));
    }
    expect(written.some((text) => text.includes("PostgreSQL did not answer"))).toBe(true);
    const secret = account.key.slice("stratum_".length + 6);
    for (const text of written) expect(text).not.toContain(secret);
    const hash = hashKey(account.key);
    expect(written.filter((text) => text.includes(hash))).toHaveLength(1);
  });
});

describe("pages of other origins", () => {
  it("may send a key and read what is left of the month", async () => {
    const { app } = createKeyApp(createPool({ url: "postgres://u@127.0.0.1:1/db", embedded: false }, silentLog));
    const ask = (path: string, init: RequestInit) => app.request(path, init, {} as AppEnv);
    const preflight = await ask("/api/usage", {
      method: "OPTIONS",
      headers: { Origin: "https://a.example", "Access-Control-Request-Headers": "authorization" },
    });
    expect(preflight.headers.get("Access-Control-Allow-Headers")?.toLowerCase()).toContain("authorization");
    const answer = await ask("/api/usage", {});
    expect(answer.headers.get("Access-Control-Expose-Headers")).toContain("X-RateLimit-Remaining");
  });
});

describe("the OpenAPI document", () => {
  it("says where a key is needed, and where it may be", async () => {
    interface Document {
      readonly components: { readonly securitySchemes: object };
      readonly paths: Readonly<Record<string, { readonly get?: { readonly security?: object; responses: object } }>>;
    }
    const { app } = createKeyApp(createPool({ url: "postgres://u@127.0.0.1:1/db", embedded: false }, silentLog));
    const { paths, components } = await readJson<Document>(app.request("/openapi.json"));
    expect(components.securitySchemes).toMatchObject({ key: { type: "http", scheme: "bearer" } });
    expect(paths["/api/usage"]?.get?.security).toEqual([{ key: [] }]);
    for (const path of [TREND, EXPORT, "/api/trends/daily"]) {
      expect(paths[path]?.get?.security, path).toEqual([{}, { key: [] }]);
      expect(Object.keys(paths[path]?.get?.responses ?? {}), path).toEqual(
        expect.arrayContaining(["401", "403", "429"]),
      );
    }
    // A key there names its own areas.
    expect(paths["/api/reports"]?.get?.security).toEqual([{}, { key: [] }]);
    expect(paths["/api/cities"]?.get?.security).toBeUndefined();
  });
});
