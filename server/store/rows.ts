import { REPORT_LIFETIME_MS } from "../../tiles/layers.ts";
import type { Report } from "../../tiles/report.ts";
import { parseReportId } from "../../tiles/report-id.ts";
import { idOfSortKey, type Key, logKey } from "./keys.ts";

/** What a report says, apart from the id, the time, the layer and the cell, which are in the keys. */
export interface ReportContent {
  readonly category: string;
  readonly severity: number;
  readonly lon: number;
  readonly lat: number;
  readonly text?: string;
}

/** A report as an item: a row of about 150 bytes. */
export interface ReportRow extends Key, ReportContent {
  /** Unix seconds, rounded up: the table's TTL attribute. */
  readonly expires_at: number;
  /** Unix milliseconds; only on a report that does not live the usual time, since seconds would lose its end. */
  readonly expires_ms?: number;
  /** The bucket of whoever reported; without one it counts by itself. */
  readonly reporter?: number;
  /** Of a removed report: nothing of what it said is left. */
  readonly removed?: true;
}

/** What an edited report is now, beside its row, which stays as it was put. Without a version it is of an older program, and hidden. */
export interface EditedRow extends Key {
  readonly v?: number;
  readonly state?: EditedState;
  /** What it says since it was replaced. */
  readonly content?: ReportContent;
  /** Unix seconds. */
  readonly expires_at: number;
}

export type EditedState = "shown" | "hidden" | "removed";

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
    ...contentOf(report),
    expires_at: ttlSeconds(report.expiresAtMs),
    ...(usual ? {} : { expires_ms: report.expiresAtMs }),
    ...(report.reporter === undefined ? {} : { reporter: report.reporter }),
  };
}

export function contentOf({ category, severity, lonDeg, latDeg, text }: Report): ReportContent {
  return { category, severity, lon: lonDeg, lat: latDeg, ...(text === undefined ? {} : { text }) };
}

/** The report of a row, as it was put or as `content` says. @throws RangeError on a row whose sort key holds no report id. */
export function reportOfRow(row: ReportRow, content: ReportContent = row): Report {
  const id = idOfSortKey(row.sk);
  const parts = parseReportId(id);
  if (parts === undefined) throw new RangeError(`not a report row: ${row.sk}`);
  return {
    id,
    layer: parts.layer,
    category: content.category,
    severity: content.severity,
    lonDeg: content.lon,
    latDeg: content.lat,
    ...(content.text === undefined ? {} : { text: content.text }),
    ...(row.reporter === undefined ? {} : { reporter: row.reporter }),
    createdAtMs: parts.createdAtMs,
    expiresAtMs: row.expires_ms ?? parts.createdAtMs + REPORT_LIFETIME_MS,
  };
}
