import { createRoute, z } from "@hono/zod-openapi";
import type { Billing } from "../../billing/billing.ts";
import { ForgedEventError } from "../../billing/payments.ts";
import type { App } from "../core/app-parts.ts";
import { ProblemError, problemAnswer, unexpectedAnswer } from "../core/problem.ts";
import { readBytes } from "../schemas/json-body.ts";

/** Stripe's events have some kilobytes; an invoice with very many lines more. */
export const MAX_EVENT_BYTES = 256 * 1024;
/** A signature of Stripe has some 150 characters; while a secret is changed there are two. */
const MAX_SIGNATURE = 2048;

const route = createRoute({
  method: "post",
  path: "/api/billing/webhook",
  summary: "What Stripe tells of subscriptions",
  description:
    "For Stripe alone, which signs it. Events may come twice and in any order: what a customer pays for is read again from Stripe.",
  tags: ["accounts"],
  responses: {
    200: {
      description: "It is stored, or was before; or it is nothing of ours.",
      content: { "application/json": { schema: z.object({ outcome: z.enum(["taken", "known", "not-ours"]) }) } },
    },
    400: problemAnswer("Not signed by Stripe, signed more than 5 minutes ago, or of the other mode (live, test)."),
    413: problemAnswer(`The body has more than ${MAX_EVENT_BYTES} bytes.`),
    ...unexpectedAnswer,
    503: problemAnswer("Billing is off (`billing-off`), or PostgreSQL or Stripe does not answer: send it again later."),
  },
});

/** Mounts `/api/billing/webhook`. Nothing is looked up before the signature is found right. */
export function mountBillingWebhook(app: App, billing: Billing): void {
  app.openapi(route, async (c) => {
    const signature = c.req.header("Stripe-Signature") ?? "";
    if (signature === "" || signature.length > MAX_SIGNATURE) throw forged("There is no signature of Stripe.");
    const body = new Uint8Array(await readBytes(c, MAX_EVENT_BYTES));
    try {
      return c.json({ outcome: await billing.takeEvent(body, signature) }, 200, { "Cache-Control": "no-store" });
    } catch (error) {
      throw error instanceof ForgedEventError ? forged(error.message) : error;
    }
  });
}

const forged = (detail: string) => new ProblemError({ status: 400, kind: "forged-event", detail });
