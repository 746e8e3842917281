import { createRoute, z } from "@hono/zod-openapi";
import { formatDay } from "../../kit/utc-time.ts";
import { readScoreCard } from "../../scores/score-card.ts";
import { createScoreHistory } from "../../scores/score-history.ts";
import type { App, AppParts } from "../core/app-parts.ts";
import { problemAnswer, unexpectedAnswer } from "../core/problem.ts";
import { BUDGET_SPENT } from "../middleware/read-budget.ts";
import { CARD_EXAMPLE, cardSchema, toCardJson } from "../schemas/score-card-json.ts";

const geohashSchema = z
  .string()
  .regex(/^[0-9b-hjkmnp-z]{4,7}$/, "must be a geohash of 4 to 7 characters, in lower case")
  .openapi({ example: "9q8yyk" });

const route = createRoute({
  method: "get",
  path: "/api/neighborhood/{geohash}",
  summary: "The score card of a neighbourhood or a larger cell",
  tags: ["scores"],
  request: { params: z.object({ geohash: geohashSchema }) },
  responses: {
    200: {
      description: "The card, also where nothing was reported.",
      content: { "application/json": { schema: cardSchema, example: CARD_EXAMPLE } },
    },
    400: problemAnswer("Not a geohash of 4 to 7 characters."),
    429: BUDGET_SPENT,
    ...unexpectedAnswer,
    503: problemAnswer("The report store does not answer."),
  },
});

/** Mounts `/api/neighborhood/:geohash`. */
export function mountNeighborhood(app: App, { store, pyramid, clock, log, sql }: AppParts): void {
  const history = sql && createScoreHistory({ sql, clock });
  const options = { store, pyramid, clock, log, ...(history !== undefined && { history }) };
  app.openapi(route, async (c) => {
    const geohash = c.req.valid("param").geohash.slice(0, 6);
    const card = await readScoreCard(options, geohash);
    return c.json(toCardJson(geohash, card, formatDay(clock.now())), 200, { "Cache-Control": "no-cache" });
  });
}
