import { z } from "@hono/zod-openapi";
import type { Context } from "hono";
import { FULL_QUARTERS } from "../../../tiles/report-columns.ts";
import { confidencesOf, perLayer, SCORE_NAMES } from "../../../tiles/scores/scores.ts";
import type { AreaCatalogue } from "../../areas/area-catalogue.ts";
import type { AreaSetVersion } from "../../areas/area-sets.ts";
import { isOwnAreaId, OWN, OWN_CITY } from "../../areas/own-area-id.ts";
import type { Sql } from "../../ports/sql.ts";
import { changeBetween } from "../../scores/score-card.ts";
import { AREA_ORDERS, type RankedArea, type RankedSet, rankAreas } from "../../trends/area-ranking.ts";
import type { App, AppEnv, AppParts } from "../core/app-parts.ts";
import { invalidRequest, ProblemError } from "../core/problem.ts";
import { askedPath } from "../core/public-address.ts";
import { ownerOf } from "../middleware/owner.ts";
import { AREA } from "../schemas/area-json.ts";
import { formatAreaRankCursor, parseAreaRankCursor } from "../schemas/area-rank-cursor.ts";
import { requireCityOfAreas } from "../schemas/city-of-areas.ts";
import { choiceParameter, numberParameter, parameter, slugParameter } from "../schemas/filter-query.ts";
import { nextLink } from "../schemas/next-link.ts";
import {
  changeSchema,
  confidenceSchema,
  countSchema,
  SCORES,
  toPoints,
  worthSchema,
} from "../schemas/score-card-json.ts";
import { OWN_HEADERS, TREND_HEADERS, trendRoute } from "./trend-route.ts";

/** Areas that are compared at once. */
const MAX_IDS = 4;

const ids = parameter(
  `Comma list of up to ${MAX_IDS} ids of areas, to compare them: only these, on one page.`,
  "san-francisco-n-mission,san-francisco-n-marina",
  (text) => {
    const all = [...new Set(text.split(","))];
    if (all.length > MAX_IDS || !all.every((id) => /^[a-z0-9-]{1,200}$/.test(id)))
      return `must be up to ${MAX_IDS} ids of areas, joined by commas`;
    return { value: all };
  },
);

const ranking = trendRoute({
  name: "areas",
  summary: "Areas by one of their scores, or by what it changed in a week; or a few of them to compare",
  description: [
    "The areas that /api/areas lists, as the history has them: at most about a minute behind the cards.",
    "Areas of the account that asks, with its key or session, are among `ids`, or are listed by `kind=own`.",
    "`best` and `worst` tell scores of low confidence after the others, and areas without a score last; `rising` tells last what has no change.",
  ].join(" "),
  everywhere: "Without city: areas of all cities.",
  query: z.object({
    city: slugParameter("Only areas of this city.", "san-francisco"),
    kind: slugParameter("Only areas of this kind.", "neighborhood"),
    layer: choiceParameter("The score.", SCORE_NAMES, "safety"),
    order: choiceParameter("What comes first.", AREA_ORDERS, "best"),
    ids,
    limit: numberParameter("Areas of a page.", { min: 1, max: 500, fallback: 100 }),
    cursor: parameter("`next_cursor` of the page before.", "", parseAreaRankCursor),
  }),
  answer: "A page; the header Link: rel=next leads to the next.",
  body: z
    .object({
      layer: z.enum(SCORE_NAMES),
      order: z.enum(AREA_ORDERS),
      as_of: z.iso.datetime().openapi({ description: "Nothing later is told; on all pages that of the first." }),
      areas: z.array(
        z.object({
          ...AREA,
          calculated_at: z.iso.datetime().nullable().openapi({
            description:
              "Beginning of the hour in which the area last changed, or a day began; null when it was not scored in the last two days.",
          }),
          scores: z.object(SCORES),
          confidence: confidenceSchema,
          worth: worthSchema,
          report_count_7d: countSchema.nullable(),
          report_count_30d: countSchema.nullable(),
          change_7d: changeSchema,
        }),
      ),
      next_cursor: z.string().nullable(),
    })
    .openapi("TrendAreas"),
  example: {
    layer: "safety",
    order: "best",
    as_of: "2026-06-01T12:00:00.000Z",
    areas: [
      {
        id: "san-francisco-n-mission",
        name: "Mission",
        kind: "neighborhood",
        city: { id: "san-francisco", name: "San Francisco" },
        approximate: false,
        calculated_at: "2026-06-01T11:00:00Z",
        scores: { safety: 91.6, vibe: null, infrastructure: 92.8, opportunity: null, overall: 92.2 },
        confidence: { safety: "high", vibe: null, infrastructure: "medium", opportunity: null, overall: "medium" },
        worth: { safety: 21.5, vibe: 0, infrastructure: 3.5, opportunity: 0 },
        report_count_7d: 6,
        report_count_30d: 27,
        change_7d: { safety: -3.4, vibe: null, infrastructure: 1.2, opportunity: null, overall: -1.1 },
      },
    ],
    next_cursor: null,
  },
});

interface AreaTrendParts {
  readonly sql: Sql;
  readonly catalogue: AreaCatalogue;
}

/** The account that asks, where a question may be about its own areas: it names some, or their kind, and no city. */
function ownerAsked(
  c: Context<AppEnv>,
  {
    kind,
    city,
    ids = [],
  }: { kind?: string | undefined; city?: string | undefined; ids?: readonly string[] | undefined },
) {
  const mayBeOwn = city === undefined && (kind === undefined ? ids.some(isOwnAreaId) : kind === OWN);
  return mayBeOwn ? ownerOf(c) : undefined;
}

/** Mounts what is asked of the history of areas. */
export function mountAreaTrends(app: App, { clock }: AppParts, { sql, catalogue }: AreaTrendParts): void {
  app.openapi(ranking, async (c) => {
    const { city, kind, layer, order, ids: wanted, limit, cursor } = c.req.valid("query");
    await requireCityOfAreas(city, { field: "city", catalogue });
    const live = await catalogue.live();
    const sets = live
      .map(({ set }): RankedSet => ({ city: set.city.id, kind: set.kind }))
      .filter((set) => (city ?? set.city) === set.city && (kind ?? set.kind) === set.kind);
    const nowMs = cursor?.nowMs ?? clock.now();
    const place = wanted === undefined ? { limit, ...(cursor && { after: cursor.after }) } : { limit: MAX_IDS };
    const owner = ownerAsked(c, { kind, city, ids: wanted });
    const { areas, next } = await rankAreas(sql, {
      sets,
      layer,
      order,
      nowMs,
      ...place,
      ...(wanted && { ids: wanted }),
      ...(owner !== undefined && { owner }),
    });
    requireAll(wanted, areas);
    const nextCursor = next && formatAreaRankCursor(nowMs, next);
    const body = {
      layer,
      order,
      as_of: new Date(nowMs).toISOString(),
      areas: areas.map((area) => toAreaJson(area, live)),
      next_cursor: nextCursor ?? null,
    };
    const headers = owner === undefined ? TREND_HEADERS : OWN_HEADERS;
    return c.json(body, 200, { ...headers, ...nextLink(askedPath(c), nextCursor, {}) });
  });
}

/** A comparison that silently lacks one is none. @throws ProblemError 400 */
function requireAll(wanted: readonly string[] | undefined, areas: readonly RankedArea[]): void {
  const missing = wanted?.find((id) => areas.every((area) => area.id !== id));
  if (missing === undefined) return;
  throw new ProblemError(invalidRequest([{ field: "ids", message: `${missing} is not among /api/areas` }]));
}

const UNKNOWN = {
  scores: { ...perLayer(() => null), overall: null },
  worthQuarters: perLayer(() => 0),
};

function toAreaJson({ id, name, kind, city, latest, earlier }: RankedArea, live: readonly AreaSetVersion[]) {
  const of = live.find(({ set }) => set.city.id === city && set.kind === kind);
  const { scores, worthQuarters } = latest ?? UNKNOWN;
  const change = latest && earlier && changeBetween(earlier, latest);
  return {
    id,
    name,
    kind,
    city: city === OWN ? OWN_CITY : { id: city, name: of?.set.city.name ?? city },
    approximate: of?.version.approximate === true,
    calculated_at: latest?.calculatedAt ?? null,
    scores: toPoints(scores),
    confidence: { ...confidencesOf(scores, worthQuarters) },
    worth: perLayer((layer) => worthQuarters[layer] / FULL_QUARTERS),
    report_count_7d: latest?.reportCount7d ?? null,
    report_count_30d: latest?.reportCount30d ?? null,
    change_7d: change === undefined ? null : toPoints(change),
  };
}
