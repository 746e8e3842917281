import { REPORT_LIFETIME_MS } from "../../tiles/layers.ts";
import type { Report } from "../../tiles/report.ts";
import { parseReportId } from "../../tiles/report-id.ts";
import { idOfSortKey, type Key, logKey } from "./keys.ts";

/** A report as an item: a row of about 150 bytes, of which the id, the time, the layer and the cell are in the keys. */
export interface ReportRow extends Key {
  readonly category: string;
  readonly severity: number;
  readonly lon: number;
  readonly lat: number;
  readonly text?: string;
  /** Unix seconds, rounded up: the table's TTL attribute. */
  readonly expires_at: number;
  /** Unix milliseconds; only on a report that does not live the usual time, since seconds would lose its end. */
  readonly expires_ms?: number;
  /** Of a hidden report, so that a read by id need not ask for its marker. */
  readonly hidden?: true;
}

/** Unix seconds at or after a time in milliseconds, for the TTL attribute. */
export function ttlSeconds(timeMs: number): number {
  return Math.ceil(timeMs / 1000);
}

/** @throws RangeError on a report without a valid id. */
export function rowOfReport(report: Report): ReportRow {
  const key = logKey(report.id);
  if (key === undefined) throw new RangeError(`not a report id: ${report.id}`);
  const usual = report.expiresAtMs === report.createdAtMs + REPORT_LIFETIME_MS;
  return {
    ...key,
    category: report.category,
    severity: report.severity,
    lon: report.lonDeg,
    lat: report.latDeg,
    ...(report.text === undefined ? {} : { text: report.text }),
    expires_at: ttlSeconds(report.expiresAtMs),
    ...(usual ? {} : { expires_ms: report.expiresAtMs }),
  };
}

/** @throws RangeError on a row whose sort key holds no report id. */
export function reportOfRow(row: ReportRow): Report {
  const id = idOfSortKey(row.sk);
  const parts = parseReportId(id);
  if (parts === undefined) throw new RangeError(`not a report row: ${row.sk}`);
  return {
    id,
    layer: parts.layer,
    category: row.category,
    severity: row.severity,
    lonDeg: row.lon,
    latDeg: row.lat,
    ...(row.text === undefined ? {} : { text: row.text }),
    createdAtMs: parts.createdAtMs,
    expiresAtMs: row.expires_ms ?? parts.createdAtMs + REPORT_LIFETIME_MS,
  };
}
