import { OperatorError } from "../../console/operator-error.ts";

/** West, south, east, north in WGS 84 degrees; west is beyond east where the box crosses the 180th meridian. */
export type Bbox = readonly [west: number, south: number, east: number, north: number];

/** Reads `w,s,e,n`. @throws OperatorError */
export function parseBbox(text: string): Bbox {
  const [west = Number.NaN, south = Number.NaN, east = Number.NaN, north = Number.NaN, ...more] = text
    .split(",")
    .map((part) => (part.trim() === "" ? Number.NaN : Number(part)));
  const inRange =
    [west, east].every((lon) => Math.abs(lon) <= 180) && [south, north].every((lat) => Math.abs(lat) <= 90);
  if (!inRange || more.length > 0) {
    throw new OperatorError(
      `--bbox ${text} is not west,south,east,north in degrees, as in --bbox -74.3,40.4,-73.6,41.`,
    );
  }
  if (south > north)
    throw new OperatorError(`--bbox ${text} has its south north of its north: write west,south,east,north.`);
  return [west, south, east, north];
}

/** Edges belong to it. */
export function isInside([west, south, east, north]: Bbox, lonDeg: number, latDeg: number): boolean {
  if (latDeg < south || latDeg > north) return false;
  return west <= east ? lonDeg >= west && lonDeg <= east : lonDeg >= west || lonDeg <= east;
}
