import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { silentLog } from "../../../server/console/log.ts";
import { createPool } from "../../../server/postgres/pool.ts";
import { readConfig } from "../../../server/runtime/config.ts";
import { type RunningServer, startServer } from "../../../server/runtime/node/serve.ts";
import { openStores } from "../../../server/runtime/stores/stores.ts";
import { createStripePayments } from "../../../server/stripe/stripe-payments.ts";
import { bearer } from "../../kit/accounts-fixture.ts";
import { SECRET_KEY, startFakeStripe, WEBHOOK_SECRET } from "../../kit/stripe/fake-stripe.ts";

const dir = mkdtempSync(join(tmpdir(), "stratum-account-"));
let server: RunningServer;
beforeAll(async () => {
  server = await startServer(readConfig({ DATA_DIR: dir, PORT: "0", SEED: "off" }), { client: false });
  await server.refusal;
});
afterAll(async () => {
  await server.close();
  rmSync(dir, { recursive: true });
});

interface Ended {
  readonly code: number | null;
  readonly output: string;
  readonly errors: string;
}

function run(line: string, env: NodeJS.ProcessEnv = {}): Promise<Ended> {
  const args = ["server/cli/account.ts", ...line.split(" ")];
  const child = spawn(process.execPath, args, {
    env: { PATH: process.env.PATH, DATA_DIR: dir, LOG_LEVEL: "warn", ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let [output, errors] = ["", ""];
  child.stdout.on("data", (data) => (output += data));
  child.stderr.on("data", (data) => (errors += data));
  return new Promise((resolve) => child.on("close", (code) => resolve({ code, output, errors })));
}

it("makes accounts and keys for a running server, shows a key once, and revokes it", { tags: "slow" }, async () => {
  const added = await run("add Ann@example.org --plan agent --limit 20 --key-name desk");
  expect(added).toMatchObject({ code: 0, output: expect.stringMatching(/^stratum_\w{40}\n$/) });
  const key = added.output.trim();
  const ask = async () => (await fetch(`${server.url}/api/trends/changes`, bearer(key))).status;
  expect(await ask()).toBe(200);
  const second = await run("key add ann@example.org --key-name second");
  expect(await (await fetch(`${server.url}/api/usage`, bearer(second.output.trim()))).json()).toMatchObject({
    calls_this_month: 1,
    monthly_calls_limit: 20,
    keys: [{ name: "desk" }, { name: "second" }],
  });
  // Beside it, in time, the demo account of this server.
  expect((await run("list")).output).toContain("Ann@example.org  agent, active  2 keys  1 calls\n");
  const prefix = key.slice(0, 14);
  const shown = (await run("list ann@example.org")).output;
  expect(shown).toMatch(
    new RegExp(
      `^ann@example.org  agent, active  1 calls in \\d{4}-\\d\\d, 20 of trends and exports a month, trends 1\n  ${prefix}  desk  1 calls`,
    ),
  );
  expect(shown).not.toContain(key);
  expect((await run("set ann@example.org --status canceled")).output).toContain("agent, canceled (not active)");
  expect(await run(`key revoke ann@example.org ${prefix}`)).toMatchObject({
    code: 0,
    output: `${prefix} is revoked\n`,
  });
  await expect.poll(ask, { timeout: 20_000, interval: 500 }).toBe(401);
  expect((await run("log")).output.split("\n").map((line) => line.split("  ").slice(1, 4))).toEqual([
    ["command", "key revoke", "Ann@example.org"],
    ["command", "set", "Ann@example.org"],
    ["command", "key add", "Ann@example.org"],
    ["command", "add", "Ann@example.org"],
    [],
  ]);
});

it("reads again what is paid for, and deletes an account behind what it pays for", { tags: "slow" }, async () => {
  const stripe = await startFakeStripe();
  await run("add bob@example.org");
  await run("add eve@example.org");
  const billing = createStripePayments(
    { secretKey: SECRET_KEY, webhookSecret: WEBHOOK_SECRET, apiBase: stripe.url },
    { now: Date.now },
  );
  const customerId = await billing.createCustomer({ userId: "bob", email: "bob@example.org" });
  const { id } = await billing.openCheckout({
    customerId,
    plan: "city",
    successUrl: "http://a/",
    cancelUrl: "http://a/",
  });
  stripe.world.pay(id);
  const stores = openStores(readConfig({ DATA_DIR: dir }), { role: "command", log: silentLog });
  const pool = createPool(await stores.database(), silentLog);
  const add =
    "INSERT INTO billing_customers (user_id, stripe_customer_id) SELECT id, $1 FROM users WHERE email = 'bob@example.org'";
  await pool.query(add, [customerId]);
  await pool.end();
  await stores.close();
  expect((await run("refresh bob@example.org", stripe.env)).output).toContain("city, active  0 calls in");
  expect((await run("set bob@example.org --plan agent")).errors).toContain("paid for by Stripe");
  // Without keys nobody can be sure that it ends.
  expect(await run("delete bob@example.org --yes")).toMatchObject({
    code: 1,
    errors: expect.stringContaining("STRIPE_SECRET_KEY"),
  });
  expect((await run("delete bob@example.org --yes", stripe.env)).output).toBe("bob@example.org is deleted\n");
  expect(stripe.world.subscriptions.values().next().value?.status).toBe("canceled");
  expect((await run("delete eve@example.org --yes")).output).toBe("eve@example.org is deleted\n");
  expect((await run("list")).output).not.toMatch(/bob|eve/);
  await stripe.close();
});

it.each([
  ["add ann", {}, "ann is no e-mail address.\n"],
  ["list nobody@example.org", {}, "There is no account for nobody@example.org: make one with add.\n"],
  ["list", { DATA_DIR: "memory" }, "DATA_DIR is `memory`, so nothing would be kept: set it to a directory.\n"],
])("says what is wrong with %s in a sentence", async (line, env, errors) => {
  expect(await run(line, env)).toEqual({ code: 1, output: "", errors });
});
