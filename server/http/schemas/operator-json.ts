import { z } from "@hono/zod-openapi";
import type { ListedAccount } from "../../accounts/account-list.ts";
import { PLANS, STATUSES } from "../../accounts/subscription.ts";

const time = z.iso.datetime();
const calls = z.int().min(0);

export const accountSchema = z
  .object({
    id: z.uuid(),
    email: z.string(),
    is_operator: z.boolean(),
    plan: z.enum(PLANS),
    status: z.enum(STATUSES).nullable().openapi({ description: "As Stripe names it; null without a subscription." }),
    active: z.boolean(),
    ends_at: time.nullable(),
    billed: z.boolean().openapi({ description: "Whether it is paid for at Stripe, and not given by an operator." }),
    calls_this_month: calls.openapi({ description: "All kinds together." }),
    calls_by_kind: z.record(z.string(), calls),
    created_at: time,
    keys: z
      .array(
        z.object({
          id: z.uuid(),
          name: z.string(),
          prefix: z.string().openapi({ description: "The key's first characters." }),
          created_at: time,
          last_used_at: time.nullable(),
          revoked_at: time.nullable(),
          calls_this_month: calls,
        }),
      )
      .openapi({ description: "In the order in which they were made; revoked ones, too." }),
  })
  .openapi("OperatorAccount");

export function toAccountJson(account: ListedAccount): z.infer<typeof accountSchema> {
  const { id, email, plan, status, active, keys } = account;
  return {
    id,
    email,
    is_operator: account.isOperator,
    plan,
    status,
    active,
    ends_at: account.endsAt?.toISOString() ?? null,
    billed: account.isBilled,
    calls_this_month: account.calls,
    calls_by_kind: { ...account.callsByKind },
    created_at: account.createdAt.toISOString(),
    keys: keys.map((key) => ({
      id: key.id,
      name: key.name,
      prefix: key.prefix,
      created_at: key.createdAt,
      last_used_at: key.lastUsedAt,
      revoked_at: key.revokedAt,
      calls_this_month: key.calls,
    })),
  };
}

/** What an operator changes of a subscription. */
export const subscriptionChangeSchema = z
  .strictObject(
    {
      plan: z.enum(PLANS, `must be one of ${PLANS.join(", ")}`).optional(),
      status: z.enum(STATUSES, `must be one of ${STATUSES.join(", ")}`).optional(),
    },
    {
      error: (issue) => (issue.code === "unrecognized_keys" ? "is not a field of a change" : "must be a JSON object"),
    },
  )
  .refine(({ plan, status }) => plan !== undefined || status !== undefined, "must have plan or status")
  .openapi("SubscriptionChange");
