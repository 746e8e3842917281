import { createRoute, z } from "@hono/zod-openapi";
import type { Context } from "hono";
import { type ClusterIdParts, parseClusterId } from "../../../tiles/cluster/cluster-id.ts";
import { membersOf } from "../../../tiles/cluster/cluster-members.ts";
import { DEFAULT_WINDOW, REPORT_LAYERS, type TimeWindow } from "../../../tiles/layers.ts";
import { newestOfCluster } from "../../clusters/cluster-reports.ts";
import { expansionOf } from "../../clusters/expansion.ts";
import { type ClusterSource, type FoundCluster, findCluster } from "../../clusters/find-cluster.ts";
import { entityTag } from "../../kit/entity-tag.ts";
import { timeOfZoom } from "../../pyramid/coarse-time.ts";
import { TooWideError } from "../../reports/find-newest.ts";
import { namesTag } from "../../serving/content-encoding.ts";
import type { App, AppEnv, AppParts } from "../core/app-parts.ts";
import { invalidRequest, ProblemError, problemAnswer, unexpectedAnswer } from "../core/problem.ts";
import { askedPath } from "../core/public-address.ts";
import { BUDGET_SPENT } from "../middleware/read-budget.ts";
import { clusterSchema, toClusterJson } from "../schemas/cluster-json.ts";
import { nextLink } from "../schemas/next-link.ts";
import { reportPageSchema, toReportPageJson } from "../schemas/report-json.ts";
import { clusterQuerySchema, clusterReportsQuerySchema } from "../schemas/report-query.ts";

const tags = ["clusters"];

const idSchema = z
  .string()
  .max(64)
  .transform((text, ctx): ClusterIdParts => {
    const id = parseClusterId(text);
    if (id !== undefined) return id;
    ctx.addIssue({ code: "custom", message: "must be the id of a cluster in a tile" });
    return z.NEVER;
  })
  .openapi({ type: "string", example: "safety.11.9q8yyk8", description: "The `id` of a cluster in a tile." });

const params = z.object({ id: idSchema });

const problems = {
  304: { description: "The answer is what If-None-Match names." },
  404: problemAnswer("Nothing is left where the cluster started: read its tile again."),
  429: BUDGET_SPENT,
  ...unexpectedAnswer,
  503: problemAnswer("The report store does not answer."),
};

const read = createRoute({
  method: "get",
  path: "/api/clusters/{id}",
  summary: "A cluster of a tile, and the zoom at which it splits",
  description:
    "Answers what tiles of the id's zoom now show where the cluster started: after other reports came or went, `id` and what is in it may be others.",
  tags,
  request: { params, query: clusterQuerySchema },
  responses: {
    200: { description: "The cluster.", content: { "application/json": { schema: clusterSchema } } },
    400: problemAnswer("Not the id of a cluster, or of another window."),
    ...problems,
  },
});

const reports = createRoute({
  method: "get",
  path: "/api/clusters/{id}/reports",
  summary: "The reports in a cluster of a tile, newest first",
  tags,
  request: { params, query: clusterReportsQuerySchema },
  responses: {
    200: {
      description: "A page; the header Link: rel=next leads to the next.",
      content: { "application/geo+json": { schema: reportPageSchema } },
    },
    400: problemAnswer(
      "A parameter is wrong, or the cluster too wide to be read so far back; `errors` says the limit.",
    ),
    ...problems,
  },
});

/** Mounts `/api/clusters/:id` and what is under it. */
export function mountClusters(app: App, { store, clock, settings }: AppParts, source: ClusterSource): void {
  app.openapi(read, async (c) => {
    const id = withWindow(c.req.valid("param").id, c.req.valid("query").window);
    const found = await findCluster(source, id);
    if (found === undefined) throw gone();
    const members = membersOf(found.parts, id.zoom);
    const expansion = found.feature.count > 1 ? await expansionOf(source, id, id.zoom, members) : undefined;
    const document = toClusterJson(id, found, members.bounds, expansion, source.scoreOf);
    return respondTagged(c, document, { "Content-Type": "application/json" });
  });

  // What one query of a box may look into: its cells in every layer.
  const maxCells = settings.queryCells * REPORT_LAYERS.length;

  app.openapi(reports, async (c) => {
    const { window, limit, cursor } = c.req.valid("query");
    const id = withWindow(c.req.valid("param").id, window);
    const found = await findCluster(source, id);
    if (found === undefined) throw gone();
    const { found: newest, next } = await pageOf(source, id, found, {
      atMs: timeOfZoom(id.zoom, clock.now()),
      limit,
      maxCells,
      ...(cursor && { cursor }),
    });
    const reports = await store.getMany(newest.map(({ id }) => id));
    const page = { reports, ...(next !== undefined && { nextCursor: next }) };
    const link = nextLink(askedPath(c), next, {});
    return respondTagged(c, toReportPageJson(page), { "Content-Type": "application/geo+json", ...link });
  });
}

type Page = Pick<Parameters<typeof newestOfCluster>[1], "atMs" | "limit" | "cursor" | "maxCells">;

async function pageOf(source: ClusterSource, id: ClusterIdParts, { parts }: FoundCluster, page: Page) {
  const { layer, window, zoom } = id;
  try {
    return await newestOfCluster(source, { layer, window, members: membersOf(parts, zoom), ...page });
  } catch (error) {
    if (!(error instanceof TooWideError)) throw error;
    const message = `would look into more than ${page.maxCells} geohash-5 cells; read on in its children, at a closer zoom`;
    throw new ProblemError(invalidRequest([{ field: "cursor", message, limit: page.maxCells }]));
  }
}

/** An id names its window, but for the default one. */
function withWindow(id: ClusterIdParts, window: TimeWindow | undefined): ClusterIdParts {
  if (window === undefined || window === id.window) return id;
  if (id.window === DEFAULT_WINDOW) return { ...id, window };
  throw new ProblemError(invalidRequest([{ field: "window", message: `must be the id's, which is ${id.window}` }]));
}

const gone = () =>
  new ProblemError({
    status: 404,
    detail: "No live report is left where this cluster started. Read its tile again: it shows what is there now.",
  });

async function respondTagged(c: Context<AppEnv>, document: object, headers: Record<string, string>) {
  const bytes = new TextEncoder().encode(JSON.stringify(document));
  const etag = entityTag(bytes);
  const validated = { "Cache-Control": "no-cache", ETag: etag };
  if (namesTag(c.req.header("If-None-Match"), etag)) return c.newResponse(null, 304, validated);
  return c.newResponse(bytes, 200, { ...validated, ...headers });
}
