import type { Ring } from "../../tiles/areas/area.ts";

/** So many sides of a ring are tried, its longest: where rings lie upon each other, one side alone may mislead. */
const TRIED = 8;

/** A side that is not level: its ends, the southern first, and whether the ring goes north there. */
type Side = readonly [ax: number, ay: number, bx: number, by: number, goesNorth: boolean];

/**
 * Finds a ring that has no place among the others: an outer one inside a polygon, such as one told twice, or a hole inside a hole. Rings
 * must not cross; outer ones go counterclockwise, holes clockwise. Then what lies left of a ring is inside exactly one polygon.
 */
export function findMisplaced(rings: readonly Ring[]): Ring | undefined {
  if (rings.length < 2) return undefined;
  const sides = rings.map(sidesOf);
  const all = sides.flat();
  return rings.find((_, i) => {
    const tried = longestOf(sides[i] as Side[]);
    return tried.length > 0 && tried.every((side) => depthLeftOf(side, all) !== 1);
  });
}

function sidesOf(ring: Ring): Side[] {
  return Array.from({ length: ring.length / 2 }, (_, i): Side => {
    const next = (2 * i + 2) % ring.length;
    const [ax, ay, bx, by] = [ring[2 * i], ring[2 * i + 1], ring[next], ring[next + 1]] as [
      number,
      number,
      number,
      number,
    ];
    return ay < by ? [ax, ay, bx, by, true] : [bx, by, ax, ay, false];
  }).filter(([, ay, , by]) => ay < by);
}

const longestOf = (sides: readonly Side[]): Side[] =>
  sides.toSorted((a, b) => b[3] - b[1] - (a[3] - a[1])).slice(0, TRIED);

/**
 * How many polygons lie over the place just left of a side: what a line from there to the east crosses, northward less southward. Half a
 * unit off the grid it meets no corner. Sides at the same place are where they are told to be: only those of one line are the same.
 */
function depthLeftOf(side: Side, all: readonly Side[]): number {
  const [, ay, , by, goesNorth] = side;
  const y = Math.floor((ay + by - 1) / 2) + 0.5;
  const x = eastingAt(side, y);
  let depth = 0;
  for (const other of all) {
    if (other[1] > y || other[3] < y) continue;
    const at = eastingAt(other, y);
    if (at > x || (goesNorth && at === x)) depth += other[4] ? 1 : -1;
  }
  return depth;
}

const eastingAt = ([ax, ay, bx, by]: Side, y: number): number => ax + ((y - ay) / (by - ay)) * (bx - ax);
