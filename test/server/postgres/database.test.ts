import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { type Database, openDatabase } from "../../../server/postgres/database.ts";
import type { DatabaseAddress } from "../../../server/postgres/pool.ts";
import { createPool } from "../../../server/postgres/pool.ts";
import { type Running, startEmbedded } from "../../kit/postgres/each-postgres.ts";
import { type RefusingPostgres, startRefusingPostgres } from "../../kit/postgres/refusing-postgres.ts";
import { startTcpProxy, type TcpProxy } from "../../kit/tcp-proxy.ts";
import { type KeptLog, keepLog } from "../console/kept-log.ts";

const RETRY_MS = 20;
const SLOW_MS = 150;

let postgres: Running;
let proxy: TcpProxy;
let refusing: RefusingPostgres;
let kept: KeptLog;
let database: Database | undefined;

beforeAll(async () => {
  postgres = await startEmbedded();
  proxy = await startTcpProxy(Number(new URL(postgres.address.url).port), { slowMs: SLOW_MS });
  refusing = await startRefusingPostgres();
});
afterEach(async () => {
  await database?.close();
  proxy.set("pass");
});
afterAll(async () => {
  await refusing.close();
  await proxy.close();
  await postgres.close();
});

/** PostgreSQL behind the proxy, as one that is elsewhere. */
function throughProxy(): DatabaseAddress {
  const url = new URL(postgres.address.url);
  url.port = String(proxy.port);
  return { url: url.href, embedded: false };
}

function open(address: () => Promise<DatabaseAddress>): Database {
  kept = keepLog();
  database = openDatabase({ address, log: kept.log, retryMs: RETRY_MS });
  return database;
}

const ask = (opening: Database) => opening.sql<{ one: number }>("SELECT 1 AS one");

describe("openDatabase", () => {
  it("refuses questions at once until it is open, then answers them", async () => {
    const { promise, resolve } = Promise.withResolvers<DatabaseAddress>();
    const opening = open(() => promise);
    const still = { name: "DatabaseUnavailableError", message: "PostgreSQL is still being opened" };
    await expect(ask(opening)).rejects.toMatchObject(still);
    await expect(opening.ping()).rejects.toMatchObject(still);
    resolve(postgres.address);
    expect(await opening.firstTry).toMatch(/^(\d+ migrations applied|up to date)$/);
    await opening.opened;
    expect(await ask(opening)).toEqual([{ one: 1 }]);
    await opening.ping();
    expect(kept.lines()).toEqual([]);
  });

  it("is tried again while PostgreSQL is away, and the log says so once", async () => {
    proxy.set("refuse");
    const opening = open(async () => throughProxy());
    expect(await opening.firstTry).toBe("does not answer yet");
    await expect(ask(opening)).rejects.toThrow("PostgreSQL does not answer");
    await new Promise((resolve) => setTimeout(resolve, 5 * RETRY_MS));
    proxy.set("pass");
    await opening.opened;
    expect(await ask(opening)).toEqual([{ one: 1 }]);
    expect(kept.lines()).toEqual([
      "warn PostgreSQL does not answer: serving without it until it does",
      "info PostgreSQL is there now",
    ]);
  });

  it("says what to correct when PostgreSQL refuses us, and once more only when that changes", async () => {
    const opening = open(async () => ({ url: refusing.url, embedded: false }));
    await expect(opening.firstTry).rejects.toMatchObject({
      name: "OperatorError",
      message: expect.stringMatching(/^PostgreSQL refuses DATABASE_URL \(.*"mallory"\): correct its user, password or/),
    });
    // Whoever waited for the first try tells it; nobody else learns names.
    await expect(ask(opening)).rejects.toThrow(/^PostgreSQL cannot be used until what the log says is put right$/);
    await new Promise((resolve) => setTimeout(resolve, 5 * RETRY_MS));
    expect(kept.lines()).toEqual([]);
    refusing.refuse("3D000", 'database "stratum" does not exist');
    await expect.poll(kept.lines).toEqual(["error PostgreSQL cannot be used: serving without it until it can"]);
    expect(kept.fields(0).error).toMatchObject({ message: expect.stringContaining('"stratum" does not exist') });
    refusing.refuse("57P03", "the database system is starting up");
    await expect.poll(kept.lines).toHaveLength(2);
    await expect(ask(opening)).rejects.toThrow("PostgreSQL does not answer");
  });

  it("goes on trying a database that is newer than this program, until that is put right", async () => {
    const first = open(async () => postgres.address);
    await first.opened;
    await first.sql("INSERT INTO schema_migrations (version, name) VALUES (999, 'of tomorrow')");
    await first.close();
    const second = open(async () => throughProxy());
    await expect(second.firstTry).rejects.toThrow(/at migration 999.*run a newer version/);
    const third = openDatabase({ address: async () => postgres.address, log: kept.log, retryMs: RETRY_MS });
    await expect(third.firstTry).rejects.toThrow(/at migration 999/);
    await third.close();
    const pool = createPool(postgres.address, kept.log);
    await pool.query("DELETE FROM schema_migrations WHERE version = 999");
    await pool.end();
    await second.opened;
    expect(await ask(second)).toEqual([{ one: 1 }]);
  });

  it("outlives connections that break while it is being brought forward, at any moment", async () => {
    proxy.set("slow");
    const opening = open(async () => throughProxy());
    for (let i = 0; i < 12; i++) {
      await new Promise((resolve) => setTimeout(resolve, 50 * i));
      proxy.set("slow");
    }
    proxy.set("pass");
    await opening.opened;
    expect(await ask(opening)).toEqual([{ one: 1 }]);
  });

  it("takes whatever keeps the embedded one from opening for something to put right", async () => {
    const opening = open(() => Promise.reject(new Error("the thread ended with code 1")));
    await expect(opening.firstTry).rejects.toThrow("the thread ended");
  });
});

describe("closing while PostgreSQL is being opened", () => {
  it.each<[string, () => Promise<DatabaseAddress>, number]>([
    ["which has no address yet", () => new Promise(() => {}), 500],
    ["which says nothing", async () => throughProxy(), 3_000],
    ["which answers slowly", async () => throughProxy(), 3_000],
  ])("%s, does not wait for it", async (what, address, limitMs) => {
    proxy.set(what.includes("slowly") ? "slow" : "swallow");
    const opening = open(address);
    await new Promise((resolve) => setTimeout(resolve, 50));
    const startMs = performance.now();
    await opening.close();
    expect(performance.now() - startMs).toBeLessThan(limitMs);
    await expect(opening.firstTry).rejects.toMatchObject({ name: "AbortError" });
    await expect(ask(opening)).rejects.toMatchObject({ name: "DatabaseUnavailableError" });
    proxy.set("pass");
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(kept.lines()).toEqual([]);
  });
});
