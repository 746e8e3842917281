import { createRoute, z } from "@hono/zod-openapi";
import { PLANS, STATUSES } from "../../accounts/subscription.ts";
import type { UsageLog } from "../../accounts/usage-log.ts";
import { readUsage, type UsageReport } from "../../accounts/usage-report.ts";
import type { Sql } from "../../ports/sql.ts";
import type { App, AppParts } from "../core/app-parts.ts";
import { ProblemError, problemAnswer } from "../core/problem.ts";
import { type ApiKeys, KEY_NEEDED, KEY_SCHEME, relationalAnswers } from "../middleware/api-key.ts";

const time = z.iso.datetime();
const calls = z.int().min(0);

const usageSchema = z
  .object({
    plan: z.enum(PLANS),
    subscription: z.object({
      status: z.enum(STATUSES).nullable().openapi({ description: "As Stripe names it; null without a subscription." }),
      active: z.boolean(),
      current_period_end: time.nullable(),
      ends_at: time.nullable().openapi({ description: "When it ends for good; null while it renews." }),
    }),
    month: z.string().openapi({ description: "UTC." }),
    calls_this_month: calls,
    monthly_calls_limit: calls,
    keys: z.array(
      z.object({
        name: z.string(),
        prefix: z.string().openapi({ description: "The key's first characters." }),
        created_at: time,
        last_used_at: time.nullable(),
        revoked_at: time.nullable(),
        calls_this_month: calls,
      }),
    ),
    days: z
      .array(z.object({ day: z.iso.date(), calls, trends: calls, exports: calls }))
      .openapi({ description: "Days of the month with calls, UTC." }),
  })
  .openapi("Usage");

const EXAMPLE: z.infer<typeof usageSchema> = {
  plan: "agent",
  subscription: { status: "active", active: true, current_period_end: "2026-06-20T00:00:00.000Z", ends_at: null },
  month: "2026-06",
  calls_this_month: 15,
  monthly_calls_limit: 10_000,
  keys: [
    {
      name: "newsroom",
      prefix: "stratum_4fGh2K",
      created_at: "2026-05-02T09:30:00.000Z",
      last_used_at: "2026-06-02T11:59:58.000Z",
      revoked_at: null,
      calls_this_month: 15,
    },
  ],
  days: [
    { day: "2026-06-01", calls: 12, trends: 12, exports: 0 },
    { day: "2026-06-02", calls: 3, trends: 2, exports: 1 },
  ],
};

const { 403: _, ...answers } = relationalAnswers;

const route = createRoute({
  method: "get",
  path: "/api/usage",
  summary: "All API keys of the key's account, usage this month, and whether the subscription is active",
  description: "Not counted itself. Calls that other servers answered in the last seconds may be missing.",
  tags: ["accounts"],
  security: [{ [KEY_SCHEME]: [] }],
  responses: {
    200: { description: "The account.", content: { "application/json": { schema: usageSchema, example: EXAMPLE } } },
    ...answers,
    401: problemAnswer("No key, or none that there is."),
  },
});

/** Mounts `/api/usage`. */
export function mountUsage(app: App, { clock, log }: AppParts, sql: Sql, keys: ApiKeys, usage: UsageLog): void {
  app.get(route.path, keys.required);
  app.openapi(route, async (c) => {
    const caller = c.get("caller");
    // What this process answered a moment ago is told; if it cannot be added now, it is soon.
    await usage.flush().catch((error: unknown) => log.debug("usage not added yet", { error }));
    const report = caller && (await readUsage(sql, caller.account.userId, clock.now()));
    if (report === undefined) throw new ProblemError(KEY_NEEDED);
    return c.json(toUsageJson(report), 200, { "Cache-Control": "private, no-store" });
  });
}

function toUsageJson(report: UsageReport): z.infer<typeof usageSchema> {
  const { plan, status, active, periodEnd, endsAt, month, monthlyCallsLimit, keys, days } = report;
  return {
    plan,
    subscription: { status, active, current_period_end: periodEnd, ends_at: endsAt },
    month,
    calls_this_month: report.calls,
    monthly_calls_limit: monthlyCallsLimit,
    keys: keys.map((key) => ({
      name: key.name,
      prefix: key.prefix,
      created_at: key.createdAt,
      last_used_at: key.lastUsedAt,
      revoked_at: key.revokedAt,
      calls_this_month: key.calls,
    })),
    days: days.map(({ day, trends, exports }) => ({ day, calls: trends + exports, trends, exports })),
  };
}
