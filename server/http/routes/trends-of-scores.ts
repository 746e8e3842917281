import { z } from "@hono/zod-openapi";
import { CONFIDENCES, SCORE_NAMES } from "../../../tiles/scores/scores.ts";
import { DAY_MS } from "../../kit/utc-time.ts";
import type { Sql } from "../../ports/sql.ts";
import type { KnownArea } from "../../trends/known-area.ts";
import { meanScore, weekChanges } from "../../trends/score-means.ts";
import type { App, AppParts } from "../core/app-parts.ts";
import { ownerOf } from "../middleware/owner.ts";
import {
  areaIdParameter,
  areaOf,
  areaParameters,
  choiceParameter,
  knownAreaOf,
  numberParameter,
  placeOfArea,
  tellArea,
} from "../schemas/filter-query.ts";
import { trendHeaders, trendRoute } from "./trend-route.ts";

const layer = choiceParameter("The score.", SCORE_NAMES, "safety");
const score = z.number().nullable();
const area = areaIdParameter("An area with borders in place of neighbourhoods: its own scores, as one.");
const areaAnswer = z
  .object({ id: z.string(), name: z.string() })
  .optional()
  .openapi({ description: "The area that was asked for; missing without one." });
const span = z.object({ from: z.iso.datetime(), to: z.iso.datetime() });

const average = trendRoute({
  name: "average",
  summary: "Mean score of an area's neighbourhoods over the last days",
  description:
    "A neighbourhood's score is weighed by how long it held, then each neighbourhood that had one counts once.",
  query: z.object({
    ...areaParameters,
    area,
    layer,
    days: numberParameter("Length of the span, up to now.", { min: 1, max: 90, fallback: 7 }),
  }),
  answer: "The mean; null when no neighbourhood was scored in the span.",
  body: z
    .object({
      layer: z.enum(SCORE_NAMES),
      city: z.string().nullable(),
      area: areaAnswer,
      ...span.shape,
      average: score,
      lowest: score,
      highest: score,
      neighborhoods: z.int(),
    })
    .openapi("TrendAverage"),
  example: {
    layer: "safety",
    city: "san-francisco",
    from: "2026-05-25T12:00:00.000Z",
    to: "2026-06-01T12:00:00.000Z",
    average: 95.31,
    lowest: 62.8,
    highest: 100,
    neighborhoods: 142,
  },
});

const changes = trendRoute({
  name: "changes",
  summary: "Change of the mean score week over week, by city",
  description: [
    "The seven days up to now against the seven before, over the neighbourhoods that are known in both.",
    "A city of which nothing is known is left out.",
  ].join(" "),
  query: z.object({ ...areaParameters, area, layer, by: choiceParameter("What is told apart.", ["city"], "city") }),
  answer: "The cities, by id.",
  body: z
    .object({
      layer: z.enum(SCORE_NAMES),
      by: z.literal("city"),
      area: areaAnswer,
      last_week: span,
      this_week: span,
      changes: z.array(
        z.object({
          city: z.string(),
          this_week: score,
          last_week: score,
          change: score.openapi({
            description: "this_week less last_week; null unless both weeks have medium confidence or more.",
          }),
          confidence: z.enum(CONFIDENCES).nullable().openapi({
            description: "The lower one of both weeks', of all neighbourhoods that are compared; null without any.",
          }),
          neighborhoods: z.int().openapi({ description: "Compared: known in both weeks." }),
          left_out: z.int().openapi({ description: "Known in one week only." }),
        }),
      ),
    })
    .openapi("TrendChanges"),
  example: {
    layer: "safety",
    by: "city",
    last_week: { from: "2026-05-18T12:00:00.000Z", to: "2026-05-25T12:00:00.000Z" },
    this_week: { from: "2026-05-25T12:00:00.000Z", to: "2026-06-01T12:00:00.000Z" },
    changes: [
      {
        city: "austin",
        this_week: 96.2,
        last_week: 95.8,
        change: 0.4,
        confidence: "high",
        neighborhoods: 165,
        left_out: 3,
      },
      {
        city: "san-francisco",
        this_week: 95.31,
        last_week: 96.02,
        change: -0.71,
        confidence: "high",
        neighborhoods: 142,
        left_out: 0,
      },
    ],
  },
});

/** Mounts what is asked of the history of scores. */
export function mountScoreTrends(app: App, { clock }: AppParts, sql: Sql): void {
  app.openapi(average, async (c) => {
    const { layer: name, days, area: id, ...cells } = c.req.valid("query");
    const toMs = clock.now();
    const known = await knownAreaOf({ sql, owner: ownerOf(c) }, id, cells);
    const query = { ...askedOf(known, cells), score: name, fromMs: toMs - days * DAY_MS, toMs };
    const mean = await meanScore(sql, query);
    const city = known?.city ?? query.area.city?.id ?? null;
    return c.json({ layer: name, city, ...tellArea(known), ...spanOf(query), ...mean }, 200, trendHeaders(known));
  });

  app.openapi(changes, async (c) => {
    const { layer: name, by, area: id, ...cells } = c.req.valid("query");
    const toMs = clock.now();
    const known = await knownAreaOf({ sql, owner: ownerOf(c) }, id, cells);
    const found = await weekChanges(sql, { ...askedOf(known, cells), score: name, toMs });
    const week = (ago: number) => spanOf({ fromMs: toMs - (ago + 7) * DAY_MS, toMs: toMs - ago * DAY_MS });
    const body = { layer: name, by, ...tellArea(known), last_week: week(7), this_week: week(0), changes: found };
    return c.json(body, 200, trendHeaders(known));
  });
}

const askedOf = (known: KnownArea | undefined, cells: Parameters<typeof areaOf>[0]) => ({
  area: areaOf(cells),
  ...placeOfArea(known),
});

function spanOf({ fromMs, toMs }: { fromMs: number; toMs: number }) {
  return { from: new Date(fromMs).toISOString(), to: new Date(toMs).toISOString() };
}
