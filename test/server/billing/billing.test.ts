/** @module-tag random */
import { describe } from "vitest";
import { describeOnEachPostgres } from "../../kit/postgres/each-postgres.ts";
import { BILLING_TABLES } from "./billing-fixture.ts";
import { testCheckout } from "./checkout.suite.ts";
import { testBillingRoutes } from "./routes.suite.ts";
import { testWebhook } from "./webhook.suite.ts";

describeOnEachPostgres("payments", BILLING_TABLES, (pool) => {
  describe("the webhook", () => testWebhook(pool));
  describe("checkout and portal", () => testCheckout(pool));
  describe("/api/billing", () => testBillingRoutes(pool));
});
