import { createRoute, z } from "@hono/zod-openapi";
import { lineOf } from "../../kit/network-address.ts";
import { createRateLimit } from "../../kit/rate-limit.ts";
import { FLAG_REASONS, flagReport } from "../../reports/flag-report.ts";
import type { App, AppParts } from "../core/app-parts.ts";
import { fieldErrors, invalidRequest, ProblemError, problemAnswer, unexpectedAnswer } from "../core/problem.ts";
import { createProofGate, PROOF_WANTED, proofHeaderSchema } from "../middleware/proof-wanted.ts";
import { hasBody, readJsonBody } from "../schemas/json-body.ts";
import { reportIdSchema } from "../schemas/report-query.ts";

const MAX_BODY_BYTES = 1024;

const bodySchema = z
  .strictObject(
    { reason: z.enum(FLAG_REASONS, { error: `must be one of ${FLAG_REASONS.join(", ")}` }).optional() },
    { error: (issue) => (issue.code === "unrecognized_keys" ? "is not a field of a flag" : "must be a JSON object") },
  )
  .openapi("NewFlag");

const flagSchema = z
  .object({
    id: z.string(),
    hidden: z.boolean(),
    flags_needed: z.int().min(0).openapi({ description: "Flags of other networks that would hide it." }),
    reviewed: z
      .literal(true)
      .optional()
      .openapi({ description: "A moderator has said that it stays: no flag hides it." }),
  })
  .openapi("Flag");

const content = { "application/json": { schema: flagSchema } };

const flag = createRoute({
  method: "post",
  path: "/api/reports/{id}/flag",
  summary: "Flag a report that should not be there",
  description:
    "Counts once for each network: a /24 of IPv4, a /48 of IPv6. Enough flags hide the report from every tile, list and count, until a moderator has looked at it; what a moderator left or brought back, no flag hides. Flags of a network whose flags moderators found unfounded lately weigh less. The network is only kept as a salted hash, and forgotten with the report.",
  tags: ["reports"],
  request: {
    params: z.object({ id: reportIdSchema }),
    headers: z.object({ "proof-of-work": proofHeaderSchema }),
    body: { required: false, content: { "application/json": { schema: bodySchema } } },
  },
  responses: {
    200: { description: "The report is hidden.", content },
    202: { description: "Counted, or counted before.", content },
    400: problemAnswer("Not a report id, or not a reason."),
    404: problemAnswer("There is no such report, or it has expired or is hidden."),
    413: problemAnswer(`The body has more than ${MAX_BODY_BYTES} bytes.`),
    415: problemAnswer("The body is not application/json, or is encoded."),
    429: problemAnswer(`${PROOF_WANTED} Also when the network has used up its flags of the day (UTC).`),
    ...unexpectedAnswer,
    503: problemAnswer("The store does not answer. Retry-After says when."),
  },
});

/** Mounts `/api/reports/:id/flag`. */
export function mountFlags(app: App, parts: AppParts): void {
  const { clock, store, settings } = parts;
  const rateLimit = createRateLimit({ clock, perMinute: settings.flagsPerMinute });
  const requireProof = createProofGate(parts, settings.flagsPerMinute / 2);
  const { moderation } = parts;
  const flagging = { store, moderation, flagsToHide: settings.flagsToHide };

  app.openAPIRegistry.registerPath(flag);
  app.post(flag.getRoutingPath(), async (c) => {
    const id = reportIdSchema.safeParse(c.req.param("id"));
    if (!id.success) throw new ProblemError(invalidRequest([{ field: "id", message: "is not a report id" }]));
    const body = bodySchema.safeParse(hasBody(c.req.raw) ? await readJsonBody(c, MAX_BODY_BYTES) : {});
    if (!body.success) throw new ProblemError(invalidRequest(fieldErrors(body.error)));
    const address = parts.clientAddress(c) ?? "";
    const waitSeconds = rateLimit.take(lineOf(address));
    if (waitSeconds > 0) {
      const detail = `At most ${settings.flagsPerMinute} flags a minute are taken from one address.`;
      throw new ProblemError({ status: 429, detail, headers: { "Retry-After": `${waitSeconds}` } });
    }
    await requireProof(c, address, body.data);
    const { reason } = body.data;
    const outcome = await flagReport(flagging, { id: id.data, address, ...(reason && { reason }) });
    if (outcome === undefined) {
      const detail = "There is no such report, or it has expired or is hidden.";
      throw new ProblemError({ status: 404, detail });
    }
    if (outcome.waitSeconds !== undefined) {
      const detail = `At most ${moderation.flagBudget.perDay} flags a day (UTC) count of one network.`;
      throw new ProblemError({ status: 429, detail, headers: { "Retry-After": `${outcome.waitSeconds}` } });
    }
    const { needed, isDecided } = outcome;
    const reviewed = isDecided && { reviewed: isDecided };
    const document = { id: id.data, hidden: needed === 0, flags_needed: needed, ...reviewed };
    return c.json(document, needed === 0 ? 200 : 202, { "Cache-Control": "no-store" });
  });
}
