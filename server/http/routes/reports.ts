import { createRoute, z } from "@hono/zod-openapi";
import type { Context } from "hono";
import { boundsOfBox } from "../../../tiles/areas/area.ts";
import type { Bounds } from "../../../tiles/geo/geohash.ts";
import { REPORT_LAYERS } from "../../../tiles/layers.ts";
import type { Report } from "../../../tiles/report.ts";
import { lineOf } from "../../kit/network-address.ts";
import { createRateLimit, type RateLimit } from "../../kit/rate-limit.ts";
import { StoreUnavailableError } from "../../ports/report-store.ts";
import type { Area } from "../../reports/area-reports.ts";
import { createReport, type WatchedReport } from "../../reports/create-report.ts";
import { countLogCells, listReports } from "../../reports/list-reports.ts";
import { createProfanityMask, type MaskedText } from "../../reports/profanity.ts";
import { regionOfArea } from "../../reports/region-of-area.ts";
import { categoryFault, draftOfBody, idempotencyKeySchema, reportBodySchema } from "../../reports/report-body.ts";
import { createReporters, type Reporters } from "../../reports/reporters.ts";
import type { App, AppEnv, AppParts } from "../core/app-parts.ts";
import { fieldErrors, invalidRequest, ProblemError, problemAnswer, unexpectedAnswer } from "../core/problem.ts";
import { askedPath, publicPath } from "../core/public-address.ts";
import { OPTIONAL_KEY } from "../middleware/api-key.ts";
import { createFloodGate, type FloodGate } from "../middleware/flood-gate.ts";
import type { FindOwnArea, FoundOwnArea } from "../middleware/own-area.ts";
import { createProofGate, PROOF_WANTED, type ProofGate, proofHeaderSchema } from "../middleware/proof-wanted.ts";
import { BUDGET_SPENT } from "../middleware/read-budget.ts";
import { foundAreaOf } from "../schemas/found-area.ts";
import { readJsonBody } from "../schemas/json-body.ts";
import { nextLink } from "../schemas/next-link.ts";
import {
  createdReportSchema,
  reportPageSchema,
  reportSchema,
  toReportJson,
  toReportPageJson,
} from "../schemas/report-json.ts";
import { reportIdSchema, reportQuerySchema, resolveInstant } from "../schemas/report-query.ts";
import { requireSmallBox } from "../schemas/small-box.ts";

const MAX_BODY_BYTES = 16 * 1024;

const tags = ["reports"];

const create = createRoute({
  method: "post",
  path: "/api/reports",
  summary: "Report something",
  tags,
  request: {
    headers: z.object({ "idempotency-key": idempotencyKeySchema.optional(), "proof-of-work": proofHeaderSchema }),
    body: { required: true, content: { "application/json": { schema: reportBodySchema } } },
  },
  responses: {
    201: {
      description:
        "Stored. `Idempotency-Replayed: true` when an earlier request with this key had stored it. With `held` it is shown once a moderator has seen it.",
      headers: z.object({ Location: z.string(), "Idempotency-Replayed": z.literal("true").optional() }),
      content: { "application/json": { schema: createdReportSchema } },
    },
    400: problemAnswer("Not a valid report; `errors` names every wrong field, and the categories of the layer."),
    413: problemAnswer(`The body has more than ${MAX_BODY_BYTES} bytes.`),
    415: problemAnswer("The body is not application/json, or is encoded."),
    422: problemAnswer("The Idempotency-Key was used for another report."),
    429: problemAnswer(PROOF_WANTED),
    ...unexpectedAnswer,
    503: problemAnswer("The store does not answer; the report may be stored or not. Retry-After says when."),
  },
});

const list = createRoute({
  method: "get",
  path: "/api/reports",
  summary: "Reports of a box, or of an area, newest first",
  description: "An area of an account is known to its owner alone, by key or session.",
  tags,
  security: OPTIONAL_KEY,
  request: { query: reportQuerySchema },
  responses: {
    200: {
      description: "A page; the header Link: rel=next leads to the next.",
      content: { "application/geo+json": { schema: reportPageSchema } },
    },
    400: problemAnswer("A parameter is wrong, or the box is too large; `errors` says the limit."),
    401: problemAnswer("An own area was asked for with a key that there is not."),
    403: problemAnswer("The area is beyond what the account's plan gives."),
    429: BUDGET_SPENT,
    ...unexpectedAnswer,
    503: problemAnswer("The store does not answer."),
  },
});

const read = createRoute({
  method: "get",
  path: "/api/reports/{id}",
  summary: "One report",
  tags,
  request: { params: z.object({ id: reportIdSchema }) },
  responses: {
    200: { description: "The report.", content: { "application/json": { schema: reportSchema } } },
    400: problemAnswer("Not a report id."),
    404: problemAnswer("There is no such report, or it has expired or is hidden."),
    429: BUDGET_SPENT,
    ...unexpectedAnswer,
    503: problemAnswer("The store does not answer."),
  },
});

/** Mounts `/api/reports` and what is under it. */
export function mountReports(app: App, parts: AppParts, findOwn: FindOwnArea): void {
  const { clock, pyramid, settings, store } = parts;
  const rateLimit = createRateLimit({ clock, perMinute: settings.reportsPerMinute });
  const reporters = createReporters(store);
  // A fifth of what is taken at all: no resident comes near it.
  const requireProof = createProofGate(parts, settings.reportsPerMinute / 5);
  const watchFlood = createFloodGate(parts);
  const maskText = settings.maskProfanity === false ? asItIs : createProfanityMask();

  app.openAPIRegistry.registerPath(create);
  app.post(create.getRoutingPath(), (c) =>
    respondCreate(c, { ...parts, rateLimit, reporters, maskText, requireProof, watchFlood }),
  );

  app.openapi(list, async (c) => {
    const { bbox, area, layer = REPORT_LAYERS, since, limit, cursor } = c.req.valid("query");
    const own = area === undefined ? undefined : await findOwn(c, area);
    const place = await placeOf({ bbox, area, own }, parts);
    const fromMs = since && resolveInstant(since, clock.now());
    const query = {
      ...place,
      layers: layer,
      limit,
      ...(fromMs !== undefined && { fromMs }),
      ...(cursor && { cursor }),
    };
    const page = await listReports({ store, pyramid, clock }, query);
    const link = nextLink(askedPath(c), page.nextCursor, { since: fromMs });
    return c.json(toReportPageJson(page), 200, {
      "Content-Type": "application/geo+json",
      "Cache-Control": own === undefined ? "no-cache" : "private, no-store",
      ...link,
    });
  });

  app.openapi(read, async (c) => {
    const report = await store.get(c.req.valid("param").id);
    if (report === undefined)
      throw new ProblemError({ status: 404, detail: "There is no such report, or it has expired or is hidden." });
    return c.json(toReportJson(report), 200, { "Cache-Control": "no-cache" });
  });
}

/** The box or the area that is asked for. @throws ProblemError 400 when it is neither, or too large */
async function placeOf(
  {
    bbox,
    area,
    own,
  }: {
    readonly bbox?: Bounds | undefined;
    readonly area?: string | undefined;
    readonly own: FoundOwnArea | undefined;
  },
  { areas, settings }: AppParts,
): Promise<{ readonly bounds: Bounds } | { readonly region: Area }> {
  if (area === undefined) {
    if (bbox === undefined) throw new ProblemError(invalidRequest([{ field: "bbox", message: "is missing" }]));
    requireSmallBox(countLogCells(bbox), settings.queryCells, "bbox");
    return { bounds: bbox };
  }
  const found = own ?? (await foundAreaOf(areas, area, { bbox }));
  requireSmallBox(countLogCells(boundsOfBox(found.area.box)), settings.queryCells, "area");
  return { region: await regionOfArea(found.shapes, found) };
}

interface CreateParts extends AppParts {
  readonly rateLimit: RateLimit;
  readonly reporters: Reporters;
  readonly requireProof: ProofGate;
  readonly watchFlood: FloodGate;
  maskText(text: string): MaskedText;
}

const asItIs = (text: string): MaskedText => ({ text, isMasked: false });

async function respondCreate(c: Context<AppEnv>, parts: CreateParts): Promise<Response> {
  const json = await readJsonBody(c, MAX_BODY_BYTES);
  const body = reportBodySchema.safeParse(json);
  const key = idempotencyKeySchema.optional().safeParse(c.req.header("Idempotency-Key"));
  const misplaced = categoryFault(json);
  if (!body.success || !key.success || misplaced !== undefined) {
    const errors = body.error ? fieldErrors(body.error) : [];
    if (misplaced !== undefined) errors.push({ field: "category", message: misplaced });
    for (const { message } of key.error?.issues ?? []) errors.push({ field: "Idempotency-Key", message });
    throw new ProblemError(invalidRequest(errors));
  }
  const address = parts.clientAddress(c) ?? "";
  const waitSeconds = parts.rateLimit.take(lineOf(address));
  if (waitSeconds > 0) {
    const detail = `At most ${parts.settings.reportsPerMinute} reports a minute are taken from one address.`;
    throw new ProblemError({ status: 429, detail, headers: { "Retry-After": `${waitSeconds}` } });
  }
  await parts.requireProof(c, address, json);
  const sent = draftOfBody(body.data);
  const reporting = {
    ...parts,
    watch: () => parts.watchFlood(c, address, sent),
    reporterOf: (report: Report, { isCrowd }: WatchedReport) => parts.reporters.bucketOf(address, report, isCrowd),
  };
  const { text, isMasked } = parts.maskText(sent.text ?? "");
  const created = await createReport(
    reporting,
    isMasked ? { ...sent, text } : sent,
    scopedKey(key.data, address),
  ).catch((error: unknown) => {
    throw error instanceof StoreUnavailableError ? notKnownToBeStored(error, key.data) : error;
  });
  if (created.outcome === "key-taken") {
    const detail = "This Idempotency-Key was used for another report.";
    throw new ProblemError({ status: 422, kind: "idempotency-key-taken", detail });
  }
  const told = { ...(isMasked && { text_masked: true }), ...(created.outcome === "held" && { held: true }) };
  return c.json({ ...toReportJson(created.report), ...told }, 201, {
    Location: publicPath(c, `/api/reports/${created.report.id}`),
    "Cache-Control": "no-store",
    ...(created.outcome === "replayed" && { "Idempotency-Replayed": "true" }),
  });
}

/** Keys that two clients may well choose alike hold for one client's network each. */
const MIN_UNIQUE_KEY = 16;

/** A key of at least so many characters is taken for unique; it holds for whoever sends it, wherever the client is by then. */
function scopedKey(key: string | undefined, address: string): string | undefined {
  return key === undefined || key.length >= MIN_UNIQUE_KEY ? key : `${lineOf(address)} ${key}`;
}

/** The answer for a report that may be stored: nobody is told that it is not. */
function notKnownToBeStored(cause: StoreUnavailableError, key: string | undefined): StoreUnavailableError {
  const advice =
    key === undefined
      ? "With an Idempotency-Key it could be sent again without being stored twice."
      : "Send it again with the same Idempotency-Key: it is stored once.";
  return new StoreUnavailableError(cause.message, {
    cause,
    detail: `The report store did not answer, so it is not known whether this report was stored. ${advice}`,
  });
}
