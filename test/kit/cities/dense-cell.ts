import { type Bounds, cellBounds, encodeGeohash } from "../../../tiles/geo/geohash.ts";
import { REPORT_LAYERS, REPORT_LIFETIME_MS, type ReportLayer } from "../../../tiles/layers.ts";
import { type Report, roundDegrees } from "../../../tiles/report.ts";
import { formatReportId } from "../../../tiles/report-id.ts";
import { seededRandom } from "../random.ts";
import { CITY_CENTER, randomTail } from "./city.ts";
import { type CountedCity, openCountedCity } from "./city-store.ts";

const DAY_MS = 86_400_000;

/**
 * A geohash-5 cell as busy as a city, of whose geohash-6 the one in its middle holds three reports a layer, days old, and the one
 * beside it 1 600 of the last hour.
 */
export function openDenseCell(perLayer: number, nowMs: number): Promise<CountedCity> {
  return openCountedCity(denseCell(perLayer, nowMs), nowMs);
}

const NEWER_BESIDE = 1600;

/** What `openDenseCell` holds. */
export function* denseCell(perLayer: number, nowMs: number): Generator<Report> {
  const random = seededRandom(9);
  const quietCell = encodeGeohash(...CITY_CENTER, 6);
  const dense = cellBounds(quietCell.slice(0, 5));
  const { west, south, east, north } = cellBounds(quietCell);
  const beside = { west: 2 * west - east, south, east: west, north };
  for (const layer of REPORT_LAYERS) {
    for (let i = 0; i < 3; i++) yield reportIn({ west, south, east, north }, layer, nowMs - (3 + i) * DAY_MS, random);
    for (let i = 0; i < NEWER_BESIDE; i++) yield reportIn(beside, layer, nowMs - 3_600_000 * random(), random);
    for (let i = 0; i < perLayer; ) {
      const report = reportIn(dense, layer, nowMs - DAY_MS - 80 * DAY_MS * random(), random);
      if (encodeGeohash(report.lonDeg, report.latDeg, 6) === quietCell) continue;
      yield report;
      i++;
    }
  }
}

function reportIn(
  { west, south, east, north }: Bounds,
  layer: ReportLayer,
  timeMs: number,
  random: () => number,
): Report {
  const lonDeg = roundDegrees(west + (0.001 + 0.998 * random()) * (east - west));
  const latDeg = roundDegrees(south + (0.001 + 0.998 * random()) * (north - south));
  const createdAtMs = Math.floor(timeMs);
  const geohash5 = encodeGeohash(lonDeg, latDeg, 5);
  const id = formatReportId({ createdAtMs, geohash5, layer, shard: 0, tail: randomTail(random) });
  const expiresAtMs = createdAtMs + REPORT_LIFETIME_MS;
  return { id, layer, category: "noise", severity: 3, lonDeg, latDeg, createdAtMs, expiresAtMs };
}
