import { createRoute, z } from "@hono/zod-openapi";
import type { Context } from "hono";
import type { Ruling } from "../../moderation/moderation.ts";
import type { App, AppEnv, AppParts } from "../core/app-parts.ts";
import { fieldErrors, invalidRequest, ProblemError, problemAnswer } from "../core/problem.ts";
import { KEY_SCHEME } from "../middleware/api-key.ts";
import { moderationAnswers, moderatorOf, requireModerator } from "../middleware/moderators.ts";
import { hasBody, readJsonBody } from "../schemas/json-body.ts";
import { caseSchema, toCaseJson } from "../schemas/moderation-json.ts";
import { reportIdSchema } from "../schemas/report-query.ts";

const MAX_BODY_BYTES = 4096;
const MAX_REASON = 280;

const reasonSchema = z
  .string("must be a text")
  .trim()
  .max(MAX_REASON, `must have at most ${MAX_REASON} characters`)
  .refine((text) => text.isWellFormed(), "must be well-formed Unicode")
  .refine((text) => !/\p{Cc}/u.test(text), "must not have control characters");

const bodySchema = z
  .strictObject(
    { reason: reasonSchema.optional() },
    {
      error: (issue) => (issue.code === "unrecognized_keys" ? "is not a field of a decision" : "must be a JSON object"),
    },
  )
  .openapi("NewDecision");

const RULINGS = {
  hide: "Hides a report from every tile, list, card and score",
  restore: "Shows a report again, and no flag hides it any more",
  dismiss: "The same, and says that its flags were unfounded: others of their networks weigh less for 30 days",
  undo: "Takes back the last decision of a moderator on a report that was not taken back",
} as const satisfies Readonly<Record<Ruling["action"], string>>;

const routeOf = (action: Ruling["action"]) =>
  createRoute({
    method: "post",
    path: `/api/moderation/{id}/${action}`,
    summary: RULINGS[action],
    description: "Logged with who decided, and can be undone. Everybody sees it within a minute.",
    tags: ["moderation"],
    security: [{ [KEY_SCHEME]: [] }],
    request: {
      params: z.object({ id: reportIdSchema }),
      body: { required: false, content: { "application/json": { schema: bodySchema } } },
    },
    responses: {
      200: { description: "The report's case.", content: { "application/json": { schema: caseSchema } } },
      ...moderationAnswers,
      404: problemAnswer("There is no such report, or it has expired or was removed."),
      409: problemAnswer("There is no decision to take back."),
      413: problemAnswer(`The body has more than ${MAX_BODY_BYTES} bytes.`),
      415: problemAnswer("The body is not application/json, or is encoded."),
    },
  });

/** Mounts what moderators decide. */
export function mountRulings(app: App, parts: AppParts): void {
  for (const action of Object.keys(RULINGS) as Ruling["action"][]) {
    const route = routeOf(action);
    app.openAPIRegistry.registerPath(route);
    app.post(route.getRoutingPath(), (c) => respondRuling(c, parts, action));
  }
}

async function respondRuling(
  c: Context<AppEnv>,
  { moderation }: AppParts,
  action: Ruling["action"],
): Promise<Response> {
  const account = moderatorOf(c);
  const id = reportIdSchema.safeParse(c.req.param("id"));
  if (!id.success) throw new ProblemError(invalidRequest([{ field: "id", message: "is not a report id" }]));
  const body = bodySchema.safeParse(hasBody(c.req.raw) ? await readJsonBody(c, MAX_BODY_BYTES) : {});
  if (!body.success) throw new ProblemError(invalidRequest(fieldErrors(body.error)));
  const subject = await moderation.find(id.data);
  // What nobody knows of may have been hidden before there were cases: operators alone may bring it back.
  requireModerator(c, "decide", subject?.city);
  const reason = body.data.reason || undefined;
  const ruled = await moderation.rule(id.data, { action, by: account.email, reason });
  if (ruled === undefined) {
    throw new ProblemError({ status: 404, detail: "There is no such report, or it has expired or was removed." });
  }
  if (ruled === "nothing-to-undo") {
    throw new ProblemError({ status: 409, kind: "nothing-to-undo", detail: "There is no decision to take back." });
  }
  return c.json(toCaseJson(ruled), 200, { "Cache-Control": "private, no-store" });
}
