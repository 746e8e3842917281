import { REPORT_LAYERS, type ReportLayer } from "../../tiles/layers.ts";
import { SCORE_NAMES } from "../../tiles/scores/scores.ts";
import { formatDay } from "../kit/utc-time.ts";
import type { Statement } from "../ports/sql.ts";
import { type AreaFilter, type CellRun, NEIGHBORHOOD, runsOf, type ScorePrecision } from "./area.ts";
import { createValues, type Values } from "./statement.ts";

/** What a column holds: how each format writes it. */
export type ColumnType = "text" | "score" | "worth" | "count" | "instant" | "day" | "degrees";

export interface Column {
  readonly name: string;
  readonly type: ColumnType;
}

/** A row to write, by column name. Times and days are text already: ISO 8601, UTC. */
export type ExportRow = Readonly<Record<string, string | number | null>>;

export interface ExportFilter extends AreaFilter {
  /** Of areas only: one area, or all of a city, which need not be one of ours. */
  readonly areas?: { readonly id: string } | { readonly city: string };
  /** Of scores of cells only; counts are by neighbourhood. */
  readonly precision?: ScorePrecision;
  /** Of counts only; all without it. */
  readonly layers?: readonly ReportLayer[];
  /** Unix milliseconds, inclusive. Counts have whole days (UTC): the one that it lies in, too. */
  readonly fromMs?: number;
  /** Unix milliseconds, exclusive. */
  readonly toMs: number;
}

/** Values of the key columns of the last row that was read. */
export type RowKey = readonly string[];

/** A table that can be exported, page by page in the order of its key, which is that of its primary key. */
export interface Dataset {
  readonly name: string;
  readonly columns: readonly Column[];
  /** Columns that identify a row, what it is of first. */
  readonly key: readonly string[];
  /** Whether a text can stand in the key at that place. */
  isKey(key: RowKey): boolean;
  runs(filter: ExportFilter): readonly CellRun[];
  statement(filter: ExportFilter, run: CellRun, after: RowKey | undefined, limit: number): Statement;
}

const PLACE: readonly Column[] = [
  { name: "geohash", type: "text" },
  { name: "name", type: "text" },
  { name: "lat", type: "degrees" },
  { name: "lon", type: "degrees" },
  { name: "city", type: "text" },
];

export const ofScores = SCORE_NAMES.map((name): Column => ({ name, type: "score" }));
export const ofWorth = REPORT_LAYERS.map((layer): Column => ({ name: `${layer}_worth`, type: "worth" }));

/** When `cell` was scored. Microseconds, because a cursor must name its row exactly. */
export const AT = `to_char(cell.calculated_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')`;
/** Selected of `cell`. */
export const SCORE_EXPRESSIONS = [
  ...SCORE_NAMES.map((name) => `cell.${name}::float8`),
  ...REPORT_LAYERS.map((layer) => `cell.${layer}_quarters / 4.0::float8 AS ${layer}_worth`),
].join(", ");

export const INSTANT = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?Z$/;
export const DAY = /^\d{4}-\d\d-\d\d$/;
const GEOHASH = /^[0-9b-hjkmnp-z]{4,6}$/;
export const isDate = (text: string | undefined, shape: RegExp) =>
  text !== undefined && shape.test(text) && !Number.isNaN(Date.parse(text));

export const SCORES: Dataset = {
  name: "scores",
  columns: [
    ...PLACE,
    { name: "calculated_at", type: "instant" },
    ...ofScores,
    ...ofWorth,
    { name: "report_count_7d", type: "count" },
  ],
  key: ["geohash", "calculated_at"],
  isKey: ([geohash = "", at, ...rest]) => GEOHASH.test(geohash) && isDate(at, INSTANT) && rest.length === 0,
  runs: (filter) => runsOf(filter, filter.precision ?? NEIGHBORHOOD),
  statement(filter, run, after, limit) {
    const values = createValues();
    const conditions = [
      ...inRun(run, filter, values),
      `cell.precision = ${values.bind(filter.precision ?? NEIGHBORHOOD)}`,
      ...inSpan(filter, values),
    ];
    if (after !== undefined) {
      const [geohash, time] = after.map((value) => values.bind(value));
      conditions.push(`(cell.geohash, cell.calculated_at) > (${geohash}::text, ${time}::timestamptz)`);
    }
    const text = `
      SELECT cell.geohash, cell.city, ${AT} AS calculated_at, ${SCORE_EXPRESSIONS}, cell.report_count_7d
      FROM neighborhood_scores AS cell WHERE ${conditions.join(" AND ")}
      ORDER BY cell.geohash, cell.calculated_at LIMIT ${values.bind(limit)}`;
    return { text, values: values.all };
  },
};

/** What is told of reports of a day. */
export const COUNTED: readonly Column[] = [
  { name: "layer", type: "text" },
  { name: "day", type: "day" },
  { name: "report_count", type: "count" },
  { name: "severity_sum", type: "count" },
  { name: "worth", type: "worth" },
  { name: "severity_worth", type: "worth" },
];

export const REPORT_COUNTS: Dataset = {
  name: "reports-counts",
  columns: [...PLACE, ...COUNTED],
  key: ["geohash", "layer", "day"],
  isKey: ([geohash = "", layer = "", day, ...rest]) =>
    GEOHASH.test(geohash) && /^[a-z]{1,16}$/.test(layer) && isDate(day, DAY) && rest.length === 0,
  runs: (filter) => runsOf(filter, NEIGHBORHOOD),
  statement(filter, run, after, limit) {
    const values = createValues();
    const conditions = [...inRun(run, filter, values), ...inDays(filter, values)];
    if (after !== undefined) {
      const [geohash, layer, day] = after.map((value) => values.bind(value));
      conditions.push(`(cell.geohash, cell.layer, cell.day) > (${geohash}::text, ${layer}::text, ${day}::date)`);
    }
    const text = `
      SELECT cell.geohash, cell.city, cell.layer, cell.day::text, cell.report_count, cell.severity_sum,
             cell.worth_quarters / 4.0::float8 AS worth, cell.severity_quarters / 4.0::float8 AS severity_worth
      FROM report_counts AS cell WHERE ${conditions.join(" AND ")}
      ORDER BY cell.geohash, cell.layer, cell.day LIMIT ${values.bind(limit)}`;
    return { text, values: values.all };
  },
};

/** Of scores: those of the hours of the span. */
export function inSpan({ fromMs, toMs }: ExportFilter, values: Values): string[] {
  const at = (timeMs: number) => `${values.bind(new Date(timeMs))}::timestamptz`;
  const since = fromMs === undefined ? [] : [`cell.calculated_at >= ${at(fromMs)}`];
  return [...since, `cell.calculated_at < ${at(toMs)}`];
}

/** Of counts: those of the layers, and of the days of the span. */
export function inDays({ layers, fromMs, toMs }: ExportFilter, values: Values): string[] {
  const dayOf = (timeMs: number) => `${values.bind(formatDay(timeMs))}::date`;
  return [
    ...(layers === undefined ? [] : [`cell.layer = ANY (${values.bind(layers)}::text[])`]),
    ...(fromMs === undefined ? [] : [`cell.day >= ${dayOf(fromMs)}`]),
    `cell.day <= ${dayOf(toMs - 1)}`,
  ];
}

function inRun(run: CellRun, { city }: ExportFilter, values: Values): string[] {
  const cells = `cell.geohash BETWEEN ${values.bind(run.low)} AND ${values.bind(run.high)}`;
  return city === undefined ? [cells] : [cells, `cell.city = ${values.bind(city.id)}`];
}

export const keyOf = (dataset: Dataset, row: ExportRow): RowKey => dataset.key.map((name) => String(row[name]));
