import type { ReportLayer } from "../../../tiles/layers.ts";
import type { ReportJson } from "../../api/api.ts";
import { addressOf, ask } from "./ask.ts";
import type { Where } from "./trends.ts";

/** Of one list; what is older is asked for by its cursor. */
const MOST_REPORTS = 500;

export interface ReportsOf extends Where {
  readonly layer: ReportLayer;
  /** Days of UTC, today's included, as trends count them. */
  readonly days: number;
}

const DAY_MS = 86_400_000;

/** Reports of a city or of one of its areas, newest first, of the same days as its counts by day. */
export function reportsAddress({ city, area, layer, days }: ReportsOf, nowMs: number): string {
  const today = Math.floor(nowMs / DAY_MS);
  const from = new Date((today - days + 1) * DAY_MS).toISOString();
  const query = { layer, limit: MOST_REPORTS };
  if (area !== undefined) return addressOf("/api/reports", { area, since: from, ...query });
  return addressOf(`/api/cities/${encodeURIComponent(city)}/reports`, { from, ...query });
}

interface ReportPageJson {
  readonly features: readonly {
    readonly geometry: { readonly coordinates: readonly [number, number] };
    readonly properties: Omit<ReportJson, "lat" | "lon">;
  }[];
  readonly next_cursor: string | null;
}

export interface ReportList {
  readonly reports: readonly ReportJson[];
  /** Whether older ones of the span were left out. */
  readonly isCut: boolean;
}

/** Pages of one list that are read at the most. */
const MOST_PAGES = 4;

/** @throws AskError, or the signal's reason */
export async function readReports(address: string, signal: AbortSignal): Promise<ReportList> {
  const reports: ReportJson[] = [];
  let cursor: string | null = null;
  for (let page = 0; page < MOST_PAGES; page++) {
    const next: ReportPageJson = await ask(
      cursor === null ? address : `${address}&cursor=${encodeURIComponent(cursor)}`,
      { signal },
    );
    for (const { geometry, properties } of next.features) {
      const [lon, lat] = geometry.coordinates;
      reports.push({ ...properties, lon, lat });
    }
    cursor = next.next_cursor;
    // A page may be short before the end.
    if (cursor === null || reports.length >= MOST_REPORTS) break;
  }
  return { reports, isCut: cursor !== null };
}
