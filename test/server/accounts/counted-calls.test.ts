import { expect, it } from "vitest";
import { ANONYMOUS } from "../../../server/accounts/plans.ts";
import {
  ACCOUNT_TABLES,
  addAccount,
  addUsage,
  bearer,
  callsOf,
  createKeyApp,
  signedIn,
} from "../../kit/accounts-fixture.ts";
import { allParts } from "../../kit/described-routes.ts";
import { describeOnEachPostgres } from "../../kit/postgres/each-postgres.ts";
import { NOW, TABLES } from "../../kit/trends-fixture.ts";

const TREND = "/api/trends/changes";
const EXPORT = "/api/exports/scores.csv";

interface Usage {
  readonly month: string;
  readonly calls_this_month: number;
  readonly quotas: readonly { readonly kind: string; readonly per: string; readonly used: number }[];
  readonly days: readonly object[];
}

describeOnEachPostgres("what calls are counted as", [...ACCOUNT_TABLES, ...TABLES], (pool) => {
  const app = (settings = {}) =>
    createKeyApp(pool(), { ...allParts(), settings: { anonymous: ANONYMOUS, ...settings } });
  const kindOf = async (answer: Response) => ((await answer.json()) as { type: string }).type.split(":").at(-1);

  it("without an account: twenty trends a day an address, and no export", async () => {
    const { get, clock } = app();
    const from = (address: string) => ({ headers: { "X-Test-Address": address } });
    for (let left = 19; left >= 0; left--) {
      const { status, headers } = await get(TREND, from("192.0.2.1"));
      expect([status, headers.get("RateLimit"), headers.get("X-RateLimit-Remaining")]).toEqual([
        200,
        `"trends";r=${left};t=43200`,
        `${left}`,
      ]);
    }
    const refused = await get(TREND, from("192.0.2.1"));
    expect([refused.status, refused.headers.get("Retry-After"), await kindOf(refused)]).toEqual([
      429,
      "43200",
      "daily-limit",
    ]);
    // What is asked wrongly is not counted.
    for (let i = 0; i < 25; i++) expect((await get(`${TREND}?by=street`, from("192.0.2.2"))).status).toBe(400);
    expect((await get(TREND, from("192.0.2.2"))).status).toBe(200);
    const exported = await get(EXPORT, from("192.0.2.3"));
    expect([exported.status, await kindOf(exported)]).toEqual([401, "plan-needed"]);
    clock.nowMs += 43_200_000;
    expect((await get(TREND, from("192.0.2.1"))).status).toBe(200);
  });

  it("of a session: dashboards, which are no trends; its exports are exports", async () => {
    const account = await addAccount(pool(), "a@example.org");
    const { get, usage } = app();
    for (const path of [TREND, TREND, `${EXPORT}?limit=1`]) {
      const answer = await get(path, signedIn(account.userId));
      expect([answer.status, answer.headers.get("Vary")]).toEqual([200, expect.stringContaining("Cookie")]);
    }
    await get(TREND, bearer(account.key));
    await usage.flush();
    const { rows } = await pool().query("SELECT key_id, capability, calls FROM usage_log ORDER BY 1, 2");
    expect(rows).toEqual([
      { key_id: account.keyId, capability: "trends", calls: 1 },
      { key_id: null, capability: "dashboards", calls: 2 },
      { key_id: null, capability: "exports", calls: 1 },
    ]);
    const asked = async (init: RequestInit) => (await (await get("/api/usage", init)).json()) as Usage;
    const [byKey, bySession] = [await asked(bearer(account.key)), await asked(signedIn(account.userId))];
    expect(bySession).toEqual(byKey);
    expect(bySession.calls_this_month).toBe(4);
    expect(bySession.quotas.map(({ kind, used }) => [kind, used])).toEqual([
      ["tiles", 0],
      ["trends", 2],
      ["exports", 2],
      ["dashboards", 2],
    ]);
  });

  it("of months that are over, too", async () => {
    const account = await addAccount(pool(), "a@example.org");
    await addUsage(pool(), [
      [account, "2026-04-30", "tiles", 7],
      [account, "2026-05-01", "trends", 3],
    ]);
    const { get } = app();
    const of = async (month: string) => {
      const answer = await get(`/api/usage?month=${month}`, bearer(account.key));
      return answer.status === 200 ? ((await answer.json()) as Usage) : answer.status;
    };
    expect(await of("2026-04")).toMatchObject({
      month: "2026-04",
      calls_this_month: 7,
      days: [{ day: "2026-04-30", tiles: 7 }],
    });
    expect(await of("2026-05")).toMatchObject({ calls_this_month: 3 });
    for (const wrong of ["2026-13", "2026", "1999-01", "2026-05-01", "x"]) expect(await of(wrong), wrong).toBe(400);
  });

  it("of an export: a call for every 10 000 rows, and the stream breaks off where the quota ends", {
    tags: "slow",
  }, async () => {
    await pool().query(
      `INSERT INTO neighborhood_scores
         (geohash, safety, vibe, infrastructure, opportunity, overall, report_count_7d, city, calculated_at, safety_quarters)
       SELECT '9q8yyk', 50, 50, 90, 50, 60, 3, 'san-francisco', $1::timestamptz - n * interval '1 hour', 12
       FROM generate_series(1, 25000) n`,
      [new Date(NOW)],
    );
    const account = await addAccount(pool(), "a@example.org", { monthlyCallsLimit: 5 });
    const { get, usage } = app();
    const whole = await get(`${EXPORT}?precision=6`, bearer(account.key));
    expect((await whole.text()).trim().split("\n")).toHaveLength(25_001);
    await usage.flush();
    expect(await callsOf(pool(), account)).toBe(3);
    const broken = await get(EXPORT, bearer(account.key));
    expect([broken.status, broken.headers.get("X-RateLimit-Remaining")]).toEqual([200, "1"]);
    await expect(broken.text()).rejects.toThrow("quota");
    await usage.flush();
    expect(await callsOf(pool(), account)).toBe(5);
    expect((await get(EXPORT, bearer(account.key))).status).toBe(429);
  });
});
