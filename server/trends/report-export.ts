import type { Report } from "../../tiles/report.ts";
import { parseReportId } from "../../tiles/report-id.ts";
import { cityOfCell } from "../areas/city-of-cell.ts";
import { nameOfCell } from "../areas/name-of-cell.ts";
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
  { name: "city", type: "text" },
  { name: "created_at", type: "instant" },
  { name: "expires_at", type: "instant" },
];

/** The area that was asked for: its rows have its name. */
export interface NamedArea {
  readonly name: string;
  /** Id of its city; undefined of an area of an account. */
  readonly city?: string;
}

export interface ReportExport extends ReportFilter {
  readonly area?: NamedArea;
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
export function reportsSource(from: ExportedStore, { area, after, ...filter }: ReportExport): ExportSource {
  const placeOf = createPlaces(area);
  const toRow = (report: Report): ExportRow => rowOf(report, placeOf(neighbourhoodOf(report)));

  return {
    name: REPORTS,
    columns: REPORT_COLUMNS,
    async *pages(pageRows): AsyncGenerator<ExportPage, void> {
      const options = { rows: Math.min(MOST_ROWS, pageRows), ...(after && { after }) };
      for await (const batch of readReports(from, filter, options)) {
        yield { rows: batch.reports.map(toRow), lookedAt: batch.lookedAt };
      }
    },
    async first(limit) {
      const found: Report[] = [];
      let effort = 0;
      const options = { rows: Math.min(MOST_ROWS, limit + 1), ...(after && { after }) };
      for await (const { reports, lookedAt, reads, at } of readReports(from, filter, options)) {
        for (const report of reports) found.push(report);
        if (found.length > limit) {
          const rows = found.slice(0, limit);
          return { rows: rows.map(toRow), next: rows.at(-1)?.id ?? at };
        }
        effort += lookedAt + reads * ROWS_PER_READ;
        if (effort >= MOST_LOOKED_AT && found.length < limit) return { rows: found.map(toRow), next: at };
      }
      return { rows: found.map(toRow) };
    },
  };
}

function rowOf(report: Report, place: ExportRow): ExportRow {
  const { id, layer, category, severity, text = null, latDeg: lat, lonDeg: lon } = report;
  const times = { created_at: instantOf(report.createdAtMs), expires_at: instantOf(report.expiresAtMs) };
  return { id, layer, category, severity, text, lat, lon, ...place, ...times };
}

/** Without the milliseconds that nearly none has. */
const instantOf = (timeMs: number): string => new Date(timeMs).toISOString().replace(".000Z", "Z");

/** Neighbourhoods whose names are kept: those of a log cell, whose reports come one after another. */
const MOST_PLACES = 64;

function createPlaces(area: NamedArea | undefined): (geohash: string) => ExportRow {
  const places = new Map<string, ExportRow>();
  return (geohash) => {
    const known = places.get(geohash);
    if (known !== undefined) return known;
    if (places.size >= MOST_PLACES) places.clear();
    const name = area?.name ?? nameOfCell(geohash);
    const place = { geohash, name, city: area?.city ?? cityOfCell(geohash)?.id ?? null };
    places.set(geohash, place);
    return place;
  };
}
