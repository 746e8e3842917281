import { REPORT_LAYERS, type ReportLayer } from "../../tiles/layers.ts";
import { cityOfCell } from "../areas/city-of-cell.ts";
import { DAY_MS, formatDay } from "../kit/utc-time.ts";
import type { Sql, SqlRow, Statement } from "../ports/sql.ts";
import { areasOfSets, OWN_AREAS, type RankedSet } from "./area-ranking.ts";
import { type CountedPlace, countsIn, createValues, roundTo, type Values } from "./statement.ts";

const MONTH_DAYS = 30;

/** What counts as rising. */
export interface RisingTerms {
  readonly layer: ReportLayer;
  readonly months: Months;
  /** Percent by which a neighbourhood must have gone up, at least. */
  readonly minChange: number;
  /** Reports that it must have had this month, at least: 2 after 1 is 100% more, and means nothing. */
  readonly minReports: number;
  readonly limit: number;
}

export interface RisingQuery extends RisingTerms, CountedPlace {
  readonly after?: RisingCursor;
}

export interface RisingAreasQuery extends RisingTerms {
  /** Of whose areas. */
  readonly sets: readonly RankedSet[];
  /** Only this one. Of an account's area, whose owner asks, `sets` say nothing. */
  readonly only?: { readonly id: string; readonly isOwn: boolean };
}

/** Where a page ended. */
export interface RisingCursor {
  /** This month's reports over last month's; Infinity when there were none. */
  readonly ratio: number;
  readonly reports: number;
  readonly geohash: string;
}

/** Two spans of days (UTC, `YYYY-MM-DD`), first and last day inside. */
export interface Months {
  readonly thisMonth: { readonly from: string; readonly to: string };
  readonly lastMonth: { readonly from: string; readonly to: string };
}

/** What rose. */
export interface Rise {
  readonly reports: number;
  readonly reportsBefore: number;
  /** Null when there were none before. */
  readonly changePercent: number | null;
  /** Whether there are so few reports that a few more make another change of it. */
  readonly isSmall: boolean;
}

export interface RisingNeighborhood extends Rise {
  readonly geohash: string;
  /** Of a part of an area its area's, else that whose box holds the cell. */
  readonly city: string | null;
}

export interface RisingArea extends Rise, RankedSet {
  readonly id: string;
  readonly name: string;
}

/** Fewer reports this month are marked. */
const FEW_REPORTS = 10;

/**
 * "This month" is the 30 days up to a moment, that day's included, and "last month" the 30 before: calendar months would
 * compare three days with thirty on the third of each, and February with January.
 */
export function monthsUpTo(nowMs: number): Months {
  const day = (ago: number) => formatDay(nowMs - ago * DAY_MS);
  return {
    thisMonth: { from: day(MONTH_DAYS - 1), to: day(0) },
    lastMonth: { from: day(2 * MONTH_DAYS - 1), to: day(MONTH_DAYS) },
  };
}

/**
 * Neighbourhoods with more reports of a layer this month than last, one page of them: the steepest rise first, and those without reports
 * last month, which rose from nothing, at the end.
 */
export async function risingNeighborhoods(
  sql: Sql,
  query: RisingQuery,
): Promise<{ neighborhoods: RisingNeighborhood[]; next?: RisingCursor }> {
  const { text, values } = risingStatement({ ...query, limit: query.limit + 1 });
  const rows = await sql.query(text, values);
  const page = rows.slice(0, query.limit);
  const last = page.at(-1);
  const neighborhoods = page.map((row) => ({
    geohash: String(row.geohash),
    city: row.city === null ? ofNoCity(query, String(row.geohash)) : String(row.city),
    ...riseOf(row),
  }));
  if (rows.length <= query.limit || last === undefined) return { neighborhoods };
  const next = { ratio: Number(last.ratio), reports: Number(last.reports), geohash: String(last.geohash) };
  return { neighborhoods, next };
}

/** Of an own area's parts it is not asked of PostgreSQL. */
const ofNoCity = ({ isOwn }: RisingQuery, geohash: string) => (isOwn ? (cityOfCell(geohash)?.id ?? null) : null);

const riseOf = ({ reports, before, ratio }: SqlRow): Rise => ({
  reports: Number(reports),
  reportsBefore: Number(before),
  changePercent: Number(before) === 0 ? null : roundTo(1, (Number(ratio) - 1) * 100),
  isSmall: Number(reports) < FEW_REPORTS,
});

/** Areas that rose likewise, the steepest first; how many more there are. */
export async function risingAreas(
  sql: Sql,
  query: RisingAreasQuery,
): Promise<{ areas: RisingArea[]; leftOut: number }> {
  if (query.sets.length === 0 && query.only?.isOwn !== true) return { areas: [], leftOut: 0 };
  const { text, values } = risingAreasStatement(query);
  const rows = await sql.query(text, values);
  const areas = rows.map((row) => ({
    id: String(row.id),
    name: String(row.name),
    city: String(row.city),
    kind: String(row.kind),
    ...riseOf(row),
  }));
  return { areas, leftOut: Number(rows[0]?.found ?? 0) - rows.length };
}

/** The statement of `risingNeighborhoods`; the bench explains it. */
export function risingStatement(query: RisingQuery): Statement {
  const { area, areaId, isOwn = false, limit, after } = query;
  const values = createValues();
  const here = countsIn({ area, isOwn, ...(areaId !== undefined && { areaId }) }, values);
  // An area's parts are of its city.
  const ofArea = (id: string) =>
    isOwn ? "NULL::text" : `(SELECT known.city FROM areas AS known WHERE known.id = ${values.bind(id)})`;
  const city = areaId === undefined ? "min(cell.city)" : ofArea(areaId);
  const { sums, inMonths, rising } = monthsOf(query, values);
  const next =
    after === undefined
      ? ""
      : `WHERE (is_new, -ratio, -reports, geohash) > (${values.bind(!Number.isFinite(after.ratio))}::boolean, ${values.bind(-after.ratio)}::float8, ${values.bind(-after.reports)}::integer, ${values.bind(after.geohash)}::text)`;
  const text = `
    WITH month AS (
      SELECT cell.geohash, ${city} AS city, ${sums} FROM ${here} AND ${inMonths} GROUP BY cell.geohash
    ),
    rising AS (${rising})
    SELECT * FROM rising ${next} ORDER BY is_new, -ratio, -reports, geohash LIMIT ${values.bind(limit)}`;
  return { text, values: values.all };
}

/** The statement of `risingAreas`. Of a set only what was seen in its newest version is an area still. */
export function risingAreasStatement(query: RisingAreasQuery): Statement {
  const values = createValues();
  const isOwn = query.only?.isOwn === true;
  const known = isOwn ? OWN_AREAS : areasOfSets(query.sets, values);
  const only = query.only === undefined ? "" : `AND known.id = ${values.bind(query.only.id)}`;
  const { sums, inMonths, rising } = monthsOf(query, values);
  const text = `
    WITH known AS (${known}),
    month AS (
      SELECT known.id, known.name, known.city, known.kind, counted.*
      FROM known CROSS JOIN LATERAL (
        SELECT ${sums} FROM ${isOwn ? "own_area_counts" : "area_counts"} AS cell WHERE cell.area = known.id AND ${inMonths}
      ) AS counted
      WHERE known.is_live ${only}
    ),
    rising AS (${rising})
    SELECT *, (count(*) OVER ())::integer AS found FROM rising
    ORDER BY is_new, -ratio, -reports, id LIMIT ${values.bind(query.limit)}`;
  return { text, values: values.all };
}

/** Both months' counts of `cell`, and the rows of `month` that rose enough. */
function monthsOf({ layer, months, minChange, minReports }: RisingTerms, values: Values) {
  if (!REPORT_LAYERS.includes(layer)) throw new RangeError(`not a layer: ${layer}`);
  const first = values.bind(months.lastMonth.from);
  const middle = `${values.bind(months.thisMonth.from)}::date`;
  const end = values.bind(months.thisMonth.to);
  // Compared as whole numbers: 13 after 10 is exactly 30% more.
  const enough = `reports * 100 >= before * (100 + ${values.bind(minChange)}::numeric)`;
  return {
    sums: `coalesce(sum(cell.report_count) FILTER (WHERE cell.day >= ${middle}), 0)::integer AS reports,
           coalesce(sum(cell.report_count) FILTER (WHERE cell.day < ${middle}), 0)::integer AS before`,
    inMonths: `cell.layer = ${values.bind(layer)} AND cell.day BETWEEN ${first}::date AND ${end}::date`,
    rising: `
      SELECT *, coalesce(reports / nullif(before, 0)::float8, 'Infinity') AS ratio, before = 0 AS is_new FROM month
      WHERE reports > 0 AND reports >= ${values.bind(minReports)}::integer AND ${enough}`,
  };
}
