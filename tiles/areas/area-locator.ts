import type { Area, BoxE6, Polygon } from "./area.ts";

/**
 * Says in which area a place lies. A place lies inside where a line from it to the east crosses the area's rings an odd number of
 * times; corners and sides count as half open, so a place on a border belongs to the area east or north of it, as in geohash, and
 * of areas that share a border each place is in exactly one. All numbers are whole, so this is exact.
 */
export interface AreaLocator {
  /** Index of the first area that a place of the locator's box lies in; -1 when it lies in none. */
  find(lonE6: number, latE6: number): number;
}

type Place = Pick<Area, "box" | "polygons">;

/** A box is cut into so many strips from south to north, each with the sides that it meets. */
const STRIPS = 64;

/** Of each side in a strip: index of its area, and its ends, the southern one first. */
const NUMBERS = 5;

/** @param box what is asked for lies in it: sides elsewhere are left out */
export function createAreaLocator(areas: readonly Place[], box: BoxE6): AreaLocator {
  const stripHeight = Math.max(1, Math.ceil((box.north - box.south + 1) / STRIPS));
  const stripOf = (latE6: number): number =>
    Math.min(STRIPS - 1, Math.max(0, Math.floor((latE6 - box.south) / stripHeight)));
  const strips: number[][] = Array.from({ length: STRIPS }, () => []);
  areas.forEach(({ polygons }, index) => {
    eachSide(polygons, (ax, ay, bx, by) => {
      // A line to the east meets none of those that lie west of the box.
      if (by <= box.south || ay > box.north || Math.max(ax, bx) <= box.west) return;
      for (let strip = stripOf(ay); strip <= stripOf(by); strip++) strips[strip]?.push(index, ax, ay, bx, by);
    });
  });
  const sides = strips.map((numbers) => Int32Array.from(numbers));
  return { find: (lonE6, latE6) => findIn(sides[stripOf(latE6)] as Int32Array, lonE6, latE6) };
}

/** Whether a place lies in an area's polygons, by the same rule. */
export function isInside(polygons: readonly Polygon[], lonE6: number, latE6: number): boolean {
  let crossed = 0;
  eachSide(polygons, (ax, ay, bx, by) => {
    if (ay <= latE6 && latE6 < by && isWestOf(lonE6, latE6, ax, ay, bx, by)) crossed ^= 1;
  });
  return crossed === 1;
}

function findIn(sides: Int32Array, lonE6: number, latE6: number): number {
  let area = -1;
  let crossed = 0;
  for (let i = 0; i < sides.length; i += NUMBERS) {
    if (sides[i] !== area) {
      if (crossed === 1) return area;
      area = sides[i] as number;
    }
    const ay = sides[i + 2] as number;
    const by = sides[i + 4] as number;
    if (ay > latE6 || latE6 >= by) continue;
    if (isWestOf(lonE6, latE6, sides[i + 1] as number, ay, sides[i + 3] as number, by)) crossed ^= 1;
  }
  return crossed === 1 ? area : -1;
}

/** Whether a place lies strictly west of a side that its latitude meets; the side's southern end comes first. */
function isWestOf(lonE6: number, latE6: number, ax: number, ay: number, bx: number, by: number): boolean {
  if (lonE6 < ax && lonE6 < bx) return true;
  if (lonE6 >= ax && lonE6 >= bx) return false;
  return (latE6 - ay) * (bx - ax) > (lonE6 - ax) * (by - ay);
}

/** Calls for each side that is not level, its southern end first. */
function eachSide(polygons: readonly Polygon[], take: (ax: number, ay: number, bx: number, by: number) => void): void {
  for (const ring of polygons.flat()) {
    let x = ring[ring.length - 2] as number;
    let y = ring[ring.length - 1] as number;
    for (let i = 0; i < ring.length; i += 2) {
      const toX = ring[i] as number;
      const toY = ring[i + 1] as number;
      if (y < toY) take(x, y, toX, toY);
      else if (y > toY) take(toX, toY, x, y);
      x = toX;
      y = toY;
    }
  }
}
