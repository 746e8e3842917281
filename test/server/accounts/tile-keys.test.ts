import { describe, expect, it } from "vitest";
import { TRUSTED_MS } from "../../../server/accounts/account-lookup.ts";
import { createAccounts } from "../../../server/accounts/accounts.ts";
import { makeKey } from "../../../server/accounts/key.ts";
import { createUsageLog } from "../../../server/accounts/usage-log.ts";
import { silentLog } from "../../../server/console/log.ts";
import type { RunSql } from "../../../server/ports/sql.ts";
import { createSql } from "../../../server/postgres/questions.ts";
import { sqlOfPool } from "../../../server/postgres/sql.ts";
import { ACCOUNT_TABLES, addAccount, addRestrictedKey, callsOf, revoke } from "../../kit/accounts-fixture.ts";
import { createTestApp } from "../../kit/app-fixture.ts";
import { createTestClock } from "../../kit/clock.ts";
import { describeOnEachPostgres } from "../../kit/postgres/each-postgres.ts";

const TILE = "/tiles/safety,vibe/14/2620/6332.pbf";

describeOnEachPostgres("keys of tiles", ACCOUNT_TABLES, (pool) => {
  /** The app, with all that PostgreSQL is asked counted. */
  function open({ run = (sql: RunSql) => sql, settings = {} } = {}) {
    const clock = createTestClock();
    const asked: string[] = [];
    const sql: RunSql = (text, values) => {
      asked.push(text.includes("key_hash") ? "key" : text.includes("lease_quota") ? "lease" : "other");
      return run(sqlOfPool(pool()))(text, values);
    };
    const usage = createUsageLog({ sql, log: silentLog });
    const accounts = createAccounts({ sql: createSql(sql, silentLog), usage, clock, log: silentLog });
    const { app } = createTestApp({ sql, usage, accounts, clock, settings });
    const get = (path: string, headers: Record<string, string> = {}) => app.request(path, { headers });
    const tile = (key: string, headers: Record<string, string> = {}) => get(`${TILE}?key=${key}`, headers);
    /** Asks until the key is known. */
    const known = async (key: string) => {
      await expect.poll(async () => (await tile(key)) && accounts.lookup.known(key)).not.toBe(undefined);
      await accounts.flush();
    };
    return { clock, asked, accounts, app, get, tile, known };
  }
  const kindOf = async (answer: Response) => ((await answer.json()) as { type: string }).type.split(":").at(-1);

  it("are served before they are known, and looked up beside that once", async () => {
    const account = await addAccount(pool(), "a@example.org");
    const { asked, tile, known, accounts } = open();
    const answers = await Promise.all(Array.from({ length: 30 }, () => tile(account.key)));
    expect(answers.every(({ status }) => status === 204)).toBe(true);
    expect(asked.filter((each) => each === "key")).toHaveLength(1);
    await known(account.key);
    const before = asked.length;
    for (let i = 0; i < 200; i++) expect((await tile(account.key)).status).toBe(204);
    // A whole slice is leased: nobody asked anything.
    expect(asked.slice(before)).toEqual([]);
    await accounts.flush();
    const counted = await callsOf(pool(), account);
    // Those of before it was known as well, and those that asked until it was.
    expect(counted).toBeGreaterThanOrEqual(231);
    await tile(account.key);
    await accounts.flush();
    expect(await callsOf(pool(), account)).toBe(counted + 1);
    const { rows } = await pool().query("SELECT pool, used::integer FROM quota_use");
    expect(rows).toEqual([{ pool: "tiles", used: counted + 1 }]);
  });

  it("are told to no shared cache, and browsers ask before each use", async () => {
    const { key } = await addAccount(pool(), "a@example.org");
    const { get, tile } = open();
    const [without, withKey] = [await get(TILE), await tile(key)];
    expect(without.headers.get("Cache-Control")).toBe("public, no-cache");
    expect(without.headers.get("CDN-Cache-Control")).toContain("max-age");
    expect(withKey.headers.get("Cache-Control")).toBe("private, no-cache");
    for (const name of ["CDN-Cache-Control", "Cache-Tag"]) expect(withKey.headers.get(name), name).toBeNull();
  });

  it("are refused when there is no such key, with headers that any page may read", async () => {
    const { tile, known, asked, get } = open();
    for (const key of ["abc", `${makeKey()}x`, "stratum_"]) expect((await tile(key)).status, key).toBe(401);
    expect(asked).toEqual([]);
    expect((await get(`${TILE}?key=`)).status).toBe(204);
    const none = makeKey();
    expect((await tile(none)).status).toBe(204);
    await known(none);
    const answer = await tile(none, { Origin: "https://a.example" });
    expect([answer.status, answer.headers.get("Access-Control-Allow-Origin"), await kindOf(answer)]).toEqual([
      401,
      "*",
      "unknown-key",
    ]);
    expect(asked.filter((each) => each === "key")).toHaveLength(1);
  });

  it("end within ten seconds of being revoked, while they are used", async () => {
    const account = await addAccount(pool(), "a@example.org");
    const { tile, known, clock, asked } = open();
    await known(account.key);
    await revoke(pool(), account);
    let refusedMs: number | undefined;
    for (let ms = 0; ms <= TRUSTED_MS && refusedMs === undefined; ms += 500) {
      if ((await tile(account.key)).status === 401) refusedMs = ms;
      await new Promise((resolve) => setTimeout(resolve, 5));
      clock.nowMs += 500;
    }
    expect(refusedMs).toBeLessThanOrEqual(TRUSTED_MS);
    // Nobody uses it, nobody asks.
    const before = asked.length;
    clock.nowMs += 600_000;
    expect(asked.length).toBe(before);
  });

  it("of some pages are refused elsewhere, and before they are known", async () => {
    const account = await addAccount(pool(), "a@example.org");
    const { key } = await addRestrictedKey(pool(), account, {
      origins: ["https://a.example"],
      layers: ["safety", "vibe"],
    });
    const { tile, get, known, clock } = open();
    const first = await tile(key, { Origin: "https://a.example" });
    expect([first.status, first.headers.get("Retry-After"), await kindOf(first)]).toEqual([
      403,
      "1",
      "key-not-known-yet",
    ]);
    await known(key);
    const from = async (headers: Record<string, string>) => (await tile(key, headers)).status;
    expect([await from({ Origin: "https://a.example" }), await from({ Referer: "https://a.example/map" })]).toEqual([
      204, 204,
    ]);
    expect([await from({}), await from({ Origin: "https://thief.example" })]).toEqual([403, 403]);
    const other = await get(`/tiles/areas/14/2620/6332.pbf?key=${key}`, { Origin: "https://a.example" });
    expect([other.status, await kindOf(other)]).toEqual([403, "key-layers"]);
    // A while later it is remembered whose pages it is for.
    clock.nowMs += 60_000;
    expect([await from({ Origin: "https://thief.example" }), await from({ Origin: "https://a.example" })]).toEqual([
      403, 204,
    ]);
  });

  it("are looked up no more often than may be, however many are made up", async () => {
    const { asked, tile, get } = open({ run: () => () => new Promise(() => {}) });
    for (let i = 0; i < 700; i++) expect((await tile(makeKey())).status).toBe(204);
    expect(asked.length).toBeLessThanOrEqual(16);
    expect((await get(TILE)).status).toBe(204);
    const quick = open({ run: () => async () => [] });
    for (let i = 0; i < 700; i++) await quick.tile(makeKey());
    expect(quick.asked.length).toBeLessThanOrEqual(600);
  });

  it("are served while PostgreSQL is away, and counted when it is back", async () => {
    const account = await addAccount(pool(), "a@example.org");
    let away = false;
    const run = (sql: RunSql): RunSql => {
      return (text, values) => (away ? Promise.reject(new Error("away")) : sql(text, values));
    };
    const { tile, known, clock, accounts } = open({ run });
    await known(account.key);
    const before = await callsOf(pool(), account);
    away = true;
    for (let i = 0; i < 40; i++) {
      expect((await tile(account.key)).status).toBe(204);
      clock.nowMs += 200;
    }
    // What was read of it is not believed any more.
    clock.nowMs += TRUSTED_MS;
    expect((await tile(account.key)).status).toBe(204);
    away = false;
    await accounts.flush();
    expect(await callsOf(pool(), account)).toBe(before + 40);
  });

  it("are refused over the account's tiles, and take nothing of the address", async () => {
    const account = await addAccount(pool(), "a@example.org", { plan: "resident" });
    await pool().query("INSERT INTO quota_use VALUES ($1, 'tiles', '2026-06-01', 1000000 - 20)", [account.userId]);
    const { tile, known, get } = open();
    await known(account.key);
    const answers: Response[] = [];
    // Before that one may be asked to come again: the last ones are leased one by one.
    for (let i = 0; i < 400 && !answers.at(-1)?.headers.has("RateLimit"); i++) {
      answers.push(await tile(account.key));
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    const refused = answers.at(-1);
    expect([refused?.status, refused?.headers.get("Access-Control-Allow-Origin")]).toEqual([429, "*"]);
    expect(refused?.headers.get("RateLimit")).toBe(`"tiles";r=0;t=${29.5 * 86_400}`);
    expect(Number(refused?.headers.get("Retry-After"))).toBe(29.5 * 86_400);
    expect((await get(TILE)).status).toBe(204);
    const { rows } = await pool().query("SELECT used::integer FROM quota_use");
    expect(rows[0].used).toBeLessThanOrEqual(1_000_000 + 10_050);
  });

  it("go into the addresses of a TileJSON", async () => {
    const { get } = open();
    const key = makeKey();
    const tilesOf = async (path: string) => ((await (await get(path)).json()) as { tiles: string[] }).tiles[0];
    expect(await tilesOf(`/tiles/safety.json?key=${key}`)).toMatch(
      new RegExp(`/tiles/safety/{z}/{x}/{y}\\.pbf\\?key=${key}$`),
    );
    expect(await tilesOf(`/tiles/safety.json?window=7d&key=${key}`)).toMatch(new RegExp(`\\?window=7d&key=${key}$`));
    expect(await tilesOf(`/tiles.json?key=${key}`)).toMatch(new RegExp(`\\?key=${key}$`));
    expect((await get(`/tiles/safety.json?key=${key}`)).headers.get("Cache-Control")).toContain("private");
    expect((await get("/tiles/safety.json?key=%22x")).status).toBe(401);
  });
});

describe("tiles without accounts", () => {
  it("take a key for nothing", async () => {
    expect((await createTestApp().app.request(`${TILE}?key=x`)).status).toBe(204);
  });
});
