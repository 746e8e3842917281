import { createBilling } from "../../server/billing/billing.ts";
import { createBillingTable } from "../../server/billing/billing-table.ts";
import { silentLog } from "../../server/console/log.ts";
import type { Clock } from "../../server/ports/clock.ts";
import type { RunSql } from "../../server/ports/sql.ts";
import { createSql } from "../../server/postgres/questions.ts";
import { createStripePayments } from "../../server/stripe/stripe-payments.ts";
import { createTestClock } from "./clock.ts";
import { type FakeStripe, SECRET_KEY, WEBHOOK_SECRET } from "./stripe/fake-stripe.ts";

/** Billing over a database, by a stand-in for Stripe; off without one. */
export function createTestBilling(sql: RunSql, stripe?: FakeStripe, clock: Clock = createTestClock()) {
  const config = stripe && { secretKey: SECRET_KEY, webhookSecret: WEBHOOK_SECRET, apiBase: stripe.url };
  return createBilling({
    table: createBillingTable(createSql(sql, silentLog)),
    payments: config && createStripePayments(config, clock),
    clock,
    log: silentLog,
  });
}
