import type { DatabaseSync, SQLInputValue } from "node:sqlite";
import { REPORT_LIFETIME_MS } from "../../../tiles/layers.ts";
import type { Report } from "../../../tiles/report.ts";
import { parseReportId, timeOfId } from "../../../tiles/report-id.ts";
import type { LogCell } from "../../ports/report-store.ts";
import { cellName, cellOfPartition } from "../keys.ts";

/** A row of `reports`, its cell aside, in the order of `REPORT_COLUMNS`. */
export type SqliteRow = readonly [
  id: string,
  category: string,
  severity: number,
  lonE6: number,
  latE6: number,
  text: string | null,
  expiresMs: number | null,
  reporter: number | null,
];

export const REPORT_COLUMNS = "id, category, severity, lon_e6, lat_e6, text, expires_ms, reporter";

/** What is left of a removed report: its id, so that nothing brings it back. */
export const BLANK_ROW = "category = '', severity = 0, lon_e6 = 0, lat_e6 = 0, text = NULL, reporter = NULL";

export function rowOf(report: Report): SqliteRow {
  const { id, category, severity, lonDeg, latDeg, text, createdAtMs, expiresAtMs, reporter } = report;
  return [
    id,
    category,
    severity,
    Math.round(lonDeg * 1e6),
    Math.round(latDeg * 1e6),
    text ?? null,
    expiresAtMs === createdAtMs + REPORT_LIFETIME_MS ? null : expiresAtMs,
    reporter ?? null,
  ];
}

/** The report of a row; undefined of a removed one. */
export function reportOf(layer: Report["layer"], row: SqliteRow): Report | undefined {
  const [id, category, severity, lonE6, latE6, text, expiresMs, reporter] = row;
  if (category === "") return undefined;
  const createdAtMs = timeOfId(id);
  return {
    id,
    layer,
    category,
    severity,
    lonDeg: lonE6 / 1e6,
    latDeg: latE6 / 1e6,
    ...(text === null ? {} : { text }),
    ...(reporter === null ? {} : { reporter }),
    createdAtMs,
    expiresAtMs: expiresMs ?? createdAtMs + REPORT_LIFETIME_MS,
  };
}

/** The cell of its name; undefined of a layer that only a later program knows. */
export const cellOfName = (name: string): LogCell | undefined => cellOfPartition(`${name}#0`);

/** Where an id is: its cell's name; undefined when it is no id. */
export function cellNameOfId(id: string): string | undefined {
  const parts = parseReportId(id);
  return parts && cellName(parts);
}

/** A statement whose rows come as arrays, which takes a third of the time of objects. */
export function arrays<T extends readonly unknown[]>(db: DatabaseSync, sql: string) {
  const statement = db.prepare(sql);
  statement.setReturnArrays(true);
  return {
    all: (...values: SQLInputValue[]): T[] => statement.all(...values) as unknown as T[],
    get: (...values: SQLInputValue[]): T | undefined => statement.get(...values) as unknown as T | undefined,
  };
}
