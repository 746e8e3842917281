import type { Ring } from "../../tiles/areas/area.ts";

/** A place where two sides cross. */
export interface Crossing {
  readonly lonE6: number;
  readonly latE6: number;
}

/**
 * Finds two sides, of one ring or of two, that cross: each has its ends on both sides of the other. Sides that only touch, as where a
 * ring meets itself in a corner, do not.
 *
 * Shamos and Hoey, "Geometric intersection problems", 1976: a line sweeps from west to east, and from south to north where it meets several
 * corners. The sides that it meets stand in an order that stays right up to the first crossing, and there the two stand beside each other;
 * so only neighbours are compared. Of sides that touch, one ends where they do, so touching changes no order.
 */
export function findCrossing(rings: readonly Ring[]): Crossing | undefined {
  const sides = rings.flatMap(sidesOf);
  /** Sides that the line meets, from south to north. */
  const met: Side[] = [];
  sides.forEach((side, i) => {
    side.place = i;
  });
  for (const { side, isEnd } of eventsOf(sides)) {
    const at = placeAmong(met, side);
    if (isEnd) met.splice(at, 1);
    else met.splice(at, 0, side);
    // Where a side ended, those beside it meet; where one began, it meets both.
    for (let upper = Math.max(1, at); upper <= (isEnd ? at : at + 1) && upper < met.length; upper++) {
      const [a, b] = [met[upper - 1] as Side, met[upper] as Side];
      if (cross(a, b)) return crossingOf(a, b);
    }
  }
  return undefined;
}

/** A side, its western end first, and of a meridian's the southern one. */
interface Side {
  readonly ax: number;
  readonly ay: number;
  readonly bx: number;
  readonly by: number;
  /** Tells sides of one line apart. */
  place: number;
}

function sidesOf(ring: Ring): Side[] {
  return Array.from({ length: ring.length / 2 }, (_, i): Side => {
    const next = (2 * i + 2) % ring.length;
    const [ax, ay] = [ring[2 * i] as number, ring[2 * i + 1] as number];
    const [bx, by] = [ring[next] as number, ring[next + 1] as number];
    const isTurned = bx < ax || (bx === ax && by < ay);
    return isTurned ? { ax: bx, ay: by, bx: ax, by: ay, place: 0 } : { ax, ay, bx, by, place: 0 };
  }).filter(({ ax, ay, bx, by }) => ax !== bx || ay !== by);
}

/** Where sides begin and end, in the order of the line. At one corner sides end before others begin. */
function eventsOf(sides: readonly Side[]): { side: Side; isEnd: boolean }[] {
  const events = sides.flatMap((side) => [
    { x: side.ax, y: side.ay, side, isEnd: false },
    { x: side.bx, y: side.by, side, isEnd: true },
  ]);
  return events.sort((a, b) => a.x - b.x || a.y - b.y || Number(b.isEnd) - Number(a.isEnd));
}

/** How many of the sides that the line meets lie below one. */
function placeAmong(met: readonly Side[], side: Side): number {
  let [low, high] = [0, met.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (order(met[middle] as Side, side) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Below zero where the first lies below the second, where the line meets both. */
function order(a: Side, b: Side): number {
  if (a === b) return 0;
  const isFirst = a.ax < b.ax || (a.ax === b.ax && a.ay <= b.ay);
  const turn = isFirst ? turnTo(a, b) : -turnTo(b, a);
  return -turn || a.place - b.place;
}

/** Whether a side that begins later lies left of another, or right of it; if it begins upon it, whether it ends there. */
const turnTo = (a: Side, b: Side): number => sideOf(a, b.ax, b.ay) || sideOf(a, b.bx, b.by);

const cross = (a: Side, b: Side): boolean =>
  sideOf(a, b.ax, b.ay) * sideOf(a, b.bx, b.by) < 0 && sideOf(b, a.ax, a.ay) * sideOf(b, a.bx, a.by) < 0;

/** On which side of a line a place lies: 1 left, -1 right, 0 on it. The products are whole numbers below 2^53, so that is exact. */
function sideOf({ ax, ay, bx, by }: Side, x: number, y: number): -1 | 0 | 1 {
  const [left, right] = [(bx - ax) * (y - ay), (by - ay) * (x - ax)];
  return left > right ? 1 : left < right ? -1 : 0;
}

/** About where. */
function crossingOf(a: Side, b: Side): Crossing {
  const [dx, dy] = [a.bx - a.ax, a.by - a.ay];
  const [ex, ey] = [b.bx - b.ax, b.by - b.ay];
  const share = ((b.ax - a.ax) * ey - (b.ay - a.ay) * ex) / (dx * ey - dy * ex);
  return { lonE6: Math.round(a.ax + share * dx), latE6: Math.round(a.ay + share * dy) };
}
