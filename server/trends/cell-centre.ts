import { cellBounds } from "../../tiles/geo/geohash.ts";

/** Six digits are 11 cm. */
export const toDegrees = (degrees: number): number => Math.round(degrees * 1e6) / 1e6;

/** The centre of a cell, in degrees. */
export function centreOf(geohash: string): { lat: number; lon: number } {
  const { west, south, east, north } = cellBounds(geohash);
  return { lat: toDegrees((south + north) / 2), lon: toDegrees((west + east) / 2) };
}
