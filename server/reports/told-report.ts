import { encodeGeohash } from "../../tiles/geo/geohash.ts";
import { keptTime, toldPlace } from "../../tiles/kept.ts";
import type { Report } from "../../tiles/report.ts";

/** A neighbourhood is a geohash of this precision. */
export const NEIGHBOURHOOD_PRECISION = 6;

/** A report as it is told: one that an older program stored as coarsely as it would be kept today. Its id stays, for links have it. */
export function toldReport(report: Report): Report {
  const { layer, category, lonDeg, latDeg } = report;
  const createdAtMs = keptTime(layer, category, report.createdAtMs);
  const expiresAtMs = report.expiresAtMs - (report.createdAtMs - createdAtMs);
  return { ...report, ...toldPlace(layer, category, lonDeg, latDeg), createdAtMs, expiresAtMs };
}

/** The neighbourhood of a report, as a geohash. */
export const neighbourhoodOf = ({ lonDeg, latDeg }: Pick<Report, "lonDeg" | "latDeg">): string =>
  encodeGeohash(lonDeg, latDeg, NEIGHBOURHOOD_PRECISION);
