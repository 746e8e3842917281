import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, it, onTestFinished } from "vitest";
import { overshootOf, sliceOf } from "../../../server/accounts/held-quota.ts";
import { silentLog } from "../../../server/console/log.ts";
import { createPool } from "../../../server/postgres/pool.ts";
import { addAccount, bearer, callsOf } from "../../kit/accounts-fixture.ts";
import { openSharedStores } from "../../kit/stores.ts";
import { killProcesses, startProcess } from "../runtime/start-process.ts";

const PROCESSES = 4;
const CONNECTIONS = 64;
const LIMIT = 1_000;

afterEach(killProcesses);

async function openProcesses() {
  const stores = await openSharedStores();
  const pool = createPool(stores.database, silentLog);
  onTestFinished(async () => {
    await pool.end();
    await stores.close();
  });
  const home = mkdtempSync(join(tmpdir(), "stratum-quota-"));
  const { endpoint = "" } = stores.dynamo;
  const env = {
    DATABASE_URL: stores.database.url,
    DYNAMODB_ENDPOINT: endpoint,
    DYNAMODB_TABLE: stores.dynamo.tableName,
    AWS_ACCESS_KEY_ID: "local",
    AWS_SECRET_ACCESS_KEY: "local",
  };
  // One after the other: the first brings the database forward.
  const processes: { readonly url: string; stop(signal: "SIGTERM" | "SIGKILL"): Promise<number | null> }[] = [];
  for (let i = 0; i < PROCESSES; i++) {
    const started = startProcess(env, { home });
    processes.push({ url: await started.url, stop: (signal) => started.stop(signal) });
  }
  await expect
    .poll(async () => (await fetch(`${processes[0]?.url}/api/trends/changes`)).status, { timeout: 60_000 })
    .toBe(200);
  return { pool, processes };
}

/** Asks over many connections until each was refused for the month. @returns calls that were answered */
async function askUntilSpent(url: string, key: string, most = Number.POSITIVE_INFINITY): Promise<number> {
  let answered = 0;
  await Promise.all(
    Array.from({ length: CONNECTIONS }, async () => {
      while (answered < most) {
        const answer = await fetch(`${url}/api/trends/changes`, bearer(key));
        const body = await answer.text();
        if (answer.status !== 200) {
          expect(body).toContain("monthly-limit");
          expect(Number(answer.headers.get("Retry-After"))).toBeGreaterThan(0);
          return;
        }
        answered++;
      }
    }),
  );
  return answered;
}

it("four processes with 64 connections each answer a key's limit, and count it, whatever is killed", {
  tags: "slow",
}, async () => {
  const { pool, processes } = await openProcesses();
  const account = await addAccount(pool, "a@example.org", { monthlyCallsLimit: LIMIT });
  const [killed, ...others] = processes;
  if (killed === undefined) throw new Error("no process");
  // It dies with what it answered in the last seconds, and what it holds.
  const byKilled = await askUntilSpent(killed.url, account.key, 100);
  await killed.stop("SIGKILL");
  const first = await Promise.all(others.map(({ url }) => askUntilSpent(url, account.key)));
  // What it held comes back.
  await new Promise((resolve) => setTimeout(resolve, 32_000));
  const second = await Promise.all(others.map(({ url }) => askUntilSpent(url, account.key)));
  const byOthers = [...first, ...second].reduce((sum, calls) => sum + calls, 0);
  const answered = byKilled + byOthers;
  console.log(`limit ${LIMIT}: ${answered} answered, ${byKilled} of them by the process that was killed`);
  expect(answered).toBeGreaterThanOrEqual(LIMIT);
  expect(answered).toBeLessThanOrEqual(LIMIT + Math.min(sliceOf(LIMIT), overshootOf(LIMIT)));
  for (const { stop } of others) expect(await stop("SIGTERM")).toBe(0);
  const counted = await callsOf(pool, account);
  expect(counted).toBeGreaterThanOrEqual(byOthers);
  expect(counted).toBeLessThanOrEqual(answered);
});
