import { REPORT_LAYERS } from "../../tiles/layers.ts";
import { type Confidence, confidenceOf, SCORE_NAMES, type ScoreName } from "../../tiles/scores/scores.ts";
import { OWN } from "../areas/own-area-id.ts";
import { DAY_MS } from "../kit/utc-time.ts";
import type { Sql, Statement } from "../ports/sql.ts";
import { type AreaFilter, NEIGHBORHOOD } from "./area.ts";
import { createValues, inArea, roundTo, type Values } from "./statement.ts";

/**
 * A neighbourhood with live reports has a row every UTC day, so two rows are less than this apart. An older row says nothing
 * about the beginning of a span any more.
 */
export const CARRY_MS = 2 * DAY_MS;

export interface MeanQuery {
  readonly area: AreaFilter;
  /** Id of an area with borders, whose own scores are asked for in place of those of neighbourhoods; it counts as one. */
  readonly areaId?: string;
  /** Whether that is an area of an account, whose owner asks. */
  readonly isOwn?: boolean;
  readonly score: ScoreName;
  /** Unix milliseconds, inclusive. */
  readonly fromMs: number;
  /** Unix milliseconds, exclusive. */
  readonly toMs: number;
}

export interface ScoreMean {
  /** Mean over the neighbourhoods; null when none is known. */
  readonly average: number | null;
  readonly lowest: number | null;
  readonly highest: number | null;
  readonly neighborhoods: number;
}

/**
 * The mean score of an area's neighbourhoods over a span. A row holds from its hour until the neighbourhood's next, so a
 * neighbourhood's mean weighs scores by how long they held, not by how often they were computed; then each neighbourhood
 * counts once. What lies before a neighbourhood's first row is unknown and does not count.
 */
export async function meanScore(sql: Sql, query: MeanQuery): Promise<ScoreMean> {
  const { text, values } = meanStatement(query);
  const [row = {}] = await sql.query(text, values);
  return {
    average: roundTo(2, row.average),
    lowest: roundTo(2, row.lowest),
    highest: roundTo(2, row.highest),
    neighborhoods: Number(row.neighborhoods ?? 0),
  };
}

/** The statement of `meanScore`; the bench explains it. */
export function meanStatement(query: MeanQuery): Statement {
  const values = createValues();
  const held = heldScores(query, values);
  const text = `
    WITH ${held},
    mean AS (
      SELECT sum(score * (until - since)) / sum(until - since) AS score FROM held WHERE until > since AND score IS NOT NULL GROUP BY geohash
    )
    SELECT avg(score) AS average, min(score) AS lowest, max(score) AS highest, count(*)::integer AS neighborhoods FROM mean`;
  return { text, values: values.all };
}

export interface WeekChange {
  readonly city: string;
  readonly this_week: number | null;
  readonly last_week: number | null;
  /** Null unless both weeks have medium confidence or more. */
  readonly change: number | null;
  /** The lower one of both weeks', by what the reports of all neighbourhoods that are compared weigh; null without any. */
  readonly confidence: Confidence | null;
  /** Neighbourhoods known in both weeks: what is compared. */
  readonly neighborhoods: number;
  /** Known in one of the weeks only, and left out. */
  readonly left_out: number;
}

const WEEK_MS = 7 * DAY_MS;

/**
 * Change of the mean score by city, the seven days up to `toMs` against the seven before. Only neighbourhoods that are known
 * in both weeks are compared, so that a city does not change by what has just come to be known of it. Sorted by city; a city
 * of which nothing is known is not among them.
 */
export async function weekChanges(sql: Sql, query: Omit<MeanQuery, "fromMs">): Promise<WeekChange[]> {
  const { text, values } = changeStatement(query);
  const rows = await sql.query(text, values);
  return rows.map((row) => {
    const confidence = typeof row.quarters === "number" ? confidenceOf(row.quarters) : null;
    return {
      city: String(row.city),
      this_week: roundTo(2, row.this_week),
      last_week: roundTo(2, row.last_week),
      change: confidence === "low" ? null : roundTo(2, row.change),
      confidence,
      neighborhoods: Number(row.neighborhoods),
      left_out: Number(row.left_out),
    };
  });
}

/** The statement of `weekChanges`; the bench explains it. */
export function changeStatement(query: Omit<MeanQuery, "fromMs">): Statement {
  const values = createValues();
  const held = heldScores({ ...query, fromMs: query.toMs - 2 * WEEK_MS }, values);
  const middle = `${values.bind((query.toMs - WEEK_MS) / 1000)}::float8`;
  const text = `
    WITH ${held},
    week AS (
      SELECT city, geohash, score, quarters, greatest(0, until - greatest(since, ${middle})) AS now,
             greatest(0, least(until, ${middle}) - since) AS before
      FROM held WHERE until > since AND score IS NOT NULL
    ),
    mean AS (
      SELECT city, sum(score * now) / nullif(sum(now), 0) AS now, sum(score * before) / nullif(sum(before), 0) AS before,
             sum(quarters * now) / nullif(sum(now), 0) AS worth_now,
             sum(quarters * before) / nullif(sum(before), 0) AS worth_before
      FROM week GROUP BY city, geohash
    )
    SELECT city,
           avg(now) FILTER (WHERE before IS NOT NULL) AS this_week,
           avg(before) FILTER (WHERE now IS NOT NULL) AS last_week,
           avg(now - before) AS change,
           least(sum(worth_now) FILTER (WHERE before IS NOT NULL), sum(worth_before) FILTER (WHERE now IS NOT NULL))
             AS quarters,
           count(now - before)::integer AS neighborhoods,
           (count(*) - count(now - before))::integer AS left_out
    FROM mean GROUP BY city ORDER BY city`;
  return { text, values: values.all };
}

/**
 * CTEs that end in `held`: each score of a neighbourhood, null where it had none, what its reports weigh, and since when until when it held
 * inside the span, in Unix seconds. As floating point: `extract` and intervals take twice as long.
 */
function heldScores({ area, areaId, isOwn = false, score, fromMs, toMs }: MeanQuery, values: Values): string {
  if (!SCORE_NAMES.includes(score)) throw new RangeError(`not a score: ${score}`);
  const { id, city, rows } =
    areaId === undefined ? neighborhoodsIn(area, values) : (isOwn ? onlyOwnArea : onlyArea)(areaId, values);
  const earliest = values.bind(new Date(fromMs - CARRY_MS));
  const end = values.bind(new Date(toMs));
  const from = `${values.bind(fromMs / 1000)}::float8`;
  const to = `${values.bind(toMs / 1000)}::float8`;
  return `
    known AS (
      SELECT ${id} AS geohash, ${city} AS city, cell.${score}::float8 AS score, ${quartersOf(score)}::float8 AS quarters,
             date_part('epoch', cell.calculated_at) AS at
      FROM ${rows}
        AND cell.calculated_at >= ${earliest}::timestamptz AND cell.calculated_at < ${end}::timestamptz
    ),
    held AS (
      SELECT geohash, city, score, quarters, greatest(at, ${from}) AS since,
             lead(at, 1, ${to}) OVER (PARTITION BY geohash ORDER BY at) AS until
      FROM known
    )`;
}

const neighborhoodsIn = (area: AreaFilter, values: Values) => ({
  id: "cell.geohash",
  city: "cell.city",
  rows: `neighborhood_scores AS cell WHERE ${inArea(area, values)} AND cell.precision = ${NEIGHBORHOOD}`,
});

const onlyArea = (id: string, values: Values) => ({
  id: "cell.area",
  city: "named.city",
  rows: `area_scores AS cell JOIN areas AS named ON named.id = cell.area WHERE cell.area = ${values.bind(id)}`,
});

const onlyOwnArea = (id: string, values: Values) => ({
  id: "cell.area",
  city: `'${OWN}'::text`,
  rows: `own_area_scores AS cell WHERE cell.area = ${values.bind(id)}`,
});

/** What the reports behind a score of `cell` weigh: of the overall one, those of the layer with the fewest that has a score. */
export function quartersOf(score: ScoreName): string {
  if (score !== "overall") return `cell.${score}_quarters`;
  return `least(${REPORT_LAYERS.map((layer) => `CASE WHEN cell.${layer} IS NOT NULL THEN cell.${layer}_quarters END`).join(", ")})`;
}
