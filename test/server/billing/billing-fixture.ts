import type { Pool } from "pg";
import { createBilling } from "../../../server/billing/billing.ts";
import { createBillingTable } from "../../../server/billing/billing-table.ts";
import { createSql } from "../../../server/postgres/questions.ts";
import { sqlOfPool } from "../../../server/postgres/sql.ts";
import { createStripePayments } from "../../../server/stripe/stripe-payments.ts";
import { ACCOUNT_TABLES } from "../../kit/accounts-fixture.ts";
import { createTestClock } from "../../kit/clock.ts";
import { type FakeStripe, SECRET_KEY, startFakeStripe, WEBHOOK_SECRET } from "../../kit/stripe/fake-stripe.ts";
import type { FakeEvent } from "../../kit/stripe/stripe-world.ts";

export const BILLING_TABLES = [...ACCOUNT_TABLES, "stripe_events"];

export const URLS = { successUrl: "http://stratum.test/done", cancelUrl: "http://stratum.test/back" };

/** Billing over a real PostgreSQL and a stand-in for Stripe, whose clocks are one. */
export async function openBilling(pool: () => Pool) {
  const clock = createTestClock();
  const stripe: FakeStripe = await startFakeStripe(clock.now);
  const config = { secretKey: SECRET_KEY, webhookSecret: WEBHOOK_SECRET, apiBase: stripe.url };
  const logged: string[] = [];
  const log = { debug: () => {}, info: () => {}, warn: () => {}, error: (event: string) => void logged.push(event) };
  /** What a process has of its own; they share what is stored. */
  const openProcess = () =>
    createBilling({
      table: createBillingTable(createSql(sqlOfPool(pool()), log)),
      payments: createStripePayments(config, clock),
      clock,
      log,
    });
  const billing = openProcess();

  return {
    clock,
    stripe,
    billing,
    openProcess,
    logged,
    /** An account without anything, as a sign-up makes it. */
    async signUp(email: string): Promise<string> {
      return (await pool().query("INSERT INTO users (email) VALUES ($1) RETURNING id", [email])).rows[0].id;
    },
    /** Goes to the checkout and pays. @returns the subscription's id */
    async subscribe(userId: string, plan: "agent" | "city" = "agent"): Promise<string> {
      const checkout = await billing.checkout(userId, plan, URLS);
      if (typeof checkout === "string") throw new Error(checkout);
      return stripe.world.pay(checkout.url.split("/").at(-1) ?? "").id;
    },
    take(event: FakeEvent, taker = billing, change: Parameters<FakeStripe["sign"]>[1] = {}) {
      const { body, headers } = stripe.sign(event, change);
      return taker.takeEvent(new TextEncoder().encode(body), headers["Stripe-Signature"] ?? "");
    },
    /** Times of the answer as days from the test's beginning. */
    async state(userId: string) {
      const state = await billing.state(userId);
      if (state === undefined) return undefined;
      const { plan, status, active, endsAt } = state;
      return [plan, status, active, endsAt === null ? null : Math.round((endsAt.getTime() - START) / 86_400_000)];
    },
  };
}

const START = createTestClock().nowMs;
