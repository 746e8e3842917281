import { createRoute, z } from "@hono/zod-openapi";
import { boxOfBounds } from "../../../tiles/areas/area.ts";
import { findArea } from "../../areas/find-area.ts";
import { formatDay } from "../../kit/utc-time.ts";
import { ownAreaReportsOf } from "../../own-areas/own-area-reports.ts";
import { readAreaCard } from "../../scores/area-card.ts";
import { listAreas } from "../../scores/area-list.ts";
import { createScoreHistory, ownAreaHistoryStatement } from "../../scores/score-history.ts";
import type { App, AppParts } from "../core/app-parts.ts";
import { ProblemError, problemAnswer, unexpectedAnswer } from "../core/problem.ts";
import { askedPath } from "../core/public-address.ts";
import { OPTIONAL_KEY } from "../middleware/api-key.ts";
import type { FindOwnArea, FoundOwnArea } from "../middleware/own-area.ts";
import { BUDGET_SPENT } from "../middleware/read-budget.ts";
import {
  areaCardSchema,
  areaCollectionSchema,
  areaListSchema,
  toAreaCardJson,
  toAreaCollectionJson,
  toAreaListJson,
} from "../schemas/area-json.ts";
import { requireCityOfAreas } from "../schemas/city-of-areas.ts";
import { choiceParameter, numberParameter, parameter, slugParameter } from "../schemas/filter-query.ts";
import { nextLink } from "../schemas/next-link.ts";
import { parseBbox } from "../schemas/report-query.ts";
import { OWN_HEADERS } from "./trend-route.ts";

const tags = ["areas"];
const GEO_JSON = "application/geo+json";

const areaQuerySchema = z.object({
  city: slugParameter("Only areas of this city.", "san-francisco"),
  kind: slugParameter("Only areas of this kind.", "neighborhood"),
  bbox: parameter(
    "west,south,east,north in degrees: only areas whose boxes meet it.",
    "-122.45,37.74,-122.40,37.78",
    (text) => {
      const parsed = parseBbox(text);
      if (typeof parsed === "string") return parsed;
      return parsed.value.west > parsed.value.east ? "must have its west below its east" : parsed;
    },
  ),
  format: choiceParameter(
    "`geojson` with polygons, `list` without; by the header Accept without it.",
    ["accept", "geojson", "list"],
    "accept",
  ),
  limit: numberParameter("Areas of a page.", { min: 1, max: 500, fallback: 100 }),
  cursor: parameter("`next_cursor` of the page before.", "", (text) =>
    /^[a-z0-9-]+\/[a-z0-9-]+~[a-z0-9-]+$/.test(text) ? { value: text } : "must be the next_cursor of a page",
  ),
});

const list = createRoute({
  method: "get",
  path: "/api/areas",
  summary: "Areas with their scores: real boundaries, such as a city's neighbourhoods",
  tags,
  request: { query: areaQuerySchema },
  responses: {
    200: {
      description: "A page; the header Link: rel=next leads to the next.",
      content: { "application/json": { schema: areaListSchema }, [GEO_JSON]: { schema: areaCollectionSchema } },
    },
    400: problemAnswer("A parameter is wrong."),
    429: BUDGET_SPENT,
    ...unexpectedAnswer,
    503: problemAnswer("The report store does not answer."),
  },
});

const read = createRoute({
  method: "get",
  path: "/api/areas/{id}",
  summary: "The score card of an area",
  description: "An area of an account is told to its owner alone, by key or session.",
  tags,
  security: OPTIONAL_KEY,
  request: { params: z.object({ id: z.string().max(200).openapi({ example: "san-francisco-n-mission" }) }) },
  responses: {
    200: {
      description: "The card, also where nothing was reported.",
      content: { "application/json": { schema: areaCardSchema } },
    },
    400: problemAnswer("Not an id."),
    401: problemAnswer("An own area was asked for with a key that there is not."),
    403: problemAnswer("The area is beyond what the account's plan gives."),
    404: problemAnswer("There is no such area, or it is another account's."),
    429: BUDGET_SPENT,
    ...unexpectedAnswer,
    503: problemAnswer("The report store does not answer."),
  },
});

const NO_AREA = "There is no such area; /api/areas lists them.";

/** Reads cards of areas of accounts. */
function ownAreaCards({ store, clock, log, pyramid, sql }: AppParts) {
  const history = sql && createScoreHistory({ sql, clock, statement: ownAreaHistoryStatement });
  const reading = { outlines: pyramid.outlines, reports: pyramid.reports, areaReports: ownAreaReportsOf(pyramid) };
  const parts = { store, clock, log, pyramid: reading, ...(history && { history }) };
  return (found: FoundOwnArea) => readAreaCard({ ...parts, areas: found }, found);
}

/** Mounts `/api/areas` and what is under it. */
export function mountAreas(
  app: App,
  parts: AppParts,
  { areas, findOwn }: { readonly areas: NonNullable<AppParts["areas"]>; readonly findOwn: FindOwnArea },
): void {
  const { store, clock, log } = parts;
  const cardOfOwn = ownAreaCards(parts);
  const pyramid = { ...parts.pyramid, areaReports: areas.reports };

  app.openapi(list, async (c) => {
    const { city, kind, bbox, format, limit, cursor } = c.req.valid("query");
    await requireCityOfAreas(city, { field: "city", catalogue: areas.catalogue });
    const isGeoJson = format === "geojson" || (format === "accept" && c.req.header("Accept")?.includes(GEO_JSON));
    const query = {
      limit,
      withCorners: isGeoJson === true,
      ...(city !== undefined && { city }),
      ...(kind !== undefined && { kind }),
      ...(bbox !== undefined && { box: boxOfBounds(bbox) }),
      ...(cursor !== undefined && { cursor }),
    };
    const page = await listAreas({ areas, pyramid, clock }, query);
    const headers = { "Cache-Control": "no-cache", Vary: "Accept", ...nextLink(askedPath(c), page.nextCursor, {}) };
    if (isGeoJson) return c.json(toAreaCollectionJson(page), 200, { ...headers, "Content-Type": GEO_JSON });
    return c.json(toAreaListJson(page), 200, headers);
  });

  app.openapi(read, async (c) => {
    const { id } = c.req.valid("param");
    const own = await findOwn(c, id);
    if (own !== undefined)
      return c.json(toAreaCardJson(await cardOfOwn(own), formatDay(clock.now())), 200, OWN_HEADERS);
    const found = await findArea(areas, id);
    if (found === undefined) throw new ProblemError({ status: 404, detail: NO_AREA });
    const history = areas.history && { history: areas.history };
    const card = await readAreaCard({ store, pyramid, clock, log, areas, ...history }, found);
    return c.json(toAreaCardJson(card, formatDay(clock.now())), 200, { "Cache-Control": "no-cache" });
  });
}
