import type { Position } from "geojson";

/**
 * Rounds the corners of a hand-drawn line or ring: each round replaces a corner by two points a quarter along its sides
 * (G. M. Chaikin, 1974). A line keeps its ends; a ring is given without its first point repeated, and keeps the corners that
 * are named.
 */
export function smooth(
  path: readonly Position[],
  rounds: number,
  isRing: boolean,
  isKept: (corner: Position) => boolean = () => false,
): Position[] {
  let points = [...path];
  for (let round = 0; round < rounds; round++) {
    const next: Position[] = [];
    const sides = isRing ? points.length : points.length - 1;
    for (let i = 0; i < sides; i++) {
      const [from = [], to = []] = [points[i], points[(i + 1) % points.length]];
      const [[x0 = 0, y0 = 0], [x1 = 0, y1 = 0]] = [from, to];
      if (isKept(from)) next.push(from);
      if (!isKept(from)) next.push([0.75 * x0 + 0.25 * x1, 0.75 * y0 + 0.25 * y1]);
      if (!isKept(to)) next.push([0.25 * x0 + 0.75 * x1, 0.25 * y0 + 0.75 * y1]);
    }
    const [first, last] = [points[0], points.at(-1)];
    points = isRing || first === undefined || last === undefined ? next : [first, ...next, last];
  }
  return points;
}
