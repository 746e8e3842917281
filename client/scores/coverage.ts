import type { Position } from "geojson";
import { type Bounds, cellBounds } from "../../tiles/geo/geohash.ts";
import { type AreaPiece, polygonsOf } from "./area-names.ts";

/** What areas cover, as far as pieces of them are known. */
export interface Coverage {
  /** Whether a place lies in an area. */
  has(lonDeg: number, latDeg: number): boolean;
  /**
   * Whether a geohash cell and an area overlap by more than a sliver. On a shore the middle of a cell is often in the water, while all
   * that was reported in it lies in an area: so more of it is looked at than its middle.
   */
  meets(geohash: string): boolean;
}

/** Places looked at along each side of a cell. */
const SAMPLES = 4;

interface Piece extends Bounds {
  readonly rings: readonly (readonly Position[])[];
}

export function coverageOf(pieces: readonly AreaPiece[]): Coverage {
  const known = pieces.flatMap(({ geometry }) => polygonsOf(geometry).map(boxed));

  const isIn = (near: readonly Piece[], lonDeg: number, latDeg: number): boolean =>
    near.some((piece) => isInBox(piece, lonDeg, latDeg) && isInRings(piece.rings, lonDeg, latDeg));

  return {
    has: (lonDeg, latDeg) => isIn(known, lonDeg, latDeg),
    meets(geohash) {
      const cell = cellBounds(geohash);
      const near = known.filter((piece) => overlap(piece, cell));
      if (near.length === 0) return false;
      const at = (low: number, high: number, i: number) => low + ((high - low) * (i + 0.5)) / SAMPLES;
      const steps = Array.from({ length: SAMPLES }, (_, i) => i);
      return steps.some((x) =>
        steps.some((y) => isIn(near, at(cell.west, cell.east, x), at(cell.south, cell.north, y))),
      );
    },
  };
}

function boxed(rings: readonly (readonly Position[])[]): Piece {
  const box = { west: Infinity, south: Infinity, east: -Infinity, north: -Infinity };
  for (const [lon = 0, lat = 0] of rings[0] ?? []) {
    box.west = Math.min(box.west, lon);
    box.east = Math.max(box.east, lon);
    box.south = Math.min(box.south, lat);
    box.north = Math.max(box.north, lat);
  }
  return { ...box, rings };
}

const isInBox = ({ west, south, east, north }: Bounds, lon: number, lat: number): boolean =>
  lon >= west && lon < east && lat >= south && lat < north;

const overlap = (a: Bounds, b: Bounds): boolean =>
  a.west < b.east && b.west < a.east && a.south < b.north && b.south < a.north;

/** By the even-odd rule, which leaves holes out. */
function isInRings(rings: Piece["rings"], lon: number, lat: number): boolean {
  let isInside = false;
  for (const ring of rings) {
    for (let i = 0, before = ring.length - 1; i < ring.length; before = i++) {
      const [x = 0, y = 0] = ring[i] ?? [];
      const [u = 0, v = 0] = ring[before] ?? [];
      if (y > lat !== v > lat && lon < ((u - x) * (lat - y)) / (v - y) + x) isInside = !isInside;
    }
  }
  return isInside;
}
