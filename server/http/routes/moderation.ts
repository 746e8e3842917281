import { createRoute, z } from "@hono/zod-openapi";
import type { Context } from "hono";
import { QUEUE_STATES } from "../../moderation/case.ts";
import type { Task } from "../../moderation/may-moderate.ts";
import type { App, AppEnv, AppParts } from "../core/app-parts.ts";
import { invalidRequest, ProblemError } from "../core/problem.ts";
import { askedPath } from "../core/public-address.ts";
import { KEY_SCHEME } from "../middleware/api-key.ts";
import { moderationAnswers, moderatorOf, requireModerator } from "../middleware/moderators.ts";
import { choiceParameter, numberParameter, parameter, slugParameter } from "../schemas/filter-query.ts";
import { moderationLogSchema, queueSchema, toLogJson, toQueueJson } from "../schemas/moderation-json.ts";
import { nextLink } from "../schemas/next-link.ts";
import { mountRulings } from "./moderation-rulings.ts";

const paging = {
  city: slugParameter("Id of a city: only what lies in it. Without it everything, for operators.", "san-francisco"),
  limit: numberParameter("Most that are told at once.", { min: 1, max: 100, fallback: 50 }),
};

const cursorParameter = (shape: RegExp) =>
  parameter("`next_cursor` of the page before.", "", (text) =>
    shape.test(text) ? { value: text } : "is none of this list",
  );

const tags = ["moderation"];

const queue = createRoute({
  method: "get",
  path: "/api/moderation/queue",
  summary: "Reports that wait for a moderator, or were moderated",
  description: "For operators, and for accounts that an operator bound to a city.",
  tags,
  security: [{ [KEY_SCHEME]: [] }],
  request: {
    query: z.object({
      ...paging,
      state: choiceParameter("Cases in this state.", QUEUE_STATES, "held"),
      cursor: cursorParameter(/^[0-9b-hjkmnp-z]{25}$/),
    }),
  },
  responses: {
    200: { description: "A page.", content: { "application/json": { schema: queueSchema } } },
    ...moderationAnswers,
  },
});

const log = createRoute({
  method: "get",
  path: "/api/moderation/log",
  summary: "What was decided on reports, by whom and when",
  description: "For a year. For operators, and for accounts that an operator bound to a city.",
  tags,
  security: [{ [KEY_SCHEME]: [] }],
  request: {
    query: z.object({ ...paging, cursor: cursorParameter(/^[0-9b-hjkmnp-z]{10}#[0-9b-hjkmnp-z]{25}#\d{1,6}$/) }),
  },
  responses: {
    200: { description: "A page.", content: { "application/json": { schema: moderationLogSchema } } },
    ...moderationAnswers,
  },
});

/** Mounts `/api/moderation`. */
export function mountModeration(app: App, parts: AppParts): void {
  const { moderation } = parts;
  app.openapi(queue, async (c) => {
    const { state, limit, cursor, city: asked } = c.req.valid("query");
    const page = await moderation.list({ ...cityFor(c, "look", asked), state }, { limit, cursor });
    const headers = { "Cache-Control": "private, no-store", ...nextLink(askedPath(c), page.nextCursor, {}) };
    return c.json(toQueueJson(page), 200, headers);
  });

  app.openapi(log, async (c) => {
    const { limit, cursor, city: asked } = c.req.valid("query");
    const page = await moderation.log(cityFor(c, "look", asked), { limit, cursor });
    const headers = { "Cache-Control": "private, no-store", ...nextLink(askedPath(c), page.nextCursor, {}) };
    return c.json(toLogJson(page), 200, headers);
  });

  mountRulings(app, parts);
}

/** The city of a list: of an account that moderates one alone, that one. */
function cityFor(c: Context<AppEnv>, task: Task, asked: string | undefined): { readonly city?: string } {
  const { isOperator, cities } = moderatorOf(c);
  const [only, another] = isOperator ? [] : cities;
  const city = asked ?? (another === undefined ? only : undefined);
  if (city === undefined && another !== undefined) {
    throw new ProblemError(invalidRequest([{ field: "city", message: `must be one of ${cities.join(", ")}` }]));
  }
  requireModerator(c, task, city);
  return city === undefined ? {} : { city };
}
