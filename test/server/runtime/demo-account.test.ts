import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it, onTestFinished } from "vitest";
import { DEMO_EMAIL, DEMO_PASSWORD } from "../../../server/accounts/auth/demo-account.ts";
import { silentLog } from "../../../server/console/log.ts";
import { createPool } from "../../../server/postgres/pool.ts";
import { readConfig } from "../../../server/runtime/config.ts";
import { isForThisMachineAlone, missingOfAccounts } from "../../../server/runtime/node/accounts.ts";
import { type RunningServer, startServer } from "../../../server/runtime/node/serve.ts";
import { openStores } from "../../../server/runtime/stores/stores.ts";

const root = mkdtempSync(join(tmpdir(), "stratum-demo-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));

describe("isForThisMachineAlone", () => {
  it.each([
    [{}, true],
    [{ HOST: "localhost" }, true],
    [{ HOST: "::1" }, true],
    [{ HOST: "127.9.9.9", DATA_DIR: "memory" }, true],
    [{ PUBLIC_URL: "http://localhost:8787" }, true],
    [{ HOST: "0.0.0.0" }, false],
    [{ HOST: "::" }, false],
    [{ HOST: "192.168.1.2" }, false],
    [{ HOST: "maps.example" }, false],
    [{ DATABASE_URL: "postgres://localhost/stratum" }, false],
    [{ DYNAMODB_TABLE: "stratum" }, false],
    [{ TRUSTED_PROXIES: "1" }, false],
    [{ PUBLIC_URL: "https://maps.example" }, false],
  ])("of %j is %s", (env, expected) => {
    expect(isForThisMachineAlone(readConfig(env))).toBe(expected);
  });
});

describe("missingOfAccounts", () => {
  const AUTH_SECRET = "x".repeat(32);
  const DATABASE_URL = "postgres://localhost/stratum";
  const smtp = { SMTP_URL: "smtps://mail.example", MAIL_FROM: "no-reply@maps.example" };
  it.each([
    [{}, undefined],
    [{ DATABASE_URL }, /AUTH_SECRET/],
    [{ DATABASE_URL, AUTH_SECRET }, /SMTP_URL/],
    [{ HOST: "0.0.0.0" }, /SMTP_URL/],
    [{ DATABASE_URL, AUTH_SECRET, ...smtp }, /PUBLIC_URL/],
    [{ DATABASE_URL, AUTH_SECRET, ...smtp, PUBLIC_URL: "https://maps.example" }, undefined],
  ])("says of %j what to set", (env, expected) => {
    const missing = missingOfAccounts(readConfig(env));
    if (expected === undefined) expect(missing).toBeUndefined();
    else expect(missing).toMatch(expected);
  });
});

async function start(env: Record<string, string>): Promise<RunningServer> {
  const all = { PORT: "0", SEED: "off", DATA_DIR: join(root, "data"), ...env };
  const server = await startServer(readConfig(all), { client: false });
  onTestFinished(() => server.close());
  await server.refusal;
  return server;
}

function signIn(url: string, headers: Record<string, string> = {}): Promise<Response> {
  const body = JSON.stringify({ email: DEMO_EMAIL, password: DEMO_PASSWORD });
  const own = { "Content-Type": "application/json", Origin: new URL(url).origin };
  return fetch(`${url}/api/auth/sign-in/email`, { method: "POST", body, headers: { ...own, ...headers } });
}

const here = (url: string) => url.replace(/\/\/[^:/]+/, "//127.0.0.1");
const statusOf = async (answer: Promise<Response>) => (await answer).status;

/** How many demo accounts the embedded PostgreSQL in DATA_DIR has, whoever keeps it. */
async function countDemos(): Promise<number> {
  const stores = openStores(readConfig({ DATA_DIR: join(root, "data") }), { role: "command", log: silentLog });
  const pool = createPool(await stores.database(), silentLog);
  try {
    return (await pool.query("SELECT FROM users WHERE is_demo")).rows.length;
  } finally {
    await pool.end();
    await stores.close();
  }
}

describe("the demo account of real servers", { tags: "slow" }, () => {
  it("signs in on this machine, and is gone where others may come in", async () => {
    const own = await start({});
    expect([await own.demo, await statusOf(signIn(own.url))]).toEqual([true, 200]);
    const cookie = (await signIn(own.url)).headers.getSetCookie()[0]?.split(";")[0] ?? "";
    const account = await fetch(`${own.url}/api/account`, { headers: { Cookie: cookie } });
    expect(await account.json()).toMatchObject({ role: "city", is_demo: true, cities: [] });
    const proxied = { "X-Forwarded-For": "203.0.113.7" };
    expect(await statusOf(signIn(own.url, proxied))).toBe(401);
    expect(await countDemos()).toBe(1);
    const secret = readFileSync(join(root, "data", "auth-secret"), "utf8").trim();
    expect([secret.length >= 32, statSync(join(root, "data", "auth-secret")).mode & 0o777]).toEqual([true, 0o600]);
    await own.close();

    for (const env of [{ HOST: "0.0.0.0" }, { TRUSTED_PROXIES: "1" }, { PUBLIC_URL: "https://maps.example" }]) {
      const again = await start({});
      await expect.poll(() => statusOf(signIn(again.url))).toBe(200);
      expect(readFileSync(join(root, "data", "auth-secret"), "utf8").trim()).toBe(secret);
      await again.close();
      const open = await start(env);
      expect([await open.demo, await countDemos()]).toEqual([false, 0]);
      expect(await statusOf(signIn(here(open.url)))).not.toBe(200);
      const before = await fetch(`${here(open.url)}/api/account`, { headers: { Cookie: cookie } });
      expect(before.status).toBe(401);
      await open.close();
    }
  });

  it("is never on a PostgreSQL of DATABASE_URL, and deleted from one that somebody copied it to", async () => {
    const keeper = await start({});
    await expect.poll(() => statusOf(signIn(keeper.url))).toBe(200);
    const stores = openStores(readConfig({ DATA_DIR: join(root, "data") }), { role: "command", log: silentLog });
    const { url } = await stores.database();
    const real = await start({ DATABASE_URL: url, DATA_DIR: join(root, "real"), AUTH_SECRET: "x".repeat(32) });
    await expect.poll(countDemos, { timeout: 30_000 }).toBe(0);
    expect(await statusOf(signIn(real.url))).toBe(401);
    await real.close();
    await stores.close();
    await keeper.close();
  });
});
