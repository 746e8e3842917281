import { z } from "@hono/zod-openapi";
import { cellBounds } from "../../../tiles/geo/geohash.ts";
import { REPORT_LAYERS, TIME_WINDOWS } from "../../../tiles/layers.ts";
import { FULL_QUARTERS } from "../../../tiles/report-columns.ts";
import {
  CONFIDENCES,
  confidencesOf,
  perLayer,
  SCORE_NAMES,
  type ScoreName,
  type ScoreTenths,
} from "../../../tiles/scores/scores.ts";
import { placeOfCell } from "../../areas/place-of-cell.ts";
import type { ScoreCard } from "../../scores/score-card.ts";
import { reportSchema, toReportJson } from "./report-json.ts";

/** A schema's fields, each of the same type. */
function fieldsOf<const Name extends string, Type>(names: readonly Name[], type: Type): Record<Name, Type> {
  return Object.fromEntries(names.map((name) => [name, type])) as Record<Name, Type>;
}

export const SCORES = fieldsOf(
  SCORE_NAMES,
  z.number().min(0).max(100).nullable().openapi({
    description: "One decimal; null without reports in the last 30 days, and of `overall` without any score.",
  }),
);
const CHANGES = fieldsOf(SCORE_NAMES, z.number().min(-100).max(100).nullable());
const CONFIDENCE = fieldsOf(SCORE_NAMES, z.enum(CONFIDENCES).nullable());
const WORTH = fieldsOf(REPORT_LAYERS, z.number().nonnegative());
const WINDOWS = fieldsOf(TIME_WINDOWS, z.int().nonnegative());
export const countSchema = z.int().nonnegative();
const degrees = z.number();

export const confidenceSchema = z.object(CONFIDENCE).openapi({
  description:
    "How far each score can be relied on: `low` under 3 reporters' worth of reports in 30 days, `medium` under 10, then `high`; of `overall` the lowest.",
});
export const worthSchema = z.object(WORTH).openapi({
  description:
    "Reporters' worth of each layer's reports of the last 30 days: of one client's a day the first counts 1, then 0.5, 0.25, and 0.",
});
export const changeSchema = z.object(CHANGES).nullable().openapi({
  description: "Scores now less those of a week ago; null unless both have medium confidence or more.",
});

/** What a card tells of reports, of whatever part of the map. */
export const REPORTED = {
  scores: z.object(SCORES).openapi("Scores"),
  confidence: confidenceSchema,
  worth: worthSchema,
  report_count_30d: z
    .object(fieldsOf(REPORT_LAYERS, countSchema))
    .openapi({ description: "Behind each layer's score." }),
  report_count: countSchema.openapi({ description: "Live reports of all layers: of the last 90 days." }),
  report_count_7d: countSchema,
  counts: z.object(fieldsOf(REPORT_LAYERS, z.object(WINDOWS))).openapi({
    description: "Reports by layer and time window. A window holds the shorter ones.",
  }),
  latest: z.array(reportSchema).openapi({ description: "The newest five at most, newest first." }),
  history: z.enum(["available", "unavailable"]).openapi({
    description: "`unavailable`: PostgreSQL does not answer now, so `change_7d` is null and `series` is empty.",
  }),
  change_7d: changeSchema,
  series: z.array(z.object({ day: z.iso.date(), ...SCORES, report_count_7d: countSchema })).openapi({
    description: "The scores at the end of each day (UTC) of the last 30, as far as there were any, and today's now.",
  }),
};

/**
 * A score card as the API answers it: what a map shows of the cell that somebody touched. Always the same fields; what is not
 * known is null or an empty list, never left out. Scores are points of 0..100 with one decimal, times ISO 8601 in UTC.
 *
 * While PostgreSQL is away, `history` is "unavailable", `change_7d` null and `series` empty; everything else is as ever. When it
 * is there, the last of `series` is today's, equal to `scores`, and days on which nothing was known are missing from it.
 */
export const cardSchema = z
  .object({
    geohash: z.string().openapi({ description: "The cell answered for: of seven characters the first six." }),
    precision: z.int().min(4).max(6),
    bbox: z.tuple([degrees, degrees, degrees, degrees]).openapi({ description: "west, south, east, north" }),
    place: z.string().nullable().openapi({
      description:
        "What people call the place, of precision 6; null where no name is near. To be followed by the city's.",
    }),
    city: z
      .object({ id: z.string(), name: z.string() })
      .nullable()
      .openapi({ description: "The one whose box holds the cell's centre; null outside all of them." }),
    ...REPORTED,
  })
  .openapi("ScoreCard");

type ScoreCardJson = z.infer<typeof cardSchema>;

/** The card of a cell; `today` is the UTC day. */
export function toCardJson(geohash: string, card: ScoreCard, today: string): ScoreCardJson {
  const { city } = card;
  const { west, south, east, north } = cellBounds(geohash);
  return {
    geohash,
    precision: geohash.length,
    bbox: [west, south, east, north],
    place: (geohash.length === 6 && placeOfCell(geohash)) || null,
    city: city === undefined ? null : { id: city.id, name: city.name },
    ...toReportedJson(card, today),
  };
}

/** The same of any card. */
export function toReportedJson({ cell, counts, latest, history }: Omit<ScoreCard, "city">, today: string) {
  const { scores, worthQuarters, reportCount, reportCount30d, reportCount7d } = cell;
  const days = history && [...history.days, { day: today, scores, worthQuarters, reportCount7d }];
  return {
    scores: toPoints(scores),
    confidence: { ...confidencesOf(scores, worthQuarters) },
    worth: perLayer((layer) => worthQuarters[layer] / FULL_QUARTERS),
    report_count_30d: { ...reportCount30d },
    report_count: reportCount,
    report_count_7d: reportCount7d,
    counts,
    latest: latest.map(toReportJson),
    history: history === undefined ? ("unavailable" as const) : ("available" as const),
    change_7d: history?.change7d === undefined ? null : toPoints(history.change7d),
    series: (days ?? []).map((each) => ({
      day: each.day,
      ...toPoints(each.scores),
      report_count_7d: each.reportCount7d,
    })),
  };
}

export function toPoints(scores: ScoreTenths) {
  const points = (name: ScoreName) => {
    const tenths = scores[name];
    return tenths === null ? null : tenths / 10;
  };
  return { ...perLayer(points), overall: points("overall") };
}

/** For the documentation: its series is cut to three days. */
export const CARD_EXAMPLE: ScoreCardJson = {
  geohash: "9q8yyk",
  precision: 6,
  bbox: [-122.420654296875, 37.77099609375, -122.40966796875, 37.7764892578125],
  place: "Hayes Valley",
  city: { id: "san-francisco", name: "San Francisco" },
  scores: { safety: 91.6, vibe: null, infrastructure: 92.8, opportunity: null, overall: 92.2 },
  confidence: { safety: "medium", vibe: null, infrastructure: "medium", opportunity: null, overall: "medium" },
  worth: { safety: 3, vibe: 0, infrastructure: 3.5, opportunity: 0 },
  report_count_30d: { safety: 3, vibe: 0, infrastructure: 4, opportunity: 0 },
  report_count: 15,
  report_count_7d: 2,
  counts: {
    safety: { "24h": 0, "7d": 1, "30d": 3, "90d": 5 },
    vibe: { "24h": 0, "7d": 0, "30d": 0, "90d": 4 },
    infrastructure: { "24h": 1, "7d": 1, "30d": 4, "90d": 5 },
    opportunity: { "24h": 0, "7d": 0, "30d": 0, "90d": 1 },
  },
  latest: [
    {
      id: "01n7tdstgn9q8yy00p0cdv85h",
      layer: "safety",
      category: "unsafe-corner",
      severity: 4,
      lat: 37.773858,
      lon: -122.417743,
      text: "Street light out at the crossing",
      geohash: "9q8yyk",
      created_at: "2026-05-30T07:54:04.148Z",
      expires_at: "2026-08-28T07:54:04.148Z",
    },
  ],
  history: "available",
  change_7d: { safety: -3.4, vibe: null, infrastructure: 1.2, opportunity: null, overall: -1.1 },
  series: [
    {
      day: "2026-05-30",
      safety: 95,
      vibe: null,
      infrastructure: 91.6,
      opportunity: null,
      overall: 93.3,
      report_count_7d: 1,
    },
    {
      day: "2026-05-31",
      safety: 95,
      vibe: null,
      infrastructure: 91.6,
      opportunity: null,
      overall: 93.3,
      report_count_7d: 1,
    },
    {
      day: "2026-06-01",
      safety: 91.6,
      vibe: null,
      infrastructure: 92.8,
      opportunity: null,
      overall: 92.2,
      report_count_7d: 2,
    },
  ],
};
