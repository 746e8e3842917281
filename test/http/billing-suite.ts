import type { Pool } from "pg";
import { afterAll, beforeAll, expect, it } from "vitest";
import { silentLog } from "../../server/console/log.ts";
import { migrateDatabase } from "../../server/postgres/migrate.ts";
import { createPool, type DatabaseAddress } from "../../server/postgres/pool.ts";
import type { FakeStripe } from "../kit/stripe/fake-stripe.ts";

/** That a runtime speaks with Stripe: signatures by its own crypto, requests by its own fetch. */
export function testBilling(url: () => string, database: () => DatabaseAddress, stripeOf: () => FakeStripe): void {
  let pool: Pool;
  beforeAll(async () => {
    pool = createPool(database(), silentLog);
    await migrateDatabase(pool);
  });
  afterAll(() => pool?.end());

  it("takes what Stripe tells in, and nothing that is forged", async () => {
    const { world, sign, sendEventsTo, sent } = stripeOf();
    const webhook = `${url()}/api/billing/webhook`;
    const email = `${crypto.randomUUID()}@example.org`;
    const customer = world.nextId("cus");
    world.customers.set(customer, { id: customer, email, metadata: {} });
    const add = `
      WITH account AS (INSERT INTO users (email) VALUES ($1) RETURNING id)
      INSERT INTO billing_customers (user_id, stripe_customer_id) SELECT id, $2 FROM account RETURNING user_id`;
    const userId = (await pool.query(add, [email, customer])).rows[0].user_id;
    const price = { id: "price_1", object: "price", product: "stratum_city", lookup_key: null } as const;
    sendEventsTo(webhook);
    const { id } = world.subscribe(customer, { ...price, unit_amount: 29_900, active: true });
    await sent();
    const read = async () =>
      (await pool.query("SELECT plan, status FROM api_subscriptions WHERE user_id = $1", [userId])).rows[0];
    expect(await read()).toEqual({ plan: "city", status: "active" });
    world.fail(id);
    await sent();
    expect(await read()).toEqual({ plan: "city", status: "past_due" });
    const [event] = world.events.slice(-1);
    if (event === undefined) throw new Error("no event");
    const { body, headers } = sign(event, { secret: "whsec_other" });
    const forged = await fetch(webhook, { method: "POST", body, headers });
    expect([forged.status, forged.headers.get("Content-Type")]).toEqual([400, "application/problem+json"]);
    expect(await (await fetch(`${url()}/api/plans`)).json()).toMatchObject({ billing: "on" });
  });
}
