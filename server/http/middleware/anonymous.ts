import type { Context } from "hono";
import type { AdmittedCall } from "../../accounts/admission.ts";
import { ANONYMOUS } from "../../accounts/plans.ts";
import { quotaFields, spentFields } from "../../accounts/quota-fields.ts";
import { createDailyLimit } from "../../kit/daily-limit.ts";
import { lineOf } from "../../kit/network-address.ts";
import { createRateLimit } from "../../kit/rate-limit.ts";
import type { AppEnv, AppParts } from "../core/app-parts.ts";
import { ProblemError } from "../core/problem.ts";
import { PLAN_NEEDED } from "./api-key.ts";

/** Lets in who has no account, by the address: counted in this process's memory alone. @throws ProblemError 401, 429 */
export type Anonymous = (c: Context<AppEnv>, counts: "trends" | "exports" | "free") => AdmittedCall | undefined;

export function createAnonymous({ clock, settings, clientAddress }: AppParts): Anonymous {
  const { quotas, perMinute: usual } = settings.anonymous ?? ANONYMOUS;
  const perMinute = settings.questionsPerMinute ?? usual;
  const minutes = createRateLimit({ clock, perMinute });
  const days = { trends: createDailyLimit(clock), exports: createDailyLimit(clock) };

  return (c, counts) => {
    const client = lineOf(clientAddress(c) ?? "");
    const quota = counts === "free" ? null : quotas[counts];
    if (quota?.calls === 0) throw new ProblemError(PLAN_NEEDED);
    const waitSeconds = minutes.take(client);
    if (waitSeconds > 0) {
      const detail = `At most ${perMinute} questions a minute are answered to one address.`;
      throw new ProblemError({ status: 429, detail, headers: { "Retry-After": `${waitSeconds}` } });
    }
    if (counts === "free" || quota === null) return undefined;
    const day = days[counts];
    const told = { name: counts, quota };
    const resetsAtMs = day.endsAtMs();
    const left = day.take(client, quota.calls);
    if (left === undefined) {
      throw new ProblemError({
        status: 429,
        kind: "daily-limit",
        detail: `The ${quota.calls} questions of today (UTC) that an address may ask without a plan are used up: /api/plans tells what plans give.`,
        headers: {
          ...spentFields(told, { resetsAtMs }, clock.now()),
          "Retry-After": `${Math.ceil((resetsAtMs - clock.now()) / 1000)}`,
        },
      });
    }
    return {
      headers: quotaFields(told, { left, resetsAtMs }, clock.now()),
      answered: () => {},
      failed: () => day.giveBack(client),
      more: async () => true,
    };
  };
}
