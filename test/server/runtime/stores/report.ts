import { encodeGeohash } from "../../../../tiles/geo/geohash.ts";
import { REPORT_LIFETIME_MS } from "../../../../tiles/layers.ts";
import type { Report } from "../../../../tiles/report.ts";
import { formatReportId, idTail } from "../../../../tiles/report-id.ts";

/** The n-th of a row of reports in San Francisco, made now. */
export function makeReport(n: number): Report {
  const createdAtMs = Date.now();
  const [lonDeg, latDeg] = [-122.43, 37.77];
  const tail = idTail(Uint8Array.of(n >> 24, n >> 16, n >> 8, n, 7));
  const geohash5 = encodeGeohash(lonDeg, latDeg, 5);
  return {
    id: formatReportId({ createdAtMs, geohash5, layer: "safety", shard: 0, tail }),
    layer: "safety",
    category: "theft",
    severity: 3,
    lonDeg,
    latDeg,
    createdAtMs,
    expiresAtMs: createdAtMs + REPORT_LIFETIME_MS,
  };
}
