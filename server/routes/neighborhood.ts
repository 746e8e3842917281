import { createRoute, z } from "@hono/zod-openapi";
import { cellBounds } from "../../tiles/geohash.ts";
import { REPORT_LAYERS, TIME_WINDOWS } from "../../tiles/layers.ts";
import { SCORE_NAMES, type ScoreTenths } from "../../tiles/scores.ts";
import type { App, AppParts } from "../app-parts.ts";
import { problemAnswer, unexpectedAnswer } from "../http/problem.ts";
import type { Pyramid } from "../pyramid/pyramid.ts";
import { readScoreCard, type ScoreCard } from "../scores/score-card.ts";
import { createScoreHistory } from "../scores/score-history.ts";
import { reportSchema, toReportJson } from "./report-json.ts";

const geohashSchema = z
  .string()
  .regex(/^[0-9b-hjkmnp-z]{4,7}$/, "must be a geohash of 4 to 7 characters, in lower case")
  .openapi({ example: "9q8yyk" });

const score = z.number().min(0).max(100).openapi({ description: "One decimal." });
const SCORES = Object.fromEntries(SCORE_NAMES.map((name) => [name, score])) as Record<
  (typeof SCORE_NAMES)[number],
  typeof score
>;
const scoresSchema = z.object(SCORES).openapi("Scores");
const CHANGES = Object.fromEntries(SCORE_NAMES.map((name) => [name, z.number()])) as Record<
  (typeof SCORE_NAMES)[number],
  z.ZodNumber
>;

const windows = z.object(
  Object.fromEntries(TIME_WINDOWS.map((window) => [window, z.int()])) as Record<
    (typeof TIME_WINDOWS)[number],
    z.ZodInt
  >,
);
const counts = z.object(
  Object.fromEntries(REPORT_LAYERS.map((layer) => [layer, windows])) as Record<
    (typeof REPORT_LAYERS)[number],
    typeof windows
  >,
);

const cardSchema = z
  .object({
    geohash: z.string().openapi({ description: "The cell answered for: of seven characters the first six." }),
    precision: z.int().min(4).max(6),
    bbox: z
      .tuple([z.number(), z.number(), z.number(), z.number()])
      .openapi({ description: "west, south, east, north" }),
    city: z
      .object({ id: z.string(), name: z.string() })
      .nullable()
      .openapi({ description: "null outside all of them" }),
    scores: scoresSchema,
    report_count: z.int().openapi({ description: "Live reports of all layers." }),
    report_count_7d: z.int(),
    counts: counts.openapi({ description: "Reports by layer and time window." }),
    latest: z.array(reportSchema).openapi({ description: "The newest five at most, newest first." }),
    history: z.enum(["available", "unavailable"]).openapi({
      description: "`unavailable`: PostgreSQL does not answer now, so `change_7d` is null and `series` is empty.",
    }),
    change_7d: z
      .object(CHANGES)
      .nullable()
      .openapi({ description: "Scores now less those of a week ago; null when there were none." }),
    series: z.array(z.object({ day: z.iso.date(), ...SCORES, report_count_7d: z.int() })).openapi({
      description: "The scores at the end of each day (UTC) of the last 30, as far as there were any, and today's now.",
    }),
  })
  .openapi("ScoreCard");

const route = createRoute({
  method: "get",
  path: "/api/neighborhood/{geohash}",
  summary: "The score card of a neighbourhood or a larger cell",
  tags: ["scores"],
  request: { params: z.object({ geohash: geohashSchema }) },
  responses: {
    200: {
      description: "The card, also where nothing was reported.",
      content: { "application/json": { schema: cardSchema } },
    },
    400: problemAnswer("Not a geohash of 4 to 7 characters."),
    ...unexpectedAnswer,
    503: problemAnswer("The report store does not answer."),
  },
});

/** Mounts `/api/neighborhood/:geohash`. `cells` are the pyramid's. */
export function mountNeighborhood(app: App, { store, clock, log, sql }: AppParts, cells: Pyramid["cells"]): void {
  const history = sql && createScoreHistory({ sql, clock });
  const options = { store, clock, log, cells, ...(history !== undefined && { history }) };
  app.openapi(route, async (c) => {
    const geohash = c.req.valid("param").geohash.slice(0, 6);
    const card = await readScoreCard(options, geohash);
    const today = new Date(clock.now()).toISOString().slice(0, 10);
    return c.json(toCardJson(geohash, card, today), 200, { "Cache-Control": "no-cache" });
  });
}

function toCardJson(
  geohash: string,
  { cell, city, counts, latest, history }: ScoreCard,
  today: string,
): z.infer<typeof cardSchema> {
  const { west, south, east, north } = cellBounds(geohash);
  const { reportCount, reportCount7d } = cell;
  const days = history && [...history.days, { day: today, scores: cell.scores, reportCount7d }];
  return {
    geohash,
    precision: geohash.length,
    bbox: [west, south, east, north],
    city: city === undefined ? null : { id: city.id, name: city.name },
    scores: toPoints(cell.scores),
    report_count: reportCount,
    report_count_7d: reportCount7d,
    counts,
    latest: latest.map(toReportJson),
    history: history === undefined ? "unavailable" : "available",
    change_7d: history?.change7d === undefined ? null : toPoints(history.change7d),
    series: (days ?? []).map((each) => ({
      day: each.day,
      ...toPoints(each.scores),
      report_count_7d: each.reportCount7d,
    })),
  };
}

function toPoints({ safety, vibe, infrastructure, opportunity, overall }: ScoreTenths) {
  return {
    safety: safety / 10,
    vibe: vibe / 10,
    infrastructure: infrastructure / 10,
    opportunity: opportunity / 10,
    overall: overall / 10,
  };
}
