import { createRoute, z } from "@hono/zod-openapi";
import type { Accounts } from "../../accounts/accounts.ts";
import { CALL_KINDS } from "../../accounts/plans.ts";
import { PLANS, STATUSES } from "../../accounts/subscription.ts";
import { callsOf, readUsage, type UsageReport } from "../../accounts/usage-report.ts";
import type { Sql } from "../../ports/sql.ts";
import type { App, AppParts } from "../core/app-parts.ts";
import { ProblemError, problemAnswer } from "../core/problem.ts";
import { KEY_NEEDED, KEY_SCHEME, relationalAnswers } from "../middleware/api-key.ts";
import { parameter } from "../schemas/filter-query.ts";

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
    calls_this_month: calls.openapi({ description: "Of every kind, in that month." }),
    monthly_calls_limit: calls.openapi({ description: "Trends and exports of a plan that is paid for; 0 of others." }),
    quotas: z
      .array(
        z.object({
          kind: z.enum(CALL_KINDS),
          calls,
          per: z.enum(["day", "month"]),
          used: calls,
          resets_at: time,
        }),
      )
      .openapi({
        description:
          "What the plan gives, and what is used of it now. Trends and exports of a plan that is paid for share one quota.",
      }),
    keys: z.array(
      z.object({
        id: z.uuid(),
        name: z.string(),
        prefix: z.string().openapi({ description: "The key's first characters." }),
        created_at: time,
        last_used_at: time.nullable(),
        revoked_at: time.nullable(),
        calls_this_month: calls,
        days: z.array(z.object({ day: z.iso.date(), kind: z.enum(CALL_KINDS), calls })),
      }),
    ),
    days: z
      .array(z.object({ day: z.iso.date(), calls, tiles: calls, trends: calls, exports: calls, dashboards: calls }))
      .openapi({ description: "Days of the month with calls, UTC." }),
  })
  .openapi("Usage");

const EXAMPLE: z.infer<typeof usageSchema> = {
  plan: "agent",
  subscription: { status: "active", active: true, current_period_end: "2026-06-20T00:00:00.000Z", ends_at: null },
  month: "2026-06",
  calls_this_month: 4_115,
  monthly_calls_limit: 10_000,
  quotas: [
    { kind: "tiles", calls: 10_000_000, per: "month", used: 4_100, resets_at: "2026-07-01T00:00:00.000Z" },
    { kind: "trends", calls: 10_000, per: "month", used: 15, resets_at: "2026-07-01T00:00:00.000Z" },
  ],
  keys: [
    {
      id: "0b5c3e0e-6a0f-4f7b-9a53-3d5f2a1f8d10",
      name: "newsroom",
      prefix: "stratum_4fGh2K",
      created_at: "2026-05-02T09:30:00.000Z",
      last_used_at: "2026-06-02T11:59:58.000Z",
      revoked_at: null,
      calls_this_month: 4_115,
      days: [
        { day: "2026-06-01", kind: "tiles", calls: 4_100 },
        { day: "2026-06-01", kind: "trends", calls: 12 },
        { day: "2026-06-02", kind: "exports", calls: 3 },
      ],
    },
  ],
  days: [
    { day: "2026-06-01", calls: 4_112, tiles: 4_100, trends: 12, exports: 0, dashboards: 0 },
    { day: "2026-06-02", calls: 3, tiles: 0, trends: 0, exports: 3, dashboards: 0 },
  ],
};

const FIRST_MONTH_MS = Date.UTC(2025, 0);

const monthParameter = parameter("A month, UTC; the running one without it.", "2026-06", (text) => {
  const ms = /^\d{4}-(?:0[1-9]|1[0-2])$/.test(text) ? Date.parse(`${text}-01T00:00:00Z`) : Number.NaN;
  return ms >= FIRST_MONTH_MS ? { value: ms } : "must be a month such as 2026-06";
});

const route = createRoute({
  method: "get",
  path: "/api/usage",
  summary: "All API keys of an account, its usage in a month, its quotas, and whether the subscription is active",
  description: "Not counted itself. Calls that other servers answered in the last seconds may be missing.",
  tags: ["accounts"],
  security: [{ [KEY_SCHEME]: [] }],
  request: { query: z.object({ month: monthParameter }) },
  responses: {
    200: { description: "The account.", content: { "application/json": { schema: usageSchema, example: EXAMPLE } } },
    ...relationalAnswers,
    401: problemAnswer("No key and no session, or none that there is."),
    403: problemAnswer("The key is for some kinds of calls alone."),
  },
});

/** Mounts `/api/usage`. */
export function mountUsage(app: App, { clock, log }: AppParts, sql: Sql, { usage }: Accounts): void {
  app.openapi(route, async (c) => {
    const caller = c.get("caller");
    const { month } = c.req.valid("query");
    // What this process answered a moment ago is told; if it cannot be added now, it is soon.
    await usage.flush().catch((error: unknown) => log.debug("usage not added yet", { error }));
    const report = caller && (await readUsage(sql, caller.account.userId, clock.now(), month));
    if (report === undefined) throw new ProblemError(KEY_NEEDED);
    return c.json(toUsageJson(report), 200, { "Cache-Control": "private, no-store" });
  });
}

function toUsageJson(report: UsageReport): z.infer<typeof usageSchema> {
  const { plan, status, active, periodEnd, endsAt, month, monthlyCallsLimit, quotas, keys, days } = report;
  return {
    plan,
    subscription: { status, active, current_period_end: periodEnd, ends_at: endsAt },
    month,
    calls_this_month: report.calls,
    monthly_calls_limit: monthlyCallsLimit,
    quotas: quotas.map(({ resetsAt, ...quota }) => ({ ...quota, resets_at: resetsAt })),
    keys: keys.map((key) => ({
      id: key.id,
      name: key.name,
      prefix: key.prefix,
      created_at: key.createdAt,
      last_used_at: key.lastUsedAt,
      revoked_at: key.revokedAt,
      calls_this_month: key.calls,
      days: [...key.days],
    })),
    days: days.map((day) => ({ ...day, calls: callsOf(day) })),
  };
}
