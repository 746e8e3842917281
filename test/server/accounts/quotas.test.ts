import { expect, it } from "vitest";
import { createAccounts } from "../../../server/accounts/accounts.ts";
import { isRefusal } from "../../../server/accounts/admission.ts";
import type { Account } from "../../../server/accounts/caller.ts";
import { LEASE_MS, overshootOf, sliceOf } from "../../../server/accounts/held-quota.ts";
import { poolOf, termsOf } from "../../../server/accounts/plans.ts";
import { createUsageLog } from "../../../server/accounts/usage-log.ts";
import { silentLog } from "../../../server/console/log.ts";
import type { RunSql } from "../../../server/ports/sql.ts";
import { sqlOfPool } from "../../../server/postgres/sql.ts";
import { ACCOUNT_TABLES, addAccount, addUsage, callsOf, type TestAccount } from "../../kit/accounts-fixture.ts";
import { createTestClock } from "../../kit/clock.ts";
import { describeOnEachPostgres } from "../../kit/postgres/each-postgres.ts";

describeOnEachPostgres("quotas", ACCOUNT_TABLES, (pool) => {
  /** What a process has, on a clock that all share. */
  function processes(count: number, run: (sql: RunSql) => RunSql = (sql) => sql) {
    const clock = createTestClock();
    const all = Array.from({ length: count }, () => {
      const sql = run(sqlOfPool(pool()));
      const usage = createUsageLog({ sql, log: silentLog });
      return createAccounts({ sql: { query: sql }, usage, clock, log: silentLog, perMinute: 1e9 });
    });
    return { clock, all };
  }
  const callerOf = ({ userId, keyId }: TestAccount, monthlyCallsLimit: number | null = null) => {
    const account: Account = {
      ...{ userId, email: "a@example.org", isOperator: false, cities: [] },
      ...{ plan: "agent", status: "active", endsAt: null, monthlyCallsLimit },
    };
    return { account, key: { id: keyId, origins: null, layers: null, kinds: null } };
  };
  type Accounts = ReturnType<typeof processes>["all"][number];
  async function ask({ admission }: Accounts, caller: ReturnType<typeof callerOf>): Promise<boolean> {
    const call = await admission.admit(caller, "trends");
    if (isRefusal(call)) return false;
    call.answered();
    return true;
  }
  /** Asks again and again, over so many connections, until each was refused. Answers how many were answered. */
  async function askAll(accounts: Accounts, caller: ReturnType<typeof callerOf>, connections: number): Promise<number> {
    const counts = await Promise.all(
      Array.from({ length: connections }, async () => {
        let answered = 0;
        while (await ask(accounts, caller)) answered++;
        return answered;
      }),
    );
    return counts.reduce((sum, count) => sum + count, 0);
  }
  const usedOf = async () => (await pool().query("SELECT used::integer, leases FROM quota_use")).rows;

  it("are answered whole, and no more, by four processes with 64 connections each", async () => {
    const account = await addAccount(pool(), "a@example.org");
    await addUsage(pool(), [[account, "2026-06-01", "exports", 17]]);
    const caller = callerOf(account, 1_200);
    const { clock, all } = processes(4);
    let answered = 17;
    // What a process holds that others were refused comes back, or is used.
    for (let round = 0; round < 3; round++) {
      const each = await Promise.all(all.map((accounts) => askAll(accounts, caller, 64)));
      answered += each.reduce((sum, count) => sum + count, 0);
      clock.nowMs += 1_000;
    }
    expect(answered).toBe(1_200);
    await Promise.all(all.map((accounts) => accounts.close()));
    expect(await callsOf(pool(), account)).toBe(1_200);
    expect((await usedOf()).map(({ used }) => used)).toEqual([1_200]);
  });

  it("come back from a process that stops, and some time later from one that was killed", async () => {
    const account = await addAccount(pool(), "a@example.org");
    const caller = callerOf(account, 400);
    const { clock, all } = processes(3);
    const [stopping, killed, last] = all;
    if (stopping === undefined || killed === undefined || last === undefined) throw new Error("three");
    for (const accounts of [stopping, killed]) expect(await ask(accounts, caller)).toBe(true);
    const before = await askAll(last, caller, 8);
    expect(before).toBeLessThan(398);
    await stopping.close();
    clock.nowMs += 1_000;
    const after = await askAll(last, caller, 8);
    expect(after).toBeGreaterThan(0);
    // The killed one told nothing: what it answered since is answered again, of its slice at the most.
    clock.nowMs += LEASE_MS;
    const atLast = await askAll(last, caller, 8);
    const answered = 2 + before + after + atLast;
    expect(answered).toBeGreaterThanOrEqual(400);
    expect(answered).toBeLessThanOrEqual(400 + sliceOf(400));
    expect(sliceOf(400) * 4).toBeLessThanOrEqual(overshootOf(400) + 2);
  });

  it("begin anew with the month, and what was used of the old one is told of that", async () => {
    const account = await addAccount(pool(), "a@example.org");
    const caller = callerOf(account, 40);
    const { clock, all } = processes(1);
    const [accounts] = all;
    if (accounts === undefined) throw new Error("one");
    clock.nowMs = Date.UTC(2026, 5, 30, 23, 59, 50);
    expect(await askAll(accounts, caller, 4)).toBe(40);
    expect(await ask(accounts, caller)).toBe(false);
    clock.nowMs = Date.UTC(2026, 6, 1);
    expect(await askAll(accounts, caller, 4)).toBe(40);
    await accounts.flush();
    const { rows } = await pool().query("SELECT period::text, used::integer FROM quota_use ORDER BY 1");
    expect(rows).toEqual([
      { period: "2026-06-01", used: 40 },
      { period: "2026-07-01", used: 40 },
    ]);
  });

  it("count what is told twice, because an answer was lost, once", async () => {
    const account = await addAccount(pool(), "a@example.org");
    const caller = callerOf(account, 10_000);
    let loses = false;
    const { clock, all } = processes(1, (sql) => async (text, values) => {
      const rows = await sql<never>(text, values);
      if (loses && text.includes("lease_quota")) throw new Error("Connection terminated unexpectedly");
      return rows;
    });
    const [accounts] = all;
    if (accounts === undefined) throw new Error("one");
    for (let i = 0; i < 10; i++) expect(await ask(accounts, caller)).toBe(true);
    loses = true;
    await expect(accounts.quotas.settle()).rejects.toThrow();
    loses = false;
    clock.nowMs += 5_000;
    await accounts.quotas.settle();
    expect(await usedOf()).toMatchObject([{ used: 10 }]);
    await accounts.close();
    expect(await usedOf()).toMatchObject([{ used: 10 }]);
  });

  it("are not used by calls that fail, and follow a plan that changes", async () => {
    const account = await addAccount(pool(), "a@example.org");
    const [accounts] = processes(1).all;
    if (accounts === undefined) throw new Error("one");
    const small = callerOf(account, 3);
    for (let i = 0; i < 5; i++) {
      const call = await accounts.admission.admit(small, "exports");
      if (isRefusal(call)) throw new Error(call.detail);
      call.failed();
    }
    expect(await askAll(accounts, small, 2)).toBe(3);
    expect(await ask(accounts, small)).toBe(false);
    expect(await askAll(accounts, callerOf(account, 5), 2)).toBe(2);
    const ofTrends = poolOf(termsOf(small.account, 0), "trends");
    if (ofTrends === undefined) throw new Error("no pool");
    expect(accounts.quotas.standing(account.userId, ofTrends)).toMatchObject({ limit: 3, left: 0 });
  });

  it("are let go of when nobody asks any more", async () => {
    const account = await addAccount(pool(), "a@example.org");
    const { clock, all } = processes(1);
    const [accounts] = all;
    if (accounts === undefined) throw new Error("one");
    expect(await ask(accounts, callerOf(account, 10_000))).toBe(true);
    await accounts.flush();
    const held = async () =>
      (await usedOf()).flatMap(({ leases }) => Object.values(leases as Record<string, { calls: number }>))[0]?.calls;
    expect(await held()).toBe(sliceOf(10_000));
    clock.nowMs += 25_000;
    await accounts.flush();
    expect(await held()).toBe(0);
    let statements = 0;
    const { all: counted } = processes(1, (sql) => (text, values) => {
      statements++;
      return sql(text, values);
    });
    await counted[0]?.flush();
    // PostgreSQL may sleep.
    expect(statements).toBe(0);
  });
});
