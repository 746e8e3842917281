import { REPORT_LAYERS, type ReportLayer } from "../../tiles/layers.ts";
import { DAY_MS, formatDay } from "../kit/utc-time.ts";
import type { Sql, Statement } from "../ports/sql.ts";
import type { AreaFilter } from "./area.ts";
import { createValues, inArea, roundTo } from "./statement.ts";

const MONTH_DAYS = 30;

export interface RisingQuery {
  readonly area: AreaFilter;
  readonly layer: ReportLayer;
  readonly months: Months;
  /** Percent by which a neighbourhood must have gone up, at least. */
  readonly minChange: number;
  /** Reports that it must have had this month, at least: 2 after 1 is 100% more, and means nothing. */
  readonly minReports: number;
  readonly limit: number;
  readonly after?: RisingCursor;
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

export interface RisingNeighborhood {
  readonly geohash: string;
  readonly city: string | null;
  readonly reports: number;
  readonly reportsBefore: number;
  /** Null when there were none before. */
  readonly changePercent: number | null;
  /** Whether there are so few reports that a few more make another change of it. */
  readonly isSmall: boolean;
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
    city: row.city === null ? null : String(row.city),
    reports: Number(row.reports),
    reportsBefore: Number(row.before),
    changePercent: Number(row.before) === 0 ? null : roundTo(1, (Number(row.ratio) - 1) * 100),
    isSmall: Number(row.reports) < FEW_REPORTS,
  }));
  if (rows.length <= query.limit || last === undefined) return { neighborhoods };
  const next = { ratio: Number(last.ratio), reports: Number(last.reports), geohash: String(last.geohash) };
  return { neighborhoods, next };
}

/** The statement of `risingNeighborhoods`; the bench explains it. */
export function risingStatement(query: RisingQuery): Statement {
  const { area, layer, months, minChange, minReports, limit, after } = query;
  if (!REPORT_LAYERS.includes(layer)) throw new RangeError(`not a layer: ${layer}`);
  const values = createValues();
  const here = inArea(area, values);
  const first = values.bind(months.lastMonth.from);
  const middle = `${values.bind(months.thisMonth.from)}::date`;
  const end = values.bind(months.thisMonth.to);
  // Compared as whole numbers: 13 after 10 is exactly 30% more.
  const enough = `reports * 100 >= before * (100 + ${values.bind(minChange)}::numeric)`;
  const next =
    after === undefined
      ? ""
      : `WHERE (is_new, -ratio, -reports, geohash) > (${values.bind(!Number.isFinite(after.ratio))}::boolean, ${values.bind(-after.ratio)}::float8, ${values.bind(-after.reports)}::integer, ${values.bind(after.geohash)}::text)`;
  const text = `
    WITH month AS (
      SELECT cell.geohash, min(cell.city) AS city,
             coalesce(sum(cell.report_count) FILTER (WHERE cell.day >= ${middle}), 0)::integer AS reports,
             coalesce(sum(cell.report_count) FILTER (WHERE cell.day < ${middle}), 0)::integer AS before
      FROM report_counts AS cell
      WHERE ${here} AND cell.layer = ${values.bind(layer)}
        AND cell.day BETWEEN ${first}::date AND ${end}::date
      GROUP BY cell.geohash
    ),
    rising AS (
      SELECT *, coalesce(reports / nullif(before, 0)::float8, 'Infinity') AS ratio, before = 0 AS is_new FROM month
      WHERE reports > 0 AND reports >= ${values.bind(minReports)}::integer AND ${enough}
    )
    SELECT * FROM rising ${next} ORDER BY is_new, -ratio, -reports, geohash LIMIT ${values.bind(limit)}`;
  return { text, values: values.all };
}
