import type { MiddlewareHandler } from "hono";
import { READ_UNITS_PER_MINUTE } from "../../accounts/limits.ts";
import { lineOf } from "../../kit/network-address.ts";
import { createRateLimit } from "../../kit/rate-limit.ts";
import type { App, AppEnv, AppParts } from "../core/app-parts.ts";
import { ProblemError, problemAnswer } from "../core/problem.ts";
import { READ_ROUTES, type ReadRoute } from "../core/route-limits.ts";

export const BUDGET_SPENT = problemAnswer("This client read too much in the last minute; Retry-After says when.");

/**
 * Before routes whose reading costs: a client has so many read units a minute. A request takes what its route usually costs when it begins, so that
 * many at once do not all slip in, and what it really read is settled as it reads, up to the most of its route: what is in memory is free. Routes that PostgreSQL answers have
 * limits of their own.
 */
export function mountReadBudget(app: App, parts: AppParts): void {
  if (parts.meter === undefined) return;
  const limit = createReadLimit(parts, parts.meter);
  for (const route of READ_ROUTES) app.use(route.path, limit(route));
}

function createReadLimit({ clock, clientAddress, settings }: AppParts, meter: NonNullable<AppParts["meter"]>) {
  const perMinute = settings.readUnitsPerMinute ?? READ_UNITS_PER_MINUTE;
  const budget = createRateLimit({ clock, perMinute });

  return ({ usual, most }: ReadRoute): MiddlewareHandler<AppEnv> =>
    async function readBudget(c, next) {
      const address = clientAddress(c);
      // Nobody: a gateway in front asks for what it keeps for all.
      if (address === undefined || c.req.method === "POST") return next();
      const client = lineOf(address);
      const waitSeconds = budget.take(client, usual);
      if (waitSeconds > 0) {
        const detail = `One client may read ${perMinute} read units a minute; what is in memory costs none.`;
        const headers = { "Retry-After": `${waitSeconds}` };
        throw new ProblemError({ status: 429, kind: "read-budget", detail, headers });
      }
      // What costs more is our own fault, such as a store that nobody has compacted.
      let left = most * (c.req.param("layers")?.split(",").length ?? 1);
      const spend = (units: number) => {
        const paid = Math.min(units, left);
        left -= paid;
        budget.spend(client, paid);
      };
      try {
        await meter.run(spend, next);
      } finally {
        budget.spend(client, -usual);
      }
    };
}
