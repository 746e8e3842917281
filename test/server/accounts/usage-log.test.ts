import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it, onTestFinished } from "vitest";
import { createUsageLog, type UsageLog } from "../../../server/accounts/usage-log.ts";
import { createLog, silentLog } from "../../../server/console/log.ts";
import { repeatInBackground } from "../../../server/kit/background.ts";
import type { RunSql } from "../../../server/ports/sql.ts";
import { createPool } from "../../../server/postgres/pool.ts";
import { sqlOfPool } from "../../../server/postgres/sql.ts";
import { startServer } from "../../../server/runtime/node/serve.ts";
import { ACCOUNT_TABLES, addAccount, bearer, callsOf, type TestAccount } from "../../kit/accounts-fixture.ts";
import { describeOnEachPostgres } from "../../kit/postgres/each-postgres.ts";
import { openSharedStores } from "../../kit/stores.ts";
import { startTcpProxy } from "../../kit/tcp-proxy.ts";

const NOW = Date.UTC(2026, 5, 1, 12);
const sample = (usage: UsageLog, name: string) => usage.samples().find((each) => each.name === name)?.value;
const waiting = (usage: UsageLog) => sample(usage, "stratum_usage_calls_waiting");
const lost = (usage: UsageLog) => sample(usage, "stratum_usage_calls_lost_total");

describeOnEachPostgres("the usage log", ACCOUNT_TABLES, (pool, address) => {
  const accounts = (count: number) =>
    Promise.all(Array.from({ length: count }, (_, i) => addAccount(pool(), `a${i}@example.org`)));
  const count = (usage: UsageLog, { keyId, userId }: TestAccount, calls = 1) => {
    for (let i = 0; i < calls; i++) usage.add({ keyId, userId, capability: "trends", atMs: NOW });
  };
  const process = (keys: readonly TestAccount[], env: Record<string, string>) => start(address().url, keys, env);
  const rows = async () =>
    (await pool().query("SELECT key_id, day::text, capability, calls FROM usage_log ORDER BY 1, 2, 3")).rows;

  it.each([
    ["and none waits for another", "0"],
    ["statements fail and answers are lost", "0.3"],
  ])("counts exactly when processes add to the same keys, %s", { tags: "slow" }, async (_, faults) => {
    const keys = await accounts(7);
    const rounds = 60;
    const processes = [1, 2, 3].map((seed) => process(keys, { ROUNDS: `${rounds}`, SEED: `${seed}`, FAULTS: faults }));
    for (const { ended } of processes) expect(await ended).toBe(0);
    // A deadlock would fail one of the two.
    if (faults === "0") expect(processes.map((each) => each.rounds())).toEqual([rounds, rounds, rounds]);
    // Rounds 1 to 60: ten of each day and capability.
    const each = ["2026-05-31", "2026-06-01", "2026-06-02"].flatMap((day) =>
      ["exports", "trends"].map((capability) => ({ day, capability, calls: 3 * 10 })),
    );
    const ids = keys.map(({ keyId }) => keyId).sort();
    expect(await rows()).toEqual(ids.flatMap((key_id) => each.map((row) => ({ key_id, ...row }))));
  });

  it("holds a batch whole or not at all when a process is killed", { tags: "slow" }, async () => {
    const keys = await accounts(5);
    let known = 0;
    for (let kill = 0; kill < 3; kill++) {
      const { child, ended, rounds } = process(keys, { ROUNDS: "1000000", SEED: `${kill}` });
      await once(child.stdout ?? child, "data");
      await sleep(30 + 40 * kill);
      child.kill("SIGKILL");
      await ended;
      known += rounds();
    }
    // A statement may still be running whose client is gone.
    const counts = async () => [...new Set(await Promise.all(keys.map((key) => callsOf(pool(), key))))];
    await expect.poll(async () => (await counts()).length).toBe(1);
    const [calls = 0] = await counts();
    expect(calls).toBeGreaterThanOrEqual(known);
    expect(calls).toBeLessThanOrEqual(known + 3);
  });

  it("keeps what it counted while PostgreSQL is away", async () => {
    const [account] = await accounts(1);
    if (account === undefined) throw new Error("no account");
    const url = new URL(address().url);
    const proxy = await startTcpProxy(Number(url.port));
    url.port = String(proxy.port);
    const proxied = createPool({ ...address(), url: url.href }, silentLog);
    const usage = createUsageLog({ sql: sqlOfPool(proxied, 300), log: silentLog });
    const loop = repeatInBackground(usage.flush, { name: "adding usage", everyMs: 10, log: silentLog });
    onTestFinished(async () => {
      await loop.stop();
      await proxied.end();
      await proxy.close();
    });
    loop.start();
    let expected = 0;
    for (const mode of ["refuse", "swallow", "refuse"] as const) {
      proxy.set(mode);
      for (let i = 0; i < 20; i++) {
        count(usage, account, 5);
        expected += 5;
        await sleep(5);
      }
      proxy.set("pass");
      await expect.poll(() => callsOf(pool(), account), { timeout: 20_000 }).toBe(expected);
    }
    expect([waiting(usage), lost(usage)]).toEqual([0, 0]);
  });

  it("forgets the names of old batches", async () => {
    const [account] = await accounts(1);
    if (account === undefined) throw new Error("no account");
    await pool().query(
      `INSERT INTO usage_batches SELECT gen_random_uuid(), now() - n * interval '1 day' FROM generate_series(0, 20) n`,
    );
    const usage = createUsageLog({ sql: sqlOfPool(pool()), log: silentLog });
    count(usage, account);
    await usage.flush();
    const { rows: left } = await pool().query("SELECT count(*)::integer AS n FROM usage_batches");
    expect([left[0].n, await callsOf(pool(), account)]).toEqual([8, 1]);
  });
});

describe("what waits to be added", () => {
  const away: RunSql = () => Promise.reject(new Error("away"));
  const call = (key: number, userId = "u") => ({ keyId: `k${key}`, userId, capability: "trends" as const, atMs: NOW });

  it("is bounded, and what is beyond is told", async () => {
    const lines: string[] = [];
    const log = createLog({ level: "warn", pretty: false, write: (line) => lines.push(line), now: () => NOW });
    const usage = createUsageLog({ sql: away, log, maxEntries: 3 });
    for (const key of [1, 2]) usage.add(call(key));
    await expect(usage.flush()).rejects.toThrow("away");
    for (const key of [3, 3, 3, 4, 5]) usage.add(call(key));
    expect([waiting(usage), lost(usage)]).toEqual([5, 2]);
    await usage.close();
    expect(lines.map((line) => JSON.parse(line).calls)).toEqual([7]);
  });
});

describe("servers that are stopped", () => {
  it("have added every call that they answered, each once", async () => {
    const stores = await openSharedStores();
    const servers = await Promise.all([1, 2].map(() => startServer(stores.config, { client: false })));
    await Promise.all(servers.map(({ refusal }) => refusal));
    const pool = createPool(stores.database, silentLog);
    onTestFinished(async () => {
      await pool.end();
      await stores.close();
    });
    const account = await addAccount(pool, "a@example.org");
    const answers = await Promise.all(
      Array.from({ length: 60 }, async (_, i) => {
        const answer = await fetch(`${servers[i % 2]?.url}/api/trends/changes`, bearer(account.key));
        await answer.body?.cancel();
        return answer.status;
      }),
    );
    expect(answers).toEqual(answers.map(() => 200));
    await Promise.all(servers.map((server) => server.close()));
    expect(await callsOf(pool, account)).toBe(60);
  });
});

interface Started {
  readonly child: ChildProcess;
  /** The exit code. */
  readonly ended: Promise<number | null>;
  /** Rounds that it said were added. */
  rounds(): number;
}

function start(url: string, keys: readonly TestAccount[], env: Record<string, string>): Started {
  const child = spawn(process.execPath, ["test/server/accounts/usage-process.ts"], {
    env: {
      ...process.env,
      DATABASE_URL: url,
      KEYS: keys.map(({ keyId }) => keyId).join(),
      USERS: keys.map(({ userId }) => userId).join(),
      ...env,
    },
    stdio: ["ignore", "pipe", "inherit"],
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  let output = "";
  child.stdout.on("data", (data) => (output += data));
  const ended = once(child, "close").then(([code]) => code as number | null);
  return { child, ended, rounds: () => output.split("\n").length - 1 };
}
