import { expect, it } from "vitest";
import { TRUSTED_MS } from "../../../server/accounts/account-lookup.ts";
import { hashKey, isKey } from "../../../server/accounts/key.ts";
import { MAX_DEMO_KEYS, MAX_KEPT_KEYS, MAX_WORKING_KEYS } from "../../../server/accounts/key-table.ts";
import { ACCOUNT_TABLES, addAccount, addUsage, bearer, createKeyApp, signedIn } from "../../kit/accounts-fixture.ts";
import { describeOnEachPostgres } from "../../kit/postgres/each-postgres.ts";

interface ListedKey {
  readonly id: string;
  readonly name: string;
  readonly key?: string;
  readonly prefix: string;
  readonly revoked_at: string | null;
  readonly expires_at: string | null;
  readonly last_used_at: string | null;
  readonly calls_this_month: number;
  readonly origins: readonly string[] | null;
}
interface Problem {
  readonly type: string;
  readonly errors?: readonly { readonly field: string; readonly limit?: number }[];
}

const TREND = "/api/trends/changes";

describeOnEachPostgres("/api/keys", ACCOUNT_TABLES, (pool) => {
  async function open() {
    const ann = await addAccount(pool(), "ann@example.org");
    await pool().query("DELETE FROM api_keys");
    const test = createKeyApp(pool());
    const ask = (
      method: string,
      path = "",
      body?: unknown,
      init: Parameters<typeof signedIn>[1] = {},
      userId = ann.userId,
    ) =>
      test.get(
        `/api/keys${path}`,
        signedIn(userId, {
          ...init,
          method,
          ...(body !== undefined && { body: JSON.stringify(body), headers: { "Content-Type": "application/json" } }),
        }),
      );
    const make = async (body: unknown, init = {}) => {
      const answer = await ask("POST", "", body, init);
      expect(answer.status).toBe(201);
      return (await answer.json()) as ListedKey & { readonly key: string };
    };
    const list = async () => ((await (await ask("GET")).json()) as { keys: ListedKey[] }).keys;
    const trend = async ({ key }: { key: string }, headers = {}) =>
      (await test.get(TREND, { headers: { Authorization: `Bearer ${key}`, ...headers } })).status;
    return { ann, ...test, ask, make, list, trend };
  }

  it("make a key that works at once, which is shown once and kept nowhere", async () => {
    const { make, list, trend } = await open();
    const made = await make({ name: "  newsroom " });
    expect([isKey(made.key), made.name, made.prefix]).toEqual([true, "newsroom", made.key.slice(0, 14)]);
    expect(await trend(made)).toBe(200);
    const [listed, ...others] = await list();
    expect(others).toEqual([]);
    expect(listed).toMatchObject({
      id: made.id,
      calls_this_month: 1,
      revoked_at: null,
      expires_at: null,
      origins: null,
    });
    expect(Date.parse(listed?.last_used_at ?? "")).toBeGreaterThan(0);
    const kept = JSON.stringify([await list(), (await pool().query("SELECT * FROM api_keys")).rows]);
    expect(kept).not.toContain(made.key.slice(14));
    expect(kept).toContain(hashKey(made.key));
  });

  it("revoke a key: here at once, elsewhere within ten seconds", async () => {
    const { ask, make, trend, list } = await open();
    const made = await make({ name: "a" });
    const elsewhere = createKeyApp(pool());
    const there = async () => (await elsewhere.get(TREND, bearer(made.key))).status;
    expect([await trend(made), await there()]).toEqual([200, 200]);
    expect((await ask("DELETE", `/${made.id}`)).status).toBe(204);
    expect(await trend(made)).toBe(401);
    elsewhere.clock.nowMs += TRUSTED_MS;
    expect([await there(), TRUSTED_MS]).toEqual([401, 10_000]);
    expect((await ask("DELETE", `/${made.id}`)).status).toBe(204);
    expect((await list())[0]?.revoked_at).not.toBeNull();
  });

  it("put one in place of another, with its restrictions, while both work", async () => {
    const { ask, make, trend, clock, list } = await open();
    const made = await make({ name: "site", origins: ["https://a.example"] });
    const page = { Origin: "https://a.example" };
    const answer = await ask("POST", `/${made.id}/rotate`, { overlap_hours: 2 });
    expect(answer.status).toBe(201);
    const next = (await answer.json()) as ListedKey & { key: string };
    expect([next.name, next.origins, next.key === made.key]).toEqual(["site", ["https://a.example"], false]);
    expect([await trend(made, page), await trend(next, page)]).toEqual([200, 200]);
    const old = (await list()).find(({ id }) => id === made.id);
    expect(old?.expires_at).toBe(new Date(clock.nowMs + 2 * 3_600_000).toISOString());
    clock.nowMs += 2 * 3_600_000;
    expect([await trend(made, page), await trend(next, page)]).toEqual([401, 200]);
    // One that ended is not put in place of.
    expect((await ask("POST", `/${made.id}/rotate`)).status).toBe(404);
    const atOnce = await ask("POST", `/${next.id}/rotate`, { overlap_hours: 0 });
    expect([atOnce.status, await trend(next, page)]).toEqual([201, 401]);
  });

  it("know nothing of another account's keys", async () => {
    const { ask, make, trend } = await open();
    const bob = await addAccount(pool(), "bob@example.org");
    const made = await make({ name: "a" });
    expect((await ask("DELETE", `/${made.id}`, undefined, {}, bob.userId)).status).toBe(404);
    expect((await ask("POST", `/${made.id}/rotate`, {}, {}, bob.userId)).status).toBe(404);
    const text = await (await ask("GET", "", undefined, {}, bob.userId)).text();
    expect(text).not.toContain(made.id);
    expect(await trend(made)).toBe(200);
  });

  it.each([
    ["nothing", {}, "name"],
    ["an empty name", { name: " " }, "name"],
    ["a long name", { name: "x".repeat(81) }, "name"],
    ["a name that is a header", { name: "a\r\nSet-Cookie: b" }, "name"],
    ["an unknown field", { name: "a", plan: "city" }, "plan"],
    ["somebody else's account", { name: "a", user_id: "x" }, "user_id"],
    ["an origin with a path", { name: "a", origins: ["https://a.example/"] }, "origins.0"],
    ["an origin of everybody", { name: "a", origins: ["*"] }, "origins.0"],
    ["an origin of all of com", { name: "a", origins: ["https://*.com"] }, "origins.0"],
    ["an origin of another scheme", { name: "a", origins: ["ftp://a.example"] }, "origins.0"],
    [
      "too many origins",
      { name: "a", origins: Array.from({ length: 21 }, (_, i) => `https://a${i}.example`) },
      "origins",
    ],
    ["no origin", { name: "a", origins: [] }, "origins"],
    ["an unknown layer", { name: "a", layers: ["mood"] }, "layers.0"],
    ["an unknown kind", { name: "a", kinds: ["dashboards"] }, "kinds.0"],
    ["a list", [], "body"],
  ])("refuse %s by name", async (_, body, field) => {
    const { ask } = await open();
    const answer = await ask("POST", "", body);
    const { errors = [] } = (await answer.json()) as Problem;
    expect([answer.status, errors[0]?.field]).toEqual([400, field]);
  });

  it("refuse what is no body of theirs, and what no page of ours sends", async () => {
    const { ask, get, ann, make } = await open();
    expect((await ask("POST", "", { name: "a" }, { origin: "https://thief.example" })).status).toBe(403);
    expect((await get("/api/keys", signedIn(ann.userId, { method: "POST", body: "name=a" }))).status).toBe(415);
    expect((await ask("POST", "", { name: "a", origins: ["x".repeat(20_000)] })).status).toBe(413);
    const { id } = await make({ name: "a" });
    for (const overlap_hours of [-1, 169, 1.5, "2"]) {
      expect((await ask("POST", `/${id}/rotate`, { overlap_hours })).status, `${overlap_hours}`).toBe(400);
    }
    expect((await ask("DELETE", "/not-an-id")).status).toBe(400);
    expect((await ask("DELETE", `/${crypto.randomUUID()}`)).status).toBe(404);
  });

  it("are so many, however many are asked for at once", async () => {
    const { ask, make, list } = await open();
    const asked = Array.from({ length: MAX_WORKING_KEYS + 8 }, () => ask("POST", "", { name: "a" }));
    const statuses = (await Promise.all(asked)).map(({ status }) => status);
    expect(statuses.filter((status) => status === 201)).toHaveLength(MAX_WORKING_KEYS);
    expect(statuses.filter((status) => status === 409)).toHaveLength(8);
    const [first] = await list();
    expect((await ask("POST", `/${first?.id}/rotate`, {})).status).toBe(201);
    for (const { id } of (await list()).slice(1)) await ask("DELETE", `/${id}`);
    await make({ name: "again" });
    const demo = await addAccount(pool(), "demo@example.org");
    await pool().query("DELETE FROM api_keys WHERE user_id = $1", [demo.userId]);
    const ofDemo = async () => (await ask("POST", "", { name: "a" }, { isDemo: true }, demo.userId)).status;
    for (let i = 0; i < MAX_DEMO_KEYS; i++) expect(await ofDemo()).toBe(201);
    expect(await ofDemo()).toBe(409);
  });

  it("forget those that ended first, and keep what they used", async () => {
    const { ann, ask, make, list, get } = await open();
    const first = await make({ name: "first" });
    await addUsage(pool(), [[{ ...ann, keyId: first.id }, "2026-06-01", "trends", 5]]);
    await ask("DELETE", `/${first.id}`);
    await pool().query(
      `INSERT INTO api_keys (user_id, name, key_hash, prefix, revoked_at)
       SELECT $1, 'k', encode(sha256(n::text::bytea), 'hex'), 'p' || n, '2026-07-01Z' FROM generate_series(2, ${MAX_KEPT_KEYS}) n`,
      [ann.userId],
    );
    const added = await make({ name: "one more" });
    const kept = await list();
    expect([kept.length, kept.some(({ id }) => id === first.id), kept.some(({ id }) => id === added.id)]).toEqual([
      MAX_KEPT_KEYS,
      false,
      true,
    ]);
    const usage = (await (await get("/api/usage", bearer(added.key))).json()) as { calls_this_month: number };
    expect(usage.calls_this_month).toBe(5);
  });

  it("are for what they say alone", async () => {
    const { make, trend, get } = await open();
    const site = await make({ name: "site", origins: ["https://a.example", "https://*.b.example"] });
    const from = (Origin: string) => trend(site, { Origin });
    expect([
      await from("https://a.example"),
      await from("https://x.b.example"),
      await from("https://x.y.b.example"),
    ]).toEqual([200, 200, 200]);
    for (const origin of [
      "https://b.example",
      "http://a.example",
      "https://a.example.thief.example",
      "null",
      "https://evilb.example",
    ]) {
      expect(await from(origin), origin).toBe(403);
    }
    expect([await trend(site, { Referer: "https://a.example/page?x" }), await trend(site)]).toEqual([200, 403]);
    const exportsOnly = await make({ name: "exports", kinds: ["exports"] });
    expect(await trend(exportsOnly)).toBe(403);
    expect((await get("/api/exports/scores.csv?limit=1", bearer(exportsOnly.key))).status).toBe(200);
    expect((await get("/api/usage", bearer(exportsOnly.key))).status).toBe(403);
  });
});
