import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { encodeGeohash } from "../../../tiles/geo/geohash.ts";
import { REPORT_LIFETIME_MS, type ReportLayer } from "../../../tiles/layers.ts";
import { type Report, roundDegrees } from "../../../tiles/report.ts";
import { formatReportId } from "../../../tiles/report-id.ts";
import { seededRandom } from "../random.ts";
import { randomTail } from "./city.ts";
import { houstonFile } from "./houston-file.ts";

/**
 * Houston's 86 309 incidents with a place as live reports of one layer, their eight months squeezed into the last 89 days;
 * undefined when the file, which is no part of the project, is not there (`npm run houston` gets it).
 */
export function houstonReports(nowMs: number, layer: ReportLayer = "safety"): Report[] | undefined {
  const file = houstonFile();
  if (file === undefined) return undefined;
  const rows = gunzipSync(readFileSync(file)).toString().trimEnd().split("\n").slice(1).map(readRow);
  const placed = rows.filter(({ lonDeg, latDeg }) => Number.isFinite(lonDeg) && Number.isFinite(latDeg));
  const times = placed.map(({ atMs }) => atMs);
  const first = times.reduce((a, b) => Math.min(a, b), Infinity);
  const last = times.reduce((a, b) => Math.max(a, b), -Infinity);
  const random = seededRandom(2010);
  return placed.map(({ atMs, category, lonDeg, latDeg }) => {
    const createdAtMs = Math.floor(nowMs - ((last - atMs) / (last - first)) * (REPORT_LIFETIME_MS - 86_400_000));
    const geohash5 = encodeGeohash(lonDeg, latDeg, 5);
    const id = formatReportId({ createdAtMs, geohash5, layer, shard: 0, tail: randomTail(random) });
    const severity = 1 + Math.floor(random() * 5);
    return {
      id,
      layer,
      category,
      severity,
      lonDeg,
      latDeg,
      createdAtMs,
      expiresAtMs: createdAtMs + REPORT_LIFETIME_MS,
    };
  });
}

/** Columns from both ends: `premise`, between them, holds commas. */
function readRow(line: string): { atMs: number; category: string; lonDeg: number; latDeg: number } {
  const fields = line.split(",");
  const degrees = (text: string | undefined): number => (text === "NA" ? Number.NaN : roundDegrees(Number(text)));
  return {
    atMs: Date.parse(fields[0] ?? ""),
    category: fields[1] ?? "",
    lonDeg: degrees(fields.at(-2)),
    latDeg: degrees(fields.at(-1)),
  };
}
