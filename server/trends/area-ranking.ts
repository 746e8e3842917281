import { REPORT_LAYERS } from "../../tiles/layers.ts";
import {
  MEDIUM_QUARTERS,
  type PerLayer,
  perLayer,
  SCORE_NAMES,
  type ScoreName,
  type ScoreTenths,
} from "../../tiles/scores/scores.ts";
import { OWN } from "../areas/own-area-id.ts";
import { DAY_MS } from "../kit/utc-time.ts";
import type { Sql, SqlRow, Statement } from "../ports/sql.ts";
import { CARRY_MS, quartersOf } from "./score-means.ts";
import { createValues, type Values } from "./statement.ts";

/** What comes first: the highest score, the lowest, what went up most in a week, or names from A to Z. */
export const AREA_ORDERS = ["best", "worst", "rising", "name"] as const;
export type AreaOrder = (typeof AREA_ORDERS)[number];

/** A set of areas, as a ranking needs it. */
export interface RankedSet {
  readonly city: string;
  readonly kind: string;
}

export interface AreaRankingQuery {
  readonly sets: readonly RankedSet[];
  /** Only these; all areas of the sets without it. */
  readonly ids?: readonly string[];
  /** Whoever asks, where areas of the account are asked for, too: those of `ids`, or all of them without. */
  readonly owner?: string;
  readonly layer: ScoreName;
  readonly order: AreaOrder;
  /** Unix milliseconds: how areas stood then. */
  readonly nowMs: number;
  readonly limit: number;
  readonly after?: AreaRank;
}

/** Where an area stands in an order; less is earlier. */
export interface AreaRank {
  /** 0, or 1 for a score of low confidence, 2 for none. */
  readonly tier: number;
  /** The score or its change in tenths, negative where more comes first. */
  readonly key: number;
  readonly name: string;
  readonly id: string;
}

export interface RankedArea extends RankedSet {
  readonly id: string;
  readonly name: string;
  /** Undefined when nothing was known of it in the last two days. */
  readonly latest: AreaStanding | undefined;
  /** The same a week before. */
  readonly earlier: Pick<AreaStanding, "scores" | "worthQuarters"> | undefined;
}

/** How an area stands. */
export interface AreaStanding {
  /** Beginning of the hour of which it is known, ISO 8601. */
  readonly calculatedAt: string;
  readonly scores: ScoreTenths;
  readonly worthQuarters: PerLayer;
  readonly reportCount7d: number;
  readonly reportCount30d: number;
}

const WEEK_MS = 7 * DAY_MS;

/** Areas in an order by one of their scores, one page of them. */
export async function rankAreas(
  sql: Sql,
  query: AreaRankingQuery,
): Promise<{ areas: RankedArea[]; next: AreaRank | undefined }> {
  const { text, values } = areaRankingStatement({ ...query, limit: query.limit + 1 });
  const rows = await sql.query(text, values);
  const page = rows.slice(0, query.limit);
  const last = page.at(-1);
  const isMore = rows.length > query.limit && last !== undefined;
  return { areas: page.map(toRankedArea), next: isMore ? toRank(last) : undefined };
}

/**
 * The statement of `rankAreas`. Of a set only what was seen in its newest version is an area still. The primary key finds an area's two
 * rows, so that it does not matter how long its history is.
 */
export function areaRankingStatement(query: AreaRankingQuery): Statement {
  const { sets, ids, owner, layer, order, nowMs, limit, after } = query;
  if (!SCORE_NAMES.includes(layer)) throw new RangeError(`not a score: ${layer}`);
  const values = createValues();
  const own = owner === undefined ? "" : ` UNION ALL ${OWN_AREAS} WHERE owner = ${values.bind(owner)}::uuid`;
  const wanted = ids === undefined ? "" : `AND id = ANY (${values.bind(ids)}::text[])`;
  const { tier, key } = rankingOf(order);
  const table = owner === undefined ? "area_scores" : WITH_OWN_SCORES;
  const text = `
    WITH known AS (${areasOfSets(sets, values)}${own}),
    area AS (
      SELECT area.id, area.name, area.city, area.kind,
             latest.at, latest.scores, latest.quarters, latest.report_count_7d, latest.report_count_30d, latest.score, latest.worth,
             earlier.scores AS earlier_scores, earlier.quarters AS earlier_quarters,
             CASE WHEN least(latest.worth, earlier.worth) >= ${MEDIUM_QUARTERS} THEN latest.score - earlier.score END AS change
      FROM known AS area
      LEFT JOIN LATERAL (${standingAt({ layer, atMs: nowMs, table }, values)}) AS latest ON true
      LEFT JOIN LATERAL (${standingAt({ layer, atMs: nowMs - WEEK_MS, table }, values)}) AS earlier ON true
      WHERE area.is_live ${wanted}
    ),
    ranked AS (SELECT *, ${tier} AS tier, ${key} AS key, lower(name) COLLATE "C" AS sorted FROM area)
    SELECT * FROM ranked ${after === undefined ? "" : `WHERE ${isAfter(after, values)}`}
    ORDER BY tier, key, sorted, id LIMIT ${values.bind(limit)}`;
  return { text, values: values.all };
}

/** Areas of sets: only those that were seen in a set's newest version are live. */
export function areasOfSets(sets: readonly RankedSet[], values: Values): string {
  const cities = values.bind(sets.map(({ city }) => city));
  const kinds = values.bind(sets.map(({ kind }) => kind));
  return `
      SELECT id, name, city, kind, version = max(version) OVER (PARTITION BY city, kind) AS is_live
      FROM areas WHERE (city, kind) IN (SELECT * FROM unnest(${cities}::text[], ${kinds}::text[]))`;
}

/** The same of areas of accounts. Whoever asks must be told of those that are the asker's alone. */
export const OWN_AREAS = `SELECT id, name, '${OWN}'::text AS city, '${OWN}'::text AS kind, true AS is_live FROM own_areas`;

/** The primary keys find the last row in each of the two. */
const SCORED = [
  ...["area", "calculated_at", "report_count_7d", "report_count_30d"],
  ...SCORE_NAMES,
  ...REPORT_LAYERS.map((layer) => `${layer}_quarters`),
].join(", ");
const WITH_OWN_SCORES = `(SELECT ${SCORED} FROM area_scores UNION ALL SELECT ${SCORED} FROM own_area_scores)`;

/** The last row of `area` up to a moment, if it tells of it still. */
function standingAt(
  { layer, atMs, table }: { readonly layer: ScoreName; readonly atMs: number; readonly table: string },
  values: Values,
): string {
  const at = `${values.bind(new Date(atMs))}::timestamptz`;
  const earliest = `${values.bind(new Date(atMs - CARRY_MS))}::timestamptz`;
  return `
        SELECT to_char(cell.calculated_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS at,
               ARRAY[${SCORE_NAMES.map((name) => `(cell.${name} * 10)::integer`).join(", ")}] AS scores,
               ARRAY[${REPORT_LAYERS.map((each) => `cell.${each}_quarters`).join(", ")}] AS quarters,
               cell.report_count_7d, cell.report_count_30d,
               (cell.${layer} * 10)::integer AS score, ${quartersOf(layer)} AS worth
        FROM ${table} AS cell
        WHERE cell.area = area.id AND cell.calculated_at > ${earliest} AND cell.calculated_at <= ${at}
        ORDER BY cell.calculated_at DESC LIMIT 1`;
}

/** A score of low confidence is no first place, and no last: it comes after those that one can rely on. */
const SCORE_TIER = `CASE WHEN score IS NULL THEN 2 WHEN worth < ${MEDIUM_QUARTERS} THEN 1 ELSE 0 END`;

function rankingOf(order: AreaOrder): { readonly tier: string; readonly key: string } {
  switch (order) {
    case "best":
      return { tier: SCORE_TIER, key: "coalesce(-score, 0)" };
    case "worst":
      return { tier: SCORE_TIER, key: "coalesce(score, 0)" };
    case "rising":
      return { tier: "CASE WHEN change IS NULL THEN 2 ELSE 0 END", key: "coalesce(-change, 0)" };
    case "name":
      return { tier: "0", key: "0" };
  }
}

function isAfter({ tier, key, name, id }: AreaRank, values: Values): string {
  const [at, of] = [values.bind(tier), values.bind(key)];
  const sorted = `lower(${values.bind(name)}::text) COLLATE "C"`;
  return `(tier, key, sorted, id) > (${at}::integer, ${of}::integer, ${sorted}, ${values.bind(id)}::text)`;
}

const toRank = ({ tier, key, name, id }: SqlRow): AreaRank => ({
  tier: Number(tier),
  key: Number(key),
  name: String(name),
  id: String(id),
});

function toRankedArea(row: SqlRow): RankedArea {
  const { id, name, city, kind, at, report_count_7d, report_count_30d } = row;
  const latest = at !== null && {
    calculatedAt: String(at),
    ...scoresIn(row.scores, row.quarters),
    reportCount7d: Number(report_count_7d),
    reportCount30d: Number(report_count_30d),
  };
  return {
    id: String(id),
    name: String(name),
    city: String(city),
    kind: String(kind),
    latest: latest || undefined,
    earlier: row.earlier_scores === null ? undefined : scoresIn(row.earlier_scores, row.earlier_quarters),
  };
}

function scoresIn(tenths: unknown, quarters: unknown): { scores: ScoreTenths; worthQuarters: PerLayer } {
  const scoreOf = (name: ScoreName) => (tenths as readonly (number | null)[])[SCORE_NAMES.indexOf(name)] ?? null;
  return {
    scores: { ...perLayer(scoreOf), overall: scoreOf("overall") },
    worthQuarters: perLayer((layer) => (quarters as readonly number[])[REPORT_LAYERS.indexOf(layer)] ?? 0),
  };
}
