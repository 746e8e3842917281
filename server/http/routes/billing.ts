import { createRoute, z } from "@hono/zod-openapi";
import type { Context } from "hono";
import { PAID_PLANS } from "../../accounts/plans.ts";
import { PLANS, STATUSES } from "../../accounts/subscription.ts";
import type { Billing, BillingState } from "../../billing/billing.ts";
import type { BillingRefusal } from "../../billing/open-checkout.ts";
import { createRateLimit, type RateLimit } from "../../kit/rate-limit.ts";
import type { App, AppEnv, AppParts } from "../core/app-parts.ts";
import { fieldErrors, invalidRequest, ProblemError, problemAnswer, unexpectedAnswer } from "../core/problem.ts";
import { publicUrl } from "../core/public-address.ts";
import { signedInOf } from "../middleware/signed-in.ts";
import { readJsonBody } from "../schemas/json-body.ts";
import { billingSchema, tellOn } from "./plans.ts";

const MAX_BODY_BYTES = 1024;
/** Checkouts and portals of one account: each asks Stripe up to five times. */
export const CHECKOUTS_PER_MINUTE = 20;
/** Looks of one account at what it pays: two statements each. */
export const LOOKS_PER_MINUTE = 600;

const time = z.iso.datetime();

const stateSchema = z
  .object({
    billing: billingSchema,
    plan: z.enum(PLANS),
    status: z.enum(STATUSES).nullable().openapi({ description: "As Stripe names it; null without a subscription." }),
    active: z.boolean(),
    current_period_end: time.nullable(),
    ends_at: time.nullable().openapi({
      description:
        "Until when there is access: it was cancelled, or a payment failed and is tried again (`past_due`); null while it renews.",
    }),
    portal: z.boolean().openapi({ description: "Whether there is anything to manage." }),
  })
  .openapi("Billing");

const orderSchema = z
  .strictObject(
    { plan: z.enum(PAID_PLANS, `must be one of ${PAID_PLANS.join(", ")}`) },
    { error: (issue) => (issue.code === "unrecognized_keys" ? "is not a field of an order" : "must be a JSON object") },
  )
  .openapi("Order");

const urlAnswer = (description: string) => ({
  description,
  content: { "application/json": { schema: z.object({ url: z.url() }) } },
});

const answers = {
  401: problemAnswer("Nobody is signed in."),
  403: problemAnswer("Sent by a page of another site, or by the demo account."),
  ...unexpectedAnswer,
  503: problemAnswer("Billing is off (`billing-off`), or PostgreSQL or Stripe does not answer; Retry-After says when."),
};
const tags = ["accounts"];

const stateRoute = createRoute({
  method: "get",
  path: "/api/billing",
  summary: "What whoever is signed in pays for",
  description: "With a session.",
  tags,
  responses: {
    200: { description: "The subscription.", content: { "application/json": { schema: stateSchema } } },
    ...answers,
    404: problemAnswer("The account was deleted."),
    429: problemAnswer("The account asks too often; Retry-After says when."),
  },
});

const checkoutRoute = createRoute({
  method: "post",
  path: "/api/billing/checkout",
  summary: "Where a plan is paid for",
  description:
    "With a session. Stripe's page, which leads back to `/dashboard?view=billing&checkout=done`, or `=cancelled`.",
  tags,
  request: { body: { required: true, content: { "application/json": { schema: orderSchema } } } },
  responses: {
    200: urlAnswer("Lead the browser there."),
    400: problemAnswer("The plan is none that is sold."),
    ...answers,
    409: problemAnswer(
      "The account has a subscription: `subscribed`, the portal changes it. Or it asks from several pages at once.",
    ),
    413: problemAnswer(`The body has more than ${MAX_BODY_BYTES} bytes.`),
    415: problemAnswer("The body is not application/json, or is encoded."),
    429: problemAnswer("The account asks too often; Retry-After says when."),
  },
});

const portalRoute = createRoute({
  method: "post",
  path: "/api/billing/portal",
  summary: "Where a subscription is changed, paid and cancelled",
  description: "With a session. Stripe's page, which leads back to `/dashboard?view=billing`.",
  tags,
  responses: {
    200: urlAnswer("Lead the browser there."),
    ...answers,
    409: problemAnswer("The account never came to a checkout: `no-customer`."),
    429: problemAnswer("The account asks too often; Retry-After says when."),
  },
});

/** Mounts `/api/billing` for whoever is signed in. Addresses to come back to are our own, whatever a request says. */
export function mountBilling(app: App, parts: AppParts, billing: Billing): void {
  const opening = createRateLimit({ clock: parts.clock, perMinute: CHECKOUTS_PER_MINUTE });
  const looking = createRateLimit({ clock: parts.clock, perMinute: LOOKS_PER_MINUTE });
  /** The account that may pay. */
  const payer = (c: Context<AppEnv>): string => {
    const { userId } = signedInOf(c);
    takeTurn(opening, userId);
    return userId;
  };

  app.openapi(stateRoute, async (c) => {
    const { userId } = signedInOf(c);
    takeTurn(looking, userId);
    const state = await billing.state(userId);
    if (state === undefined) throw new ProblemError({ status: 404, detail: "The account was deleted." });
    return c.json(toStateJson(billing, state), 200);
  });

  app.openAPIRegistry.registerPath(checkoutRoute);
  app.post(checkoutRoute.path, async (c) => {
    const userId = payer(c);
    const order = orderSchema.safeParse(await readJsonBody(c, MAX_BODY_BYTES));
    if (!order.success) throw new ProblemError(invalidRequest(fieldErrors(order.error)));
    const back = `${publicUrl(c)}/dashboard?view=billing`;
    const urls = { successUrl: `${back}&checkout=done`, cancelUrl: `${back}&checkout=cancelled` };
    return c.json(orRefuse(await billing.checkout(userId, order.data.plan, urls)), 200);
  });

  app.openapi(portalRoute, async (c) => {
    const outcome = await billing.portal(payer(c), `${publicUrl(c)}/dashboard?view=billing`);
    return c.json(orRefuse(outcome), 200);
  });
}

function toStateJson({ isOn }: Billing, { plan, status, active, periodEnd, endsAt, hasPortal }: BillingState) {
  return {
    billing: tellOn(isOn),
    plan,
    status,
    active,
    current_period_end: periodEnd?.toISOString() ?? null,
    ends_at: endsAt?.toISOString() ?? null,
    portal: hasPortal,
  };
}

function takeTurn(limit: RateLimit, userId: string): void {
  const waitSeconds = limit.take(userId);
  if (waitSeconds === 0) return;
  const headers = { "Retry-After": `${waitSeconds}` };
  throw new ProblemError({ status: 429, detail: "The account asks too often.", headers });
}

const REFUSALS: Readonly<Record<BillingRefusal, string>> = {
  subscribed: "The account has a subscription: its plan is changed, and what is due is paid, in the portal.",
  "no-customer": "The account never came to a checkout: there is nothing to manage.",
  busy: "Several pages of the account ask for a checkout at once. Try again.",
};

function orRefuse(outcome: { readonly url: string } | BillingRefusal): { readonly url: string } {
  if (typeof outcome !== "string") return outcome;
  throw new ProblemError({ status: 409, kind: outcome, detail: REFUSALS[outcome] });
}
