import type { Pool } from "pg";
import { afterAll, beforeAll, beforeEach, expect, it } from "vitest";
import { sqlOfPool } from "../../../server/postgres/sql.ts";
import { bearer, createKeyApp } from "../../kit/accounts-fixture.ts";
import { readJson, type TestApp } from "../../kit/app-fixture.ts";
import { createTestBilling } from "../../kit/test-billing.ts";
import { openBilling } from "./billing-fixture.ts";

interface Problem {
  readonly type: string;
  readonly errors?: readonly { readonly field: string; readonly message: string }[];
}

const ORIGIN = "http://localhost";

export function testBillingRoutes(pool: () => Pool): void {
  let test: Awaited<ReturnType<typeof openBilling>>;
  let app: TestApp;
  let off: TestApp;
  let ann: string;
  beforeAll(async () => {
    test = await openBilling(pool);
    const open = (billing: typeof test.billing) => {
      const sessions = {
        of: async (headers: Headers) => {
          const userId = headers.get("x-test-user");
          if (userId === null) return undefined;
          const isDemo = headers.get("x-test-demo") !== null;
          return { sessionId: "s", userId, email: "ann@example.org", isEmailVerified: true, isDemo };
        },
      };
      return createKeyApp(pool(), { sessions, billing, clock: test.clock }).app;
    };
    app = open(test.billing);
    off = open(createTestBilling(sqlOfPool(pool())));
  });
  afterAll(() => test.stripe.close());
  beforeEach(async () => {
    ann = await test.signUp("ann@example.org");
  });

  function send(path: string, body?: unknown, headers: Record<string, string> = {}, to = app) {
    const of = { "x-test-user": ann, Origin: ORIGIN, "Content-Type": "application/json", ...headers };
    const text = typeof body === "string" ? body : JSON.stringify(body);
    return to.request(`/api/billing${path}`, { method: "POST", headers: of, body: text ?? null });
  }
  const look = async (to = app) =>
    readJson<Record<string, unknown>>(to.request("/api/billing", { headers: { "x-test-user": ann } }));

  it("leads from a plan to a checkout, by the webhook to the plan, and by the portal to its end", async () => {
    expect(await look()).toEqual({
      ...{ billing: "on", plan: "resident", status: null, active: false },
      ...{ current_period_end: null, ends_at: null, portal: false },
    });
    const { url } = await readJson<{ url: string }>(send("/checkout", { plan: "agent" }));
    const session = test.stripe.world.sessions.get(url.split("/").at(-1) ?? "");
    expect([session?.success_url, session?.cancel_url]).toEqual([
      `${ORIGIN}/dashboard?view=billing&checkout=done`,
      `${ORIGIN}/dashboard?view=billing&checkout=cancelled`,
    ]);
    test.stripe.world.events.length = 0;
    const paid = await fetch(url, { method: "POST", body: new URLSearchParams({ do: "pay" }), redirect: "manual" });
    expect(paid.headers.get("Location")).toBe(session?.success_url);
    for (const event of test.stripe.world.events) {
      const { body, headers } = test.stripe.sign(event);
      const taken = await app.request("/api/billing/webhook", { method: "POST", body, headers });
      expect([taken.status, await taken.json()]).toEqual([200, { outcome: "taken" }]);
    }
    expect(await look()).toMatchObject({ plan: "agent", status: "active", active: true, portal: true });
    expect(await readJson<Problem>(send("/checkout", { plan: "city" }))).toMatchObject({
      status: 409,
      type: "urn:stratum:problem:subscribed",
    });
    const portal = await readJson<{ url: string }>(send("/portal"));
    await fetch(portal.url, { method: "POST", body: new URLSearchParams({ do: "cancel" }) });
    await test.take(test.stripe.world.events.at(-1) ?? never());
    expect(await look()).toMatchObject({ active: true, ends_at: "2026-07-01T12:00:00.000Z" });
    test.clock.advance(30 * 86_400_000);
    expect(await look()).toMatchObject({ plan: "agent", status: "active", active: false });
    test.clock.advance(-30 * 86_400_000);
  });

  it.each([
    [{ plan: "resident" }, "plan", "must be one of agent, city"],
    [{ plan: "gold" }, "plan", "must be one of agent, city"],
    [{}, "plan", "must be one of agent, city"],
    [{ plan: "agent", user_id: "x", success_url: "https://evil.example" }, "user_id", "is not a field of an order"],
    [[], "body", "must be a JSON object"],
    ["{", "body", "must be JSON in UTF-8"],
  ])("refuses the order %j and names the field", async (body, field, message) => {
    const answer = await send("/checkout", body);
    expect(answer.status).toBe(400);
    expect((await readJson<Problem>(answer)).errors).toContainEqual({ field, message });
  });

  it("takes changes from pages of ours alone, by who is signed in, and none by the demo account", async () => {
    const asked = test.stripe.requests.length;
    const kind = async (answer: Response | Promise<Response>) =>
      (await readJson<Problem>(answer)).type.split(":").at(-1);
    for (const path of ["/checkout", "/portal"]) {
      const body = { plan: "agent" };
      expect(await kind(app.request(`/api/billing${path}`, { method: "POST" }))).toBe("sign-in-needed");
      expect(await kind(send(path, body, { Origin: "https://evil.example" }))).toBe("foreign-origin");
      expect(await kind(send(path, body, { "x-test-demo": "1" }))).toBe("demo");
      expect((await send(path, "x".repeat(2_000))).status).toBe(path === "/portal" ? 409 : 413);
    }
    expect(await kind(app.request("/api/billing"))).toBe("sign-in-needed");
    expect(await kind(app.request("/api/billing", bearer("x")))).toBe("sign-in-needed");
    expect(test.stripe.requests.length).toBe(asked);
  });

  it("opens twenty checkouts a minute for one account", async () => {
    const statuses = [];
    for (let i = 0; i < 21; i++) statuses.push((await send("/portal")).status);
    expect(statuses.filter((status) => status === 409).length).toBe(20);
    const last = await send("/portal");
    expect([last.status, Number(last.headers.get("Retry-After")) > 0]).toEqual([429, true]);
  });

  it("answers a webhook without a right signature, too large, or to nobody with 4xx, and stores nothing", async () => {
    const hook = (body: string, headers: Record<string, string> = {}) =>
      app.request("/api/billing/webhook", { method: "POST", body, headers });
    expect((await hook("{}")).status).toBe(400);
    expect((await hook("{}", { "Stripe-Signature": "x".repeat(3_000) })).status).toBe(400);
    expect((await hook("{}", { "Stripe-Signature": "t=1,v1=00" })).status).toBe(400);
    expect((await hook("x".repeat(300_000), { "Stripe-Signature": "t=1,v1=00" })).status).toBe(413);
    expect((await pool().query("SELECT FROM stripe_events")).rowCount).toBe(0);
    await readJson(send("/checkout", { plan: "agent" }));
    test.stripe.holdAnswers(() => Promise.reject(new Error("away")));
    const id = [...test.stripe.world.sessions.keys()].at(-1) ?? "";
    test.stripe.world.pay(id);
    const { body, headers } = test.stripe.sign(test.stripe.world.events.at(-1) ?? never());
    const away = await hook(body, headers);
    expect([away.status, away.headers.get("Retry-After")]).toEqual([503, "30"]);
    test.stripe.holdAnswers(undefined);
    expect((await hook(body, headers)).status).toBe(200);
  });

  it("says that billing is off", async () => {
    expect(await look(off)).toMatchObject({ billing: "off", plan: "resident", portal: false });
    for (const answer of [send("/checkout", { plan: "agent" }, {}, off), send("/portal", undefined, {}, off)])
      expect(await readJson<Problem>(answer)).toMatchObject({ status: 503, type: "urn:stratum:problem:billing-off" });
    const hook = off.request("/api/billing/webhook", {
      method: "POST",
      headers: { "Stripe-Signature": "t=1" },
      body: "{}",
    });
    expect((await hook).status).toBe(503);
  });

  it("tells the plans of the one table", async () => {
    const answer = await off.request("/api/plans");
    expect(answer.headers.get("Cache-Control")).toContain("public");
    const { billing, plans } = await readJson<{ billing: string; plans: { plan: string; dollars: number }[] }>(answer);
    expect(billing).toBe("off");
    expect(plans.map(({ plan, dollars }) => [plan, dollars])).toEqual([
      ["anonymous", 0],
      ["resident", 0],
      ["agent", 49],
      ["city", 299],
    ]);
    expect(plans[2]).toMatchObject({
      calls: { trends: { calls: 10_000, per: "month" } },
      per_minute: 600,
      own_areas: 20,
    });
  });
}

const never = (): never => {
  throw new Error("nothing there");
};
