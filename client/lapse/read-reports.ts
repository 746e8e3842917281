import type { ReportLayer } from "../../tiles/layers.ts";
import { fetchReportPage, type ReportQuery } from "../api/api.ts";
import type { TimedReport } from "./steps.ts";

export interface LapseReport extends TimedReport {
  readonly layer: ReportLayer;
  readonly lon: number;
  readonly lat: number;
  readonly severity: number;
}

export interface LapseReports {
  /** Newest first. */
  readonly reports: readonly LapseReport[];
  /** False when older ones were left out. */
  readonly isComplete: boolean;
}

const PAGE = 500;
/** What a phone draws in every frame, and loads, without effort: 8 requests of about 20 kB. */
export const MAX_REPORTS = 4_000;

/** Reads the newest reports of a box. @throws RequestError, or the signal's reason when aborted. */
export async function readReports(query: Omit<ReportQuery, "limit">, signal: AbortSignal): Promise<LapseReports> {
  const reports: LapseReport[] = [];
  let cursor: string | undefined;
  do {
    const page = await fetchReportPage({ ...query, limit: PAGE }, cursor, signal);
    for (const { layer, lon, lat, severity, created_at } of page.reports) {
      reports.push({ layer, lon, lat, severity, atMs: Date.parse(created_at) });
    }
    cursor = page.nextCursor;
  } while (cursor !== undefined && reports.length < MAX_REPORTS);
  return { reports, isComplete: cursor === undefined };
}
