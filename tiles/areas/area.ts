import type { Bounds } from "../geo/geohash.ts";

/**
 * Areas: named polygons, such as a city's neighbourhoods. Their corners are whole millionths of a degree, as the places of reports
 * are, so that which reports lie in an area is decided exactly.
 */

/** A closed line: longitude and latitude of each corner in turn, millionths of a degree. The first corner is not told again. */
export type Ring = Int32Array;

/** A polygon: its outer ring, then its holes. */
export type Polygon = readonly Ring[];

/** A box in millionths of a degree; its edges belong to it. */
export interface BoxE6 {
  readonly west: number;
  readonly south: number;
  readonly east: number;
  readonly north: number;
}

export interface Area {
  /** Letters, digits and hyphens; the same in every version of its set. */
  readonly id: string;
  readonly name: string;
  readonly box: BoxE6;
  readonly polygons: readonly Polygon[];
}

/** Areas of one set are within such a box, so that products of their distances stay whole numbers below 2^53. */
export const MOST_SPAN_E6 = 90_000_000;

/** The least box that rings lie in. @throws RangeError when there is no corner */
export function boxOfPolygons(polygons: readonly Polygon[]): BoxE6 {
  let [west, south, east, north] = [Infinity, Infinity, -Infinity, -Infinity];
  for (const ring of polygons.flat()) {
    for (let i = 0; i < ring.length; i += 2) {
      west = Math.min(west, ring[i] as number);
      east = Math.max(east, ring[i] as number);
      south = Math.min(south, ring[i + 1] as number);
      north = Math.max(north, ring[i + 1] as number);
    }
  }
  if (west > east) throw new RangeError("no corners");
  return { west, south, east, north };
}

/** The least box around boxes. @throws RangeError when there is none */
export function boxAround(boxes: readonly BoxE6[]): BoxE6 {
  if (boxes.length === 0) throw new RangeError("no boxes");
  return boxes.reduce((a, b) => ({
    west: Math.min(a.west, b.west),
    south: Math.min(a.south, b.south),
    east: Math.max(a.east, b.east),
    north: Math.max(a.north, b.north),
  }));
}

export const boxesMeet = (a: BoxE6, b: BoxE6): boolean =>
  a.west <= b.east && b.west <= a.east && a.south <= b.north && b.south <= a.north;

/** In degrees. */
export const boundsOfBox = ({ west, south, east, north }: BoxE6): Bounds => ({
  west: west / 1e6,
  south: south / 1e6,
  east: east / 1e6,
  north: north / 1e6,
});

/** The least box of whole millionths that holds all of some degrees. */
export const boxOfBounds = ({ west, south, east, north }: Bounds): BoxE6 => ({
  west: Math.floor(west * 1e6),
  south: Math.floor(south * 1e6),
  east: Math.ceil(east * 1e6),
  north: Math.ceil(north * 1e6),
});
