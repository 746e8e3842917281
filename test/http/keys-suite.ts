import { parquetReadObjects } from "hyparquet";
import type { Pool } from "pg";
import { afterAll, beforeAll, expect, it } from "vitest";
import { silentLog } from "../../server/console/log.ts";
import { migrateDatabase } from "../../server/postgres/migrate.ts";
import type { DatabaseAddress } from "../../server/postgres/pool.ts";
import { createPool } from "../../server/postgres/pool.ts";
import { addAccount, addKey, bearer, callsOf, revoke } from "../kit/accounts-fixture.ts";

const GIVE_UP_MS = 20_000;

interface Usage {
  readonly calls_this_month: number;
  readonly subscription: { readonly active: boolean };
  readonly keys: readonly { readonly calls_this_month: number; readonly last_used_at: string | null }[];
}

/** What keys promise over HTTP, however calls are added up: by a loop on Node, behind each call in workerd. */
export function testKeys(url: () => string, database: () => DatabaseAddress): void {
  let pool: Pool;
  beforeAll(async () => {
    pool = createPool(database(), silentLog);
    // The Worker leaves that to operators.
    await migrateDatabase(pool);
  });
  afterAll(() => pool?.end());
  const newAccount = (change: Parameters<typeof addAccount>[2] = {}) =>
    addAccount(pool, `${crypto.randomUUID()}@example.org`, change);
  const ask = async (path: string, key: string) => {
    const answer = await fetch(`${url()}${path}`, bearer(key));
    return { answer, body: await answer.text() };
  };

  it("count every call of an account, which its usage tells", async () => {
    const account = await newAccount();
    const other = await addKey(pool, account, "other");
    const paths = ["/api/trends/changes", "/api/exports/scores.csv", "/api/exports/reports-counts.ndjson?limit=5"];
    const calls = Array.from({ length: 12 }, (_, i) => ask(paths[i % 3] ?? "", (i < 4 ? other : account).key));
    for (const { answer } of await Promise.all(calls)) {
      expect([answer.status, answer.headers.get("X-RateLimit-Limit")]).toEqual([200, "10000"]);
      expect(answer.headers.get("Vary")?.split(/, ?/)).toContain("Authorization");
    }
    await expect.poll(() => callsOf(pool, account), { timeout: GIVE_UP_MS }).toBe(12);
    const { answer, body } = await ask("/api/usage", other.key);
    expect(answer.headers.get("Cache-Control")).toBe("private, no-store");
    const usage = JSON.parse(body) as Usage;
    expect(usage).toMatchObject({ plan: "agent", subscription: { status: "active", active: true } });
    expect([usage.calls_this_month, usage.keys.map((key) => key.calls_this_month)]).toEqual([12, [8, 4]]);
    for (const key of usage.keys) expect(Date.parse(key.last_used_at ?? "")).toBeGreaterThan(Date.now() - 60_000);
    for (const { key } of [account, other]) expect(body).not.toContain(key.slice(20));
  });

  it("bring the reports themselves as a file, from wherever a process has heard of them", async () => {
    const { key } = await newAccount();
    const report = {
      layer: "vibe",
      category: "friendly",
      severity: 2,
      lat: 37.77648,
      lon: -122.42626,
      text: crypto.randomUUID(),
    };
    const headers = { "Content-Type": "application/json" };
    const posted = await fetch(`${url()}/api/reports`, { method: "POST", headers, body: JSON.stringify(report) });
    const { id } = (await posted.json()) as { id: string };
    const address = "/api/exports/reports.csv?city=san-francisco&layer=vibe&from=1d";
    const line = async () => (await ask(address, key)).body.split("\r\n").find((row) => row.startsWith(id));
    await expect
      .poll(line, { timeout: GIVE_UP_MS, interval: 500 })
      .toMatch(`${id},vibe,friendly,2,${report.text},37.77648,-122.42626,9q8yyh,Hayes Valley,,san-francisco,`);
    const file = await fetch(`${url()}${address.replace("csv", "parquet")}`, bearer(key));
    const rows = await parquetReadObjects({ file: await file.arrayBuffer() });
    expect(rows.find((row) => row.id === id)).toMatchObject({
      text: report.text,
      geometry: { type: "Point", coordinates: [-122.42626, 37.77648] },
    });
  });

  it("are refused over the month's limit, for a plan without exports, when unknown and when revoked", async () => {
    const account = await newAccount({ monthlyCallsLimit: 2 });
    const resident = await newAccount({ plan: "resident" });
    const statusOf = async (key: string) => (await ask("/api/trends/changes", key)).answer.status;
    expect([await statusOf(account.key), await statusOf(account.key)]).toEqual([200, 200]);
    const { answer, body } = await ask("/api/trends/changes", account.key);
    expect([answer.status, answer.headers.get("Content-Type")]).toEqual([429, "application/problem+json"]);
    expect(Number(answer.headers.get("Retry-After"))).toBeGreaterThan(0);
    expect(JSON.parse(body)).toMatchObject({ type: "urn:stratum:problem:monthly-limit" });
    expect(await statusOf(resident.key)).toBe(200);
    expect((await ask("/api/exports/scores.csv", resident.key)).answer.status).toBe(403);
    expect(await statusOf("stratum_none")).toBe(401);
    expect((await fetch(`${url()}/api/usage`)).status).toBe(401);
    await revoke(pool, account);
    await expect.poll(() => statusOf(account.key), { timeout: GIVE_UP_MS, interval: 500 }).toBe(401);
  });

  it("may be sent by pages of other origins", async () => {
    const headers = { Origin: "https://a.example", "Access-Control-Request-Headers": "authorization" };
    const preflight = await fetch(`${url()}/api/usage`, { method: "OPTIONS", headers });
    expect(preflight.headers.get("Access-Control-Allow-Headers")?.toLowerCase()).toContain("authorization");
  });
}
