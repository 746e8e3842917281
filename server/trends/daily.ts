import type { ReportLayer } from "../../tiles/layers.ts";
import { DAY_MS, formatDay } from "../kit/utc-time.ts";
import type { Sql, Statement } from "../ports/sql.ts";
import { type CountedPlace, countsIn, createValues, roundTo, type Values } from "./statement.ts";

export interface DailyQuery extends CountedPlace {
  readonly layers: readonly ReportLayer[];
  /** First and last day (UTC, `YYYY-MM-DD`), both inside. */
  readonly from: string;
  readonly to: string;
  /** Neighbourhoods that are told apart, the most reported first. */
  readonly limit: number;
}

export interface DailyReports {
  /** Every day of the span, ascending. */
  readonly days: readonly DayReports[];
  readonly neighborhoods: readonly DailyNeighborhood[];
  /** Neighbourhoods with reports beyond the limit. */
  readonly leftOut: number;
}

export interface DayReports {
  readonly day: string;
  readonly reports: number;
  /** Mean; null without reports. */
  readonly severity: number | null;
}

export interface DailyNeighborhood {
  readonly geohash: string;
  readonly total: number;
  /** Of each day of the span. */
  readonly reports: readonly number[];
}

/** The last days up to a moment, that day's included. */
export function daysUpTo(nowMs: number, days: number): { from: string; to: string } {
  return { from: formatDay(nowMs - (days - 1) * DAY_MS), to: formatDay(nowMs) };
}

/** Reports of an area by day: of all of it, and of the neighbourhoods with the most. */
export async function dailyReports(sql: Sql, query: DailyQuery): Promise<DailyReports> {
  const days = listDays(query);
  const found = await ask(sql, dailyStatement(query));
  const byDay = new Map(found.map((row) => [String(row.day), row]));
  const rows = query.limit === 0 ? [] : await ask(sql, dailyNeighborhoodsStatement(query));
  return {
    days: days.map((day) => {
      const reports = Number(byDay.get(day)?.reports ?? 0);
      const severity = reports === 0 ? null : roundTo(1, Number(byDay.get(day)?.severity) / reports);
      return { day, reports, severity };
    }),
    neighborhoods: rows.map(({ geohash, total, at, reports }) => ({
      geohash: String(geohash),
      total: Number(total),
      reports: spread(days.length, at as readonly number[], reports as readonly number[]),
    })),
    leftOut: Number(rows[0]?.found ?? 0) - rows.length,
  };
}

const ask = (sql: Sql, { text, values }: Statement) => sql.query(text, values);

function listDays({ from, to }: DailyQuery): string[] {
  const fromMs = Date.parse(from);
  return Array.from({ length: (Date.parse(to) - fromMs) / DAY_MS + 1 }, (_, i) => formatDay(fromMs + i * DAY_MS));
}

function spread(length: number, at: readonly number[], values: readonly number[]): number[] {
  const all = new Array<number>(length).fill(0);
  at.forEach((place, i) => {
    all[place] = values[i] ?? 0;
  });
  return all;
}

/** The statement of the sums by day; the bench explains it. */
export function dailyStatement(query: DailyQuery): Statement {
  const values = createValues();
  const text = `
    SELECT cell.day::text AS day, sum(cell.report_count)::integer AS reports, sum(cell.severity_sum)::integer AS severity
    FROM ${counted(query, values)}
    GROUP BY cell.day`;
  return { text, values: values.all };
}

/** The statement of the neighbourhoods; the bench explains it. Days as numbers from the first. */
export function dailyNeighborhoodsStatement(query: DailyQuery): Statement {
  const values = createValues();
  const text = `
    WITH daily AS (
      SELECT cell.geohash, cell.day - ${values.bind(query.from)}::date AS at, sum(cell.report_count)::integer AS reports
      FROM ${counted(query, values)}
      GROUP BY cell.geohash, cell.day
    )
    SELECT geohash, sum(reports)::integer AS total, array_agg(at ORDER BY at) AS at,
           array_agg(reports ORDER BY at) AS reports, (count(*) OVER ())::integer AS found
    FROM daily GROUP BY geohash ORDER BY total DESC, geohash LIMIT ${values.bind(query.limit)}`;
  return { text, values: values.all };
}

function counted({ layers, from, to, ...place }: DailyQuery, values: Values): string {
  return `${countsIn(place, values)} AND cell.layer = ANY (${values.bind(layers)}::text[])
      AND cell.day BETWEEN ${values.bind(from)}::date AND ${values.bind(to)}::date`;
}
