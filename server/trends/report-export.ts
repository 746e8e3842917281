import type { Report } from "../../tiles/report.ts";
import { parseReportId } from "../../tiles/report-id.ts";
import { createPlaceNames, type PlaceName, type PlaceNames } from "../areas/name-of-place.ts";
import { type ExportedStore, type ReportFilter, ROWS_PER_READ, readReports } from "../reports/export-reports.ts";
import { neighbourhoodOf } from "../reports/told-report.ts";
import type { Column, ExportRow } from "./export-rows.ts";
import type { ExportPage, ExportSource } from "./export-source.ts";

export const REPORTS = "reports";

export const REPORT_COLUMNS: readonly Column[] = [
  { name: "id", type: "text" },
  { name: "layer", type: "text" },
  { name: "category", type: "text" },
  { name: "severity", type: "count" },
  { name: "text", type: "text" },
  { name: "lat", type: "degrees" },
  { name: "lon", type: "degrees" },
  { name: "geohash", type: "text" },
  { name: "name", type: "text" },
  { name: "area", type: "text" },
  { name: "city", type: "text" },
  { name: "created_at", type: "instant" },
  { name: "expires_at", type: "instant" },
];

export interface ReportExport extends ReportFilter {
  /** What places are called; without it by the names of the map. */
  readonly names?: PlaceNames;
  /** Of the area that was asked for: all rows have its name. */
  readonly area?: PlaceName;
  /** Leaves out what lies in none of the areas by which places are named. */
  readonly isInAreas?: boolean;
  /** Behind which a page begins. */
  readonly after?: string;
}

/** Rows that a page looks through before it ends early, as few as it has found: what one call of the quota covers. */
const MOST_LOOKED_AT = 10_000;

/** Rows of a request, of which several cells' are in memory at once, texts and all. */
const MOST_ROWS = 1000;

/** Whether a text may stand as a cursor of reports: an id, also of a report that is gone. */
export const isReportCursor = (text: string): boolean => parseReportId(text) !== undefined;

/** The reports themselves as a table: what the map tells of them, and the names of their places. */
export function reportsSource(from: ExportedStore, asked: ReportExport): ExportSource {
  const { area, names = createPlaceNames(undefined), isInAreas = false, after, ...filter } = asked;

  async function toRows(reports: readonly Report[]): Promise<ExportRow[]> {
    const rows: ExportRow[] = [];
    for (const report of reports) {
      const geohash = neighbourhoodOf(report);
      const place = area ?? (await names.of(report, geohash));
      if (!isInAreas || place.area !== null) rows.push(rowOf(report, geohash, place));
    }
    return rows;
  }

  return {
    name: REPORTS,
    columns: REPORT_COLUMNS,
    async *pages(pageRows): AsyncGenerator<ExportPage, void> {
      const options = { rows: Math.min(MOST_ROWS, pageRows), ...(after && { after }) };
      for await (const batch of readReports(from, filter, options)) {
        yield { rows: await toRows(batch.reports), lookedAt: batch.lookedAt };
      }
    },
    async first(limit) {
      const found: ExportRow[] = [];
      let effort = 0;
      const options = { rows: Math.min(MOST_ROWS, limit + 1), ...(after && { after }) };
      for await (const { reports, lookedAt, reads, at } of readReports(from, filter, options)) {
        for (const row of await toRows(reports)) found.push(row);
        if (found.length > limit) {
          const rows = found.slice(0, limit);
          return { rows, next: String(rows.at(-1)?.id ?? at) };
        }
        effort += lookedAt + reads * ROWS_PER_READ;
        if (effort >= MOST_LOOKED_AT && found.length < limit) return { rows: found, next: at };
      }
      return { rows: found };
    },
  };
}

function rowOf(report: Report, geohash: string, { name, area, city }: PlaceName): ExportRow {
  const { id, layer, category, severity, text = null, latDeg: lat, lonDeg: lon } = report;
  const times = { created_at: instantOf(report.createdAtMs), expires_at: instantOf(report.expiresAtMs) };
  return { id, layer, category, severity, text, lat, lon, geohash, name, area, city, ...times };
}

/** Without the milliseconds that nearly none has. */
const instantOf = (timeMs: number): string => new Date(timeMs).toISOString().replace(".000Z", "Z");
