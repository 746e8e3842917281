import type { MiddlewareHandler } from "hono";
import { READ_UNITS_PER_MINUTE, TIMES_OF_ACCOUNT } from "../../accounts/limits.ts";
import { lineOf } from "../../kit/network-address.ts";
import { createRateLimit } from "../../kit/rate-limit.ts";
import { createTurns } from "../../kit/turns.ts";
import type { App, AppEnv, AppParts } from "../core/app-parts.ts";
import { ProblemError, problemAnswer } from "../core/problem.ts";
import { READ_ROUTES, READ_TURNS, type ReadRoute, UNITS_TO_BEGIN } from "../core/route-limits.ts";

export const BUDGET_SPENT = problemAnswer(
  "This client read too much in the last minute, or has too much under way; Retry-After says when.",
);

/**
 * Before routes whose reading costs: a client has so many read units a minute. A request takes some when it begins, so that many at once do not all slip
 * in, and what it really read is settled as it reads, up to the most of its route. Routes that PostgreSQL answers have limits of their own.
 */
export function mountReadBudget(app: App, parts: AppParts): void {
  if (parts.meter === undefined) return;
  const limit = createReadLimit(parts, parts.meter);
  const takeTurns = createReadTurns(parts);
  for (const route of READ_ROUTES) {
    app.use(route.path, limit(route));
    // A turn that was not given back would be lost with a Worker's request; and isolates are many.
    if (route.inTurns && parts.besideAnswers === undefined) app.use(route.path, takeTurns);
  }
}

function createReadLimit({ clock, clientAddress, settings }: AppParts, meter: NonNullable<AppParts["meter"]>) {
  const ofLine = settings.readUnitsPerMinute ?? READ_UNITS_PER_MINUTE;
  const ofLines = createRateLimit({ clock, perMinute: ofLine });
  const ofAccounts = createRateLimit({ clock, perMinute: ofLine * TIMES_OF_ACCOUNT });

  return ({ least, most }: ReadRoute): MiddlewareHandler<AppEnv> =>
    async function readBudget(c, next) {
      const address = clientAddress(c);
      // Nobody: a gateway in front asks for what it keeps for all.
      if (address === undefined || c.req.method === "POST") return next();
      const account = c.get("caller")?.account.userId;
      const { client, budget, perMinute } =
        account === undefined
          ? { client: lineOf(address), budget: ofLines, perMinute: ofLine }
          : { client: account, budget: ofAccounts, perMinute: ofLine * TIMES_OF_ACCOUNT };
      const begun = Math.max(least, UNITS_TO_BEGIN);
      const waitSeconds = budget.take(client, begun);
      if (waitSeconds > 0) {
        throw tooMuch(
          `One client may read ${perMinute} read units a minute; what is in memory costs few or none.`,
          waitSeconds,
        );
      }
      // What costs more is our own fault, such as a store that nobody has compacted.
      const mostUnits = most * (c.req.param("layers")?.split(",").length ?? 1);
      let paid = 0;
      const spend = (units: number) => {
        const counted = Math.min(units, mostUnits - paid);
        paid += counted;
        budget.spend(client, counted);
      };
      try {
        await meter.run(spend, next);
      } finally {
        spend(Math.max(0, least - paid));
        budget.spend(client, -begun);
      }
    };
}

function createReadTurns({ clientAddress }: AppParts): MiddlewareHandler<AppEnv> {
  const turns = createTurns(READ_TURNS);
  return async function readTurns(c, next) {
    if (c.req.method === "POST") return next();
    const turn = turns.take(lineOf(clientAddress(c) ?? ""));
    if (turn === undefined) throw tooMuch("As many requests of this client wait as may; it has some under way.", 1);
    const end = await turn;
    try {
      await next();
    } finally {
      end();
    }
  };
}

const tooMuch = (detail: string, waitSeconds: number) =>
  new ProblemError({ status: 429, kind: "read-budget", detail, headers: { "Retry-After": `${waitSeconds}` } });
