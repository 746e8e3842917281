import { createRoute, z } from "@hono/zod-openapi";
import { ANONYMOUS, CALL_KINDS, PLAN_TERMS, type PlanTerms } from "../../accounts/plans.ts";
import { PLANS } from "../../accounts/subscription.ts";
import type { Billing } from "../../billing/billing.ts";
import type { App } from "../core/app-parts.ts";
import { unexpectedAnswer } from "../core/problem.ts";

export const billingSchema = z
  .enum(["on", "off"])
  .openapi({ description: "`off`: nothing can be bought here, for there are no keys of Stripe." });

const quotaSchema = z
  .object({ calls: z.int().min(0), per: z.enum(["day", "month"]) })
  .nullable()
  .openapi({ description: "Null: not counted." });

const plansSchema = z
  .object({
    billing: billingSchema,
    plans: z.array(
      z.object({
        plan: z.enum(["anonymous", ...PLANS]),
        dollars: z.int().min(0).openapi({ description: "US dollars a month." }),
        calls: z.object(Object.fromEntries(CALL_KINDS.map((kind) => [kind, quotaSchema]))),
        per_minute: z.int().min(1),
        own_areas: z.int().min(0),
      }),
    ),
  })
  .openapi("Plans");

const route = createRoute({
  method: "get",
  path: "/api/plans",
  summary: "What each plan costs and gives",
  description:
    "`anonymous` is who sends no key and is not signed in: of one address. `trends` and `exports` of a plan that costs something are one quota.",
  tags: ["accounts"],
  responses: {
    200: { description: "The cheapest first.", content: { "application/json": { schema: plansSchema } } },
    ...unexpectedAnswer,
  },
});

/** Mounts `/api/plans`, out of the one table of plans. */
export function mountPlans(app: App, { isOn }: Pick<Billing, "isOn">): void {
  const plans = [
    toPlanJson("anonymous", ANONYMOUS),
    ...PLANS.map((plan) => toPlanJson(plan, PLAN_TERMS[plan])),
  ] as const;
  const body = { billing: tellOn(isOn), plans: [...plans] };
  app.openapi(route, (c) => c.json(body, 200, { "Cache-Control": "public, max-age=300" }));
}

export const tellOn = (isOn: boolean): "on" | "off" => (isOn ? "on" : "off");

function toPlanJson(plan: "anonymous" | (typeof PLANS)[number], terms: PlanTerms) {
  const { dollars, quotas, perMinute, ownAreas } = terms;
  return { plan, dollars, calls: quotas, per_minute: perMinute, own_areas: ownAreas };
}
