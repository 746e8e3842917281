import { encodeGeohash } from "../../tiles/geo/geohash.ts";
import { REPORT_LIFETIME_MS, type ReportLayer } from "../../tiles/layers.ts";
import type { Report } from "../../tiles/report.ts";
import { formatReportId } from "../../tiles/report-id.ts";
import { seededRandom } from "../kit/random.ts";

/** When the samples were made. */
export const NOW_MS = Date.UTC(2026, 5, 1, 12, 0, 0, 1);
const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

/** Edges between age bands as they were when the samples were made. */
export const EDGES_MS = [1, 7, 14, 30, 90].map((days) => days * 24 * HOUR_MS);
/** Ages on both sides of every edge, and of both ends of a life. */
const AGES_MS = [0, 1, ...EDGES_MS].flatMap((edge) => [Math.max(0, edge - MINUTE_MS), edge, edge + MINUTE_MS]);

const CATEGORIES = ["theft", "Straße", "🚲 stolen", ""];

export interface SampleReport {
  readonly layer?: ReportLayer;
  readonly lonDeg: number;
  readonly latDeg: number;
  readonly createdAtMs: number;
  readonly category?: string;
  readonly severity?: number;
  readonly shard?: number;
  readonly tail?: string;
  readonly text?: string;
}

export function sampleReport(of: SampleReport): Report {
  const { layer = "safety", lonDeg, latDeg, createdAtMs, category = "theft", severity = 3, shard = 0, text } = of;
  const geohash5 = encodeGeohash(lonDeg, latDeg, 5);
  return {
    id: formatReportId({ createdAtMs, geohash5, layer, shard, tail: of.tail ?? "qtdwyg00" }),
    layer,
    category,
    severity,
    lonDeg,
    latDeg,
    ...(text !== undefined && { text }),
    createdAtMs,
    expiresAtMs: createdAtMs + REPORT_LIFETIME_MS,
  };
}

const TAILS = "0123456789bcdefghjkmnpqrstuvwxyz";

/** Reports around a place, of every age band, severity and category; ascending by id. */
export function sampleReports(lonDeg: number, latDeg: number, { spreadDeg = 0.01, count = 60 } = {}): Report[] {
  const random = seededRandom(7);
  const reports = Array.from({ length: count }, (_, i) =>
    sampleReport({
      lonDeg: Math.round((lonDeg + (random() - 0.5) * spreadDeg) * 1e6) / 1e6,
      latDeg: Math.round((latDeg + (random() - 0.5) * spreadDeg) * 1e6) / 1e6,
      createdAtMs: NOW_MS - (AGES_MS[i % AGES_MS.length] ?? 0) - (i % 3),
      category: CATEGORIES[i % 3] ?? "",
      severity: 1 + (i % 5),
      shard: i % 4 === 0 ? i % 16 : 0,
      tail: Array.from({ length: 8 }, () => TAILS.charAt(Math.floor(random() * 32))).join(""),
    }),
  );
  return reports.sort((a, b) => (a.id < b.id ? -1 : 1));
}

/** One in each corner of the world, on its edges, and in its middle. */
export const CORNERS: readonly Report[] = [-180, -0.000001, 0, 179.999999]
  .flatMap((lonDeg) => [-90, -85.06, -0.000001, 0, 85.06, 89.999999].map((latDeg) => ({ lonDeg, latDeg })))
  .map(({ lonDeg, latDeg }, i) =>
    sampleReport({ lonDeg, latDeg, createdAtMs: NOW_MS - i * 3_600_000 * 80, severity: 1 + (i % 5) }),
  )
  .sort((a, b) => (a.id < b.id ? -1 : 1));

/** The last and the first millisecond of each age band, one below the other. */
export const ON_EDGES: readonly Report[] = EDGES_MS.flatMap((edge, i) =>
  [-1, 0, 1].map((off) =>
    sampleReport({
      lonDeg: -97.74,
      latDeg: 30.25 + 0.004 * (3 * i + off),
      createdAtMs: NOW_MS - edge - off,
      severity: 2,
    }),
  ),
);
