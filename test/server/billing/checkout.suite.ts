import type { Pool } from "pg";
import { afterAll, beforeAll, beforeEach, expect, it } from "vitest";
import { BillingOffError, createBilling } from "../../../server/billing/billing.ts";
import { createBillingTable } from "../../../server/billing/billing-table.ts";
import { silentLog } from "../../../server/console/log.ts";
import { createSql } from "../../../server/postgres/questions.ts";
import { sqlOfPool } from "../../../server/postgres/sql.ts";
import { openBilling, URLS } from "./billing-fixture.ts";

export function testCheckout(pool: () => Pool): void {
  let test: Awaited<ReturnType<typeof openBilling>>;
  let ann: string;
  beforeAll(async () => {
    test = await openBilling(pool);
  });
  afterAll(() => test.stripe.close());
  beforeEach(async () => {
    ann = await test.signUp("ann@example.org");
    test.stripe.world.customers.clear();
    test.stripe.world.sessions.clear();
  });

  const checkout = (plan: "agent" | "city" = "agent", billing = test.billing) => billing.checkout(ann, plan, URLS);
  const openOnes = () => [...test.stripe.world.sessions.values()].filter(({ status }) => status === "open");

  it("sells at the price of the one table of plans, to one customer of the account", async () => {
    for (const [plan, cents] of [
      ["agent", 4_900],
      ["city", 29_900],
    ] as const) {
      expect(await checkout(plan)).toEqual({ url: expect.stringContaining("/pay/") });
      const [session] = openOnes();
      expect(test.stripe.world.prices.get(session?.price ?? "")).toMatchObject({
        unit_amount: cents,
        product: `stratum_${plan}`,
      });
      expect(session).toMatchObject({ success_url: URLS.successUrl, cancel_url: URLS.cancelUrl });
    }
    expect([...test.stripe.world.customers.values()]).toMatchObject([
      { email: "ann@example.org", metadata: { user_id: ann } },
    ]);
    // What is sold was made once, and is read once.
    const made = test.stripe.requests.filter((request) => /POST (?:prices|products|.*configurations)/.test(request));
    expect(made.toSorted()).toEqual([
      "POST billing_portal/configurations",
      ...["prices", "prices", "products", "products"].map((each) => `POST ${each}`),
    ]);
  });

  it("has one checkout that may be paid, however many pages and processes ask for one at once", async () => {
    const other = test.openProcess();
    const urls = await Promise.all(
      Array.from({ length: 8 }, (_, i) => checkout(i % 3 === 0 ? "city" : "agent", i % 2 === 0 ? other : test.billing)),
    );
    expect(openOnes()).toHaveLength(1);
    expect(test.stripe.world.customers.size).toBe(1);
    const [open] = openOnes();
    const paid = urls
      .flatMap((outcome) => (typeof outcome === "string" ? [] : outcome.url))
      .filter((url) => url === open?.url);
    expect(paid.length).toBeGreaterThan(0);
    const again = await checkout(open?.metadata.plan === "city" ? "city" : "agent");
    expect(again).toEqual({ url: open?.url });
  });

  it("opens no other one while somebody pays", async () => {
    await checkout("agent");
    const [open] = openOnes();
    test.stripe.world.paying.add(open?.id ?? "");
    expect(await checkout("city")).toBe("busy");
    expect(openOnes()).toEqual([open]);
    test.stripe.world.pay(open?.id ?? "");
    test.stripe.world.paying.clear();
    expect(await checkout("city")).toBe("subscribed");
  });

  it("refuses who has a subscription, known of or not yet, and leads to the portal", async () => {
    expect(await test.billing.portal(ann, "http://stratum.test/")).toBe("no-customer");
    const id = await test.subscribe(ann);
    // No event came yet.
    expect(await test.state(ann)).toEqual(["resident", null, false, null]);
    expect(await checkout("city")).toBe("subscribed");
    expect(await test.state(ann)).toEqual(["agent", "active", true, null]);
    expect(await test.billing.portal(ann, "http://stratum.test/")).toEqual({
      url: expect.stringContaining("/portal/"),
    });
    test.stripe.world.fail(id);
    expect(await checkout()).toBe("subscribed");
    test.stripe.world.end(id);
    expect(await checkout()).toEqual({ url: expect.any(String) });
    expect(test.logged).toEqual([]);
  });

  it("tells when a customer pays twice all the same, and gives the better plan", async () => {
    await test.subscribe(ann);
    const [{ customer } = { customer: "" }] = [...test.stripe.world.subscriptions.values()].slice(-1);
    const city = [...test.stripe.world.prices.values()].find(({ product }) => product === "stratum_city");
    if (city === undefined) throw new Error("no price");
    test.stripe.world.subscribe(customer, city);
    await test.billing.refresh(ann);
    expect(await test.state(ann)).toEqual(["city", "active", true, null]);
    expect(test.logged.splice(0)).toEqual(["a customer pays for several subscriptions"]);
    const [row] = (await pool().query("SELECT monthly_calls_limit AS calls FROM api_subscriptions")).rows;
    // What the plan says.
    expect(row).toEqual({ calls: null });
  });

  it("makes a new customer where the old one was deleted at Stripe, and prices that were taken away", async () => {
    await checkout();
    test.stripe.world.customers.clear();
    expect(await test.billing.portal(ann, "http://stratum.test/")).toBe("no-customer");
    test.stripe.world.sessions.clear();
    // Archived at Stripe: the key is still taken there.
    const { prices } = test.stripe.world;
    for (const price of [...prices.values()]) prices.set(price.id, { ...price, active: false });
    expect(await checkout()).toEqual({ url: expect.any(String) });
    expect(test.stripe.world.customers.size).toBe(1);
  });

  it("ends what is paid for when the account is deleted, and lets nobody pay afterwards", async () => {
    const id = await test.subscribe(ann);
    await test.billing.refresh(ann);
    await test.billing.endSubscription(ann);
    expect(test.stripe.world.subscriptions.get(id)?.status).toBe("canceled");
    expect(test.stripe.world.customers.size).toBe(0);
    await test.billing.endSubscription(ann);
    const bob = await test.signUp("bob@example.org");
    await test.billing.checkout(bob, "agent", URLS);
    await test.billing.endSubscription(bob);
    expect(openOnes()).toEqual([]);
    await test.billing.endSubscription(await test.signUp("eve@example.org"));
  });

  it("keeps what an operator gave when what was paid for has ended, until something is paid for again", async () => {
    const id = await test.subscribe(ann);
    test.stripe.world.end(id);
    await test.billing.refresh(ann);
    await pool().query(
      "UPDATE api_subscriptions SET plan = 'city', status = 'active', ends_at = NULL, stripe_subscription_id = NULL",
    );
    await test.billing.refresh(ann);
    expect(await test.state(ann)).toEqual(["city", "active", true, null]);
    await test.subscribe(ann);
    await test.billing.refresh(ann);
    expect(await test.state(ann)).toEqual(["agent", "active", true, null]);
    // Data that Stripe does not know any more is not paid for.
    test.stripe.world.subscriptions.clear();
    await test.billing.refresh(ann);
    expect((await test.state(ann))?.slice(0, 3)).toEqual(["agent", "canceled", false]);
  });

  it("reads again of whose next period nothing was heard, a day behind the last one's end", async () => {
    const bob = await test.signUp("bob@example.org");
    const ids = [await test.subscribe(ann), await test.subscribe(bob)] as const;
    for (const user of [ann, bob]) await test.billing.refresh(user);
    const start = test.clock.nowMs;
    // The events of both are lost.
    test.clock.advance(30 * 86_400_000);
    test.stripe.world.end(ids[0]);
    test.stripe.world.renew(ids[1]);
    const active = async () => [(await test.state(ann))?.[2], (await test.state(bob))?.[2]];
    test.clock.advance(23 * 3_600_000);
    await test.billing.refreshOverdue();
    expect(await active()).toEqual([true, true]);
    test.clock.advance(2 * 3_600_000);
    await test.billing.refreshOverdue();
    expect(await active()).toEqual([false, true]);
    const asked = test.stripe.requests.length;
    await test.billing.refreshOverdue();
    expect(test.stripe.requests.length).toBe(asked);
    test.clock.nowMs = start;
  });

  it("is off without keys: told, refused, and nothing is deleted that may be paid for", async () => {
    const table = createBillingTable(createSql(sqlOfPool(pool()), silentLog));
    const off = createBilling({ table, clock: test.clock, log: silentLog });
    expect(off.isOn).toBe(false);
    await off.endSubscription(ann);
    await checkout();
    expect(await off.state(ann)).toMatchObject({ plan: "resident", hasPortal: false });
    for (const refused of [off.checkout(ann, "agent", URLS), off.portal(ann, ""), off.endSubscription(ann)])
      await expect(refused).rejects.toThrow(BillingOffError);
    await expect(off.takeEvent(new Uint8Array(), "t=1")).rejects.toThrow(BillingOffError);
  });
}
