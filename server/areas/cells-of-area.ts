import { type Area, type BoxE6, boundsOfBox, boxOfBounds, type Polygon } from "../../tiles/areas/area.ts";
import { isInside } from "../../tiles/areas/area-locator.ts";
import { BASE32, cellBounds, countCells, coverBounds } from "../../tiles/geo/geohash.ts";

/** As fine as a change is told. */
const FINEST = 8;

/** A side of a polygon: its ends, millionths of a degree. */
type Side = readonly [ax: number, ay: number, bx: number, by: number];

/** A cell, and the area's sides that meet it; without any it lies inside as a whole. */
interface Piece {
  readonly geohash: string;
  readonly sides: readonly Side[];
}

/**
 * Geohash cells, ascending and apart, that together hold an area: large ones inside, and along its border ones as small as `limit` of them
 * allow. So what lies in none of them is outside, and what lies in one is inside or nearby.
 */
export function cellsOfArea({ box, polygons }: Pick<Area, "box" | "polygons">, limit: number): string[] {
  let precision = FINEST;
  while (precision > 1 && countCells(boundsOfBox(box), precision) > Math.min(limit, BASE32.length)) precision--;
  const sides = sidesOf(polygons);
  let pieces = coverBounds(boundsOfBox(box), precision, Infinity).flatMap((geohash) =>
    piecesOf(geohash, sides, polygons),
  );
  for (; precision < FINEST; precision++) {
    const finer = pieces.flatMap((piece) =>
      piece.sides.length === 0
        ? [piece]
        : [...BASE32].flatMap((last) => piecesOf(piece.geohash + last, piece.sides, polygons)),
    );
    if (finer.length > limit) break;
    pieces = finer;
  }
  return pieces.map(({ geohash }) => geohash).sort();
}

/** Geohash cells of a precision, ascending, that an area meets; undefined where its box meets more than `most`. */
export function cellsMeeting(
  { box, polygons }: Pick<Area, "box" | "polygons">,
  precision: number,
  most: number,
): string[] | undefined {
  if (countCells(boundsOfBox(box), precision) > most) return undefined;
  const sides = sidesOf(polygons);
  const cells = coverBounds(boundsOfBox(box), precision, Infinity);
  return cells.filter((geohash) => piecesOf(geohash, sides, polygons).length > 0).sort();
}

/** The cell, unless it lies outside. @param sides all that may meet it */
function piecesOf(geohash: string, sides: readonly Side[], polygons: readonly Polygon[]): Piece[] {
  const box = boxOfBounds(cellBounds(geohash));
  const meeting = sides.filter((side) => meets(side, box));
  return meeting.length > 0 || isInside(polygons, box.west, box.south) ? [{ geohash, sides: meeting }] : [];
}

function sidesOf(polygons: readonly Polygon[]): Side[] {
  const sides: Side[] = [];
  for (const ring of polygons.flat()) {
    let [x, y] = [ring[ring.length - 2] as number, ring[ring.length - 1] as number];
    for (let i = 0; i < ring.length; i += 2) {
      const [toX, toY] = [ring[i] as number, ring[i + 1] as number];
      sides.push([x, y, toX, toY]);
      [x, y] = [toX, toY];
    }
  }
  return sides;
}

/** They do unless all of the box lies on one side of the line, or the ends lie beyond the same edge. */
function meets([ax, ay, bx, by]: Side, { west, south, east, north }: BoxE6): boolean {
  if (Math.max(ax, bx) < west || Math.min(ax, bx) > east) return false;
  if (Math.max(ay, by) < south || Math.min(ay, by) > north) return false;
  const turn = (x: number, y: number): number => Math.sign((bx - ax) * (y - ay) - (by - ay) * (x - ax));
  const turns = turn(west, south) + turn(east, south) + turn(west, north) + turn(east, north);
  return Math.abs(turns) < 4;
}
