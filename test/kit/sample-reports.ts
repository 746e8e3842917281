import { encodeGeohash } from "../../tiles/geo/geohash.ts";
import { REPORT_LAYERS, REPORT_LIFETIME_MS, type ReportLayer } from "../../tiles/layers.ts";
import { type Report, roundDegrees } from "../../tiles/report.ts";
import { formatReportId, idTail } from "../../tiles/report-id.ts";
import { seededRandom } from "./random.ts";

export interface ReportAt {
  readonly lonDeg: number;
  readonly latDeg: number;
  readonly createdAtMs: number;
  readonly layer?: ReportLayer;
  readonly severity?: number;
  readonly category?: string;
  /** The bucket of whoever reported. */
  readonly reporter?: number;
}

/** A report whose id's last part comes from `random`. */
export function makeReport(at: ReportAt, random: () => number): Report {
  const { layer = REPORT_LAYERS[0], severity = 3, category = "theft", reporter, createdAtMs } = at;
  const lonDeg = roundDegrees(at.lonDeg);
  const latDeg = roundDegrees(at.latDeg);
  const tail = idTail(Uint8Array.from({ length: 5 }, () => Math.floor(random() * 256)));
  const id = formatReportId({ createdAtMs, geohash5: encodeGeohash(lonDeg, latDeg, 5), layer, shard: 0, tail });
  const expiresAtMs = createdAtMs + REPORT_LIFETIME_MS;
  return { id, layer, category, severity, lonDeg, latDeg, ...(reporter && { reporter }), createdAtMs, expiresAtMs };
}

/** A city: `count` reports around hot spots near a centre, up to 89 days old at `nowMs`. */
export function makeCity(
  count: number,
  nowMs: number,
  seed = 1,
  center: readonly [number, number] = [-95.37, 29.76],
): Report[] {
  const random = seededRandom(seed);
  const spots = Array.from(
    { length: 40 },
    () => [center[0] + (random() - 0.5) * 0.5, center[1] + (random() - 0.5) * 0.4] as const,
  );
  const normal = (): number => random() + random() + random() - 1.5;
  return Array.from({ length: count }, () => {
    const [lon, lat] = spots[Math.floor(random() ** 2 * spots.length)] ?? center;
    return makeReport(
      {
        lonDeg: lon + normal() * 0.03,
        latDeg: lat + normal() * 0.03,
        createdAtMs: Math.floor(nowMs - random() * 89 * 86_400_000),
        severity: 1 + Math.floor(random() * 5),
        category: ["theft", "assault", "vandalism"][Math.floor(random() * 3)] ?? "theft",
      },
      random,
    );
  });
}
