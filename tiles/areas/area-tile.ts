import { EXTENT, type TileAddress, worldX, worldY } from "../geo/tile-address.ts";
import type { Polygon, Ring } from "./area.ts";

/** Polygons reach so far beyond the tile, tile units, that no seam shows. */
export const AREA_BUFFER = 64;

/** A ring in tile units, x and y in turn, closed by going back to the first corner. */
export type TileRing = readonly number[];

/**
 * Polygons as a tile shows them: clipped to the tile and its buffer, in whole tile units, outer rings clockwise with y pointing down and
 * holes the other way (Mapbox Vector Tile 2.1, section 4.3.4.4), each polygon's outer ring before its holes. Empty where nothing is left.
 */
export function polygonsOfTile(polygons: readonly Polygon[], tile: TileAddress): TileRing[] {
  return polygons.flatMap((polygon) => {
    const [outer, ...holes] = polygon.map((ring) => clipToTile(project(ring, tile)));
    if (outer === undefined || areaOf(outer) === 0) return [];
    const left = holes.filter((hole) => areaOf(hole) !== 0);
    return [turned(outer, 1), ...left.map((hole) => turned(hole, -1))];
  });
}

function project(ring: Ring, { z, x, y }: TileAddress): number[] {
  const scale = EXTENT * 2 ** z;
  const projected = new Array<number>(ring.length);
  for (let i = 0; i < ring.length; i += 2) {
    projected[i] = worldX((ring[i] as number) / 1e6) * scale - EXTENT * x;
    projected[i + 1] = worldY((ring[i + 1] as number) / 1e6) * scale - EXTENT * y;
  }
  return projected;
}

/**
 * Cut at the four edges, one after the other: Sutherland and Hodgman, "Reentrant polygon clipping", 1974. Where a ring leaves and comes
 * back, it runs along the buffer's edge, which nobody sees.
 */
function clipToTile(ring: readonly number[]): number[] {
  let clipped = ring;
  for (const axis of [0, 1] as const) {
    clipped = clipAt(clipped, axis, -AREA_BUFFER, 1);
    clipped = clipAt(clipped, axis, EXTENT + AREA_BUFFER, -1);
  }
  return rounded(clipped);
}

/** What lies on one side of an edge across an axis: on the higher one of it, or with -1 the lower. */
function clipAt(ring: readonly number[], axis: 0 | 1, edge: number, side: 1 | -1): readonly number[] {
  const isIn = (i: number): boolean => side * ((ring[i + axis] as number) - edge) >= 0;
  let outside = 0;
  for (let i = 0; i < ring.length; i += 2) if (!isIn(i)) outside++;
  if (outside === 0) return ring;
  const clipped: number[] = [];
  if (2 * outside === ring.length) return clipped;
  for (let i = 0, before = ring.length - 2; i < ring.length; before = i, i += 2) {
    if (isIn(i) !== isIn(before)) {
      // Always from the same end, so that neighbours cut a shared side at the same place.
      const [from, to] = isIn(i) ? [i, before] : [before, i];
      const share =
        (edge - (ring[from + axis] as number)) / ((ring[to + axis] as number) - (ring[from + axis] as number));
      const other = 1 - axis;
      const across =
        (ring[from + other] as number) + share * ((ring[to + other] as number) - (ring[from + other] as number));
      if (axis === 0) clipped.push(edge, across);
      else clipped.push(across, edge);
    }
    if (isIn(i)) clipped.push(ring[i] as number, ring[i + 1] as number);
  }
  return clipped;
}

/** In whole units, without corners that are the one before, or that lie on the way back to the one before that. */
function rounded(ring: readonly number[]): number[] {
  const left: number[] = [];
  for (let i = 0; i < ring.length; i += 2) {
    const [x, y] = [Math.round(ring[i] as number), Math.round(ring[i + 1] as number)];
    const last = left.length - 2;
    if (last >= 0 && left[last] === x && left[last + 1] === y) continue;
    if (last >= 2 && left[last - 2] === x && left[last - 1] === y) left.length = last;
    else left.push(x, y);
  }
  while (left.length > 2 && left[0] === left.at(-2) && left[1] === left.at(-1)) left.length -= 2;
  return left;
}

/** Twice the signed area; above zero is clockwise with y pointing down. */
function areaOf(ring: TileRing): number {
  let sum = 0;
  for (let i = 0, before = ring.length - 2; i < ring.length; before = i, i += 2) {
    sum += (ring[before] as number) * (ring[i + 1] as number) - (ring[i] as number) * (ring[before + 1] as number);
  }
  return sum;
}

function turned(ring: TileRing, sign: 1 | -1): TileRing {
  if (Math.sign(areaOf(ring)) === sign) return ring;
  const back: number[] = [];
  for (let i = ring.length - 2; i >= 0; i -= 2) back.push(ring[i] as number, ring[i + 1] as number);
  return back;
}
