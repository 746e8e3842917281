import { createRoute, z } from "@hono/zod-openapi";
import { REPORT_LAYERS } from "../../../tiles/layers.ts";
import { CITIES, findCity } from "../../areas/cities.ts";
import { listReports } from "../../reports/list-reports.ts";
import type { App, AppParts } from "../core/app-parts.ts";
import { invalidRequest, ProblemError, problemAnswer, unexpectedAnswer } from "../core/problem.ts";
import { askedPath } from "../core/public-address.ts";
import { BUDGET_SPENT } from "../middleware/read-budget.ts";
import { nextLink } from "../schemas/next-link.ts";
import { reportPageSchema, toReportPageJson } from "../schemas/report-json.ts";
import { cityQuerySchema, resolveInstant } from "../schemas/report-query.ts";

const tags = ["cities"];

const citySchema = z
  .object({
    id: z.string(),
    name: z.string(),
    bbox: z
      .tuple([z.number(), z.number(), z.number(), z.number()])
      .openapi({ description: "west, south, east, north" }),
    center: z.tuple([z.number(), z.number()]).openapi({ description: "lon, lat" }),
    zoom: z.number(),
    timezone: z.string().openapi({ description: "IANA name" }),
  })
  .openapi("City");

const list = createRoute({
  method: "get",
  path: "/api/cities",
  summary: "The cities known by name",
  tags,
  responses: {
    200: {
      description: "All of them.",
      content: { "application/json": { schema: z.object({ cities: z.array(citySchema) }) } },
    },
  },
});

const reports = createRoute({
  method: "get",
  path: "/api/cities/{city}/reports",
  summary: "A city's reports, newest first",
  tags,
  request: { params: z.object({ city: z.string() }), query: cityQuerySchema },
  responses: {
    200: {
      description: "A page; the header Link: rel=next leads to the next.",
      content: { "application/geo+json": { schema: reportPageSchema } },
    },
    400: problemAnswer("A parameter is wrong."),
    404: problemAnswer("There is no such city."),
    429: BUDGET_SPENT,
    ...unexpectedAnswer,
    503: problemAnswer("The store does not answer."),
  },
});

/** Mounts `/api/cities` and what is under it. */
export function mountCities(app: App, { clock, pyramid, store }: AppParts): void {
  app.openapi(list, (c) =>
    c.json({ cities: CITIES.map(toCityJson) }, 200, { "Cache-Control": "public, max-age=3600" }),
  );

  app.openapi(reports, async (c) => {
    const city = findCity(c.req.valid("param").city);
    if (city === undefined)
      throw new ProblemError({ status: 404, detail: "There is no such city; /api/cities lists them." });
    const { from, to, layer = REPORT_LAYERS, limit, cursor } = c.req.valid("query");
    const now = clock.now();
    const fromMs = from && resolveInstant(from, now);
    const beforeMs = to && resolveInstant(to, now);
    if (fromMs !== undefined && beforeMs !== undefined && fromMs >= beforeMs) {
      throw new ProblemError(invalidRequest([{ field: "from", message: "must be before to" }]));
    }
    const [west, south, east, north] = city.bbox;
    const query = {
      bounds: { west, south, east, north },
      layers: layer,
      limit,
      ...(fromMs !== undefined && { fromMs }),
      ...(beforeMs !== undefined && { beforeMs }),
      ...(cursor && { cursor }),
    };
    const page = await listReports({ store, pyramid, clock }, query);
    const link = nextLink(askedPath(c), page.nextCursor, { from: fromMs, to: beforeMs });
    return c.json(toReportPageJson(page), 200, {
      "Content-Type": "application/geo+json",
      "Cache-Control": "no-cache",
      ...link,
    });
  });
}

function toCityJson({ id, name, bbox, center, zoom, timezone }: (typeof CITIES)[number]): z.infer<typeof citySchema> {
  return { id, name, bbox: [...bbox], center: [...center], zoom, timezone };
}
