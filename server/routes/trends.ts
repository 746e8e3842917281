import { createRoute, z } from "@hono/zod-openapi";
import { cellBounds } from "../../tiles/geohash.ts";
import { REPORT_LAYERS } from "../../tiles/layers.ts";
import { SCORE_NAMES } from "../../tiles/scores.ts";
import type { App, AppParts } from "../app-parts.ts";
import { toDegrees } from "../trends/export-rows.ts";
import { monthsUpTo, type RisingNeighborhood, risingNeighborhoods } from "../trends/rising.ts";
import { meanScore, weekChanges } from "../trends/score-means.ts";
import type { Sql } from "../trends/sql.ts";
import { areaOf, areaParameters, choiceParameter, numberParameter, parameter } from "./filter-query.ts";
import { nextLink } from "./next-link.ts";
import { type RelationalAccess, relationalAnswers } from "./relational-access.ts";
import { formatRisingCursor, parseRisingCursor } from "./rising-cursor.ts";

const tags = ["trends"];
const DAY_MS = 86_400_000;
/** Scores change by the hour; the answer may depend on who asks, so no shared cache keeps it. */
const HEADERS = { "Cache-Control": "private, max-age=60" };

const layer = choiceParameter("The score.", SCORE_NAMES, "safety");
const score = z.number().nullable();

const average = createRoute({
  method: "get",
  path: "/api/trends/average",
  summary: "Mean score of an area's neighbourhoods over the last days",
  description: [
    "A neighbourhood's score is weighed by how long it held, then each neighbourhood counts once.",
    "Without city, geohash and bbox: all cities.",
  ].join(" "),
  tags,
  request: {
    query: z.object({
      ...areaParameters,
      layer,
      days: numberParameter("Length of the span, up to now.", { min: 1, max: 90, fallback: 7 }),
    }),
  },
  responses: {
    200: {
      description: "The mean; null when no neighbourhood was scored in the span.",
      content: {
        "application/json": {
          schema: z
            .object({
              layer: z.enum(SCORE_NAMES),
              city: z.string().nullable(),
              from: z.iso.datetime(),
              to: z.iso.datetime(),
              average: score,
              lowest: score,
              highest: score,
              neighborhoods: z.int(),
            })
            .openapi("TrendAverage"),
        },
      },
    },
    ...relationalAnswers,
  },
});

const changes = createRoute({
  method: "get",
  path: "/api/trends/changes",
  summary: "Change of the mean score week over week, by city",
  description: [
    "The seven days up to now against the seven before, over the neighbourhoods that are known in both.",
    "A city of which nothing is known is left out.",
  ].join(" "),
  tags,
  request: {
    query: z.object({ ...areaParameters, layer, by: choiceParameter("What is told apart.", ["city"], "city") }),
  },
  responses: {
    200: {
      description: "The cities, by id.",
      content: {
        "application/json": {
          schema: z
            .object({
              layer: z.enum(SCORE_NAMES),
              by: z.literal("city"),
              last_week: z.object({ from: z.iso.datetime(), to: z.iso.datetime() }),
              this_week: z.object({ from: z.iso.datetime(), to: z.iso.datetime() }),
              changes: z.array(
                z.object({
                  city: z.string(),
                  this_week: score,
                  last_week: score,
                  change: score.openapi({ description: "this_week less last_week." }),
                  neighborhoods: z.int().openapi({ description: "Compared: known in both weeks." }),
                  left_out: z.int().openapi({ description: "Known in one week only." }),
                }),
              ),
            })
            .openapi("TrendChanges"),
        },
      },
    },
    ...relationalAnswers,
  },
});

const MIN_CHANGE = { min: 0, max: 10_000, fallback: 30, digits: 2 };
const MIN_REPORTS = { min: 0, max: 1_000_000, fallback: 5 };

const monthSchema = z.object({ from: z.iso.date(), to: z.iso.date() });

const rising = createRoute({
  method: "get",
  path: "/api/trends/rising",
  summary: "Neighbourhoods with more reports this month than last",
  description: [
    "The last 30 days (UTC, today's included) against the 30 before, the steepest rise first.",
    "Without city, geohash and bbox: all cities.",
  ].join(" "),
  tags,
  request: {
    query: z.object({
      ...areaParameters,
      layer: choiceParameter("The reports' layer.", REPORT_LAYERS, "infrastructure"),
      min_change: numberParameter("Percent more than last month, at least.", MIN_CHANGE),
      min_reports: numberParameter(
        "Reports this month, at least: 2 after 1 is 100% more and means nothing. 0 takes every neighbourhood.",
        MIN_REPORTS,
      ),
      limit: numberParameter("Neighbourhoods of a page.", { min: 1, max: 1000, fallback: 100 }),
      cursor: parameter("`next_cursor` of the page before.", "", parseRisingCursor),
    }),
  },
  responses: {
    200: {
      description: "A page; the header Link: rel=next leads to the next.",
      content: {
        "application/json": {
          schema: z
            .object({
              layer: z.enum(REPORT_LAYERS),
              this_month: monthSchema,
              last_month: monthSchema,
              neighborhoods: z.array(
                z.object({
                  geohash: z.string(),
                  city: z.string().nullable(),
                  lat: z.number(),
                  lon: z.number(),
                  reports: z.int(),
                  reports_last_month: z.int(),
                  change_percent: z
                    .number()
                    .nullable()
                    .openapi({ description: "Null when there were none last month." }),
                }),
              ),
              next_cursor: z.string().nullable(),
            })
            .openapi("TrendRising"),
        },
      },
    },
    ...relationalAnswers,
  },
});

/** Mounts `/api/trends`. */
export function mountTrends(app: App, { clock }: AppParts, sql: Sql, access: RelationalAccess): void {
  app.openapi(average, async (c) => {
    const { layer: name, days, ...area } = c.req.valid("query");
    const toMs = clock.now();
    const query = { area: areaOf(area), score: name, fromMs: toMs - days * DAY_MS, toMs };
    const mean = await access.answer(c, "trends", () => meanScore(sql, query));
    return c.json({ layer: name, city: area.city?.id ?? null, ...spanOf(query), ...mean }, 200, HEADERS);
  });

  app.openapi(changes, async (c) => {
    const { layer: name, by, ...area } = c.req.valid("query");
    const toMs = clock.now();
    const query = { area: areaOf(area), score: name, toMs };
    const found = await access.answer(c, "trends", () => weekChanges(sql, query));
    const week = (ago: number) => spanOf({ fromMs: toMs - (ago + 7) * DAY_MS, toMs: toMs - ago * DAY_MS });
    return c.json({ layer: name, by, last_week: week(7), this_week: week(0), changes: found }, 200, HEADERS);
  });

  app.openapi(rising, async (c) => {
    const { layer: name, min_change, min_reports, limit, cursor, ...area } = c.req.valid("query");
    const months = monthsUpTo(cursor?.nowMs ?? clock.now());
    const page = await access.answer(c, "trends", () =>
      risingNeighborhoods(sql, {
        area: areaOf(area),
        layer: name,
        months,
        minChange: min_change,
        minReports: min_reports,
        limit,
        ...(cursor && { after: cursor.after }),
      }),
    );
    const next = page.next && formatRisingCursor(months.thisMonth.to, page.next);
    const body = {
      layer: name,
      this_month: months.thisMonth,
      last_month: months.lastMonth,
      neighborhoods: page.neighborhoods.map(toNeighborhoodJson),
      next_cursor: next ?? null,
    };
    return c.json(body, 200, { ...HEADERS, ...nextLink(c.req.url, next, {}) });
  });
}

function spanOf({ fromMs, toMs }: { fromMs: number; toMs: number }) {
  return { from: new Date(fromMs).toISOString(), to: new Date(toMs).toISOString() };
}

function toNeighborhoodJson({ geohash, city, reports, reportsBefore, changePercent }: RisingNeighborhood) {
  const { west, south, east, north } = cellBounds(geohash);
  return {
    geohash,
    city,
    lat: toDegrees((south + north) / 2),
    lon: toDegrees((west + east) / 2),
    reports,
    reports_last_month: reportsBefore,
    change_percent: changePercent,
  };
}
