import { boxOfPolygons, MOST_SPAN_E6, type Polygon, type Ring } from "../../tiles/areas/area.ts";
import { isInside } from "../../tiles/areas/area-locator.ts";
import { MOST_CORNERS } from "../../tiles/codec/area-codec.ts";
import { isObject } from "../kit/is-object.ts";
import { findCrossing } from "./ring-crossings.ts";
import { findMisplaced } from "./ring-windings.ts";

/** What was mended of a feature's polygons, each told once. */
export type Repair =
  | "closed a ring"
  | "turned a ring the right way"
  | "left out a hole without area"
  | "left out a polygon without area";

/** What a geometry is, or the sentence that says what is wrong with it. */
export type CheckedPolygons =
  | { readonly polygons: readonly Polygon[]; readonly repairs: ReadonlySet<Repair> }
  | { readonly fault: string; readonly limit?: number };

/** A fault inside, on its way out; where a limit was gone beyond, with that. */
class Fault extends Error {
  readonly limit: number | undefined;
  constructor(message: string, limit?: number) {
    super(message);
    this.limit = limit;
  }
}

/**
 * Reads a Polygon or a MultiPolygon (RFC 7946, section 3.1) in whole millionths of a degree, and mends what can be mended.
 * @param mostCorners that it may have in all
 */
export function checkPolygons(geometry: unknown, mostCorners = MOST_CORNERS): CheckedPolygons {
  const repairs = new Set<Repair>();
  try {
    const polygons = coordinatesOf(geometry).flatMap((polygon) => readPolygon(polygon, repairs));
    if (polygons.length === 0) throw new Fault("is empty: it has no polygon with an area");
    checkWhole(polygons, mostCorners);
    return { polygons, repairs };
  } catch (error) {
    if (error instanceof Fault)
      return { fault: error.message, ...(error.limit !== undefined && { limit: error.limit }) };
    throw error;
  }
}

function coordinatesOf(geometry: unknown): readonly unknown[] {
  if (!isObject(geometry)) throw new Fault("has no geometry");
  const { type, coordinates } = geometry;
  if (type !== "Polygon" && type !== "MultiPolygon")
    throw new Fault(`is a ${shownType(type)}: areas are Polygons and MultiPolygons`);
  if (!Array.isArray(coordinates)) throw new Fault("has no coordinates");
  return type === "Polygon" ? [coordinates] : coordinates;
}

/** Whatever somebody wrote there, in few words. */
const shownType = (type: unknown): string => (typeof type === "string" ? type.slice(0, 40) : "geometry without a type");

function readPolygon(rings: unknown, repairs: Set<Repair>): Polygon[] {
  if (!Array.isArray(rings) || rings.length === 0) {
    repairs.add("left out a polygon without area");
    return [];
  }
  const [outer, ...holes] = rings.map((ring) => readRing(ring, repairs));
  if (outer === undefined) {
    repairs.add("left out a polygon without area");
    return [];
  }
  const kept = holes.filter((hole) => hole !== undefined);
  if (kept.length < holes.length) repairs.add("left out a hole without area");
  for (const hole of kept) {
    if (!isBeside(hole, outer)) throw new Fault(`has a hole outside its outer ring, at ${placeOf(hole, 0)}`);
  }
  return [[turn(outer, 1, repairs), ...kept.map((hole) => turn(hole, -1, repairs))]];
}

/** Undefined when it has no area. */
function readRing(positions: unknown, repairs: Set<Repair>): Ring | undefined {
  if (!Array.isArray(positions)) throw new Fault("has a ring that is not a list of positions");
  const corners: number[] = [];
  for (const position of positions) {
    const [x, y] = readPosition(position);
    if (corners.at(-2) !== x || corners.at(-1) !== y) corners.push(x, y);
  }
  const isClosed = corners.length > 2 && corners[0] === corners.at(-2) && corners[1] === corners.at(-1);
  if (isClosed) corners.length -= 2;
  else if (positions.length > 1) repairs.add("closed a ring");
  const ring = Int32Array.from(corners);
  if (ring.length >= 6 && areaOf(ring) !== 0) return ring;
  // Two equal lobes of a ring that crosses itself cancel out, and are not nothing.
  if (ring.length <= 2 * MOST_CORNERS) refuseCrossing([ring]);
  return undefined;
}

function readPosition(position: unknown): [number, number] {
  if (!Array.isArray(position)) throw new Fault("has a position that is not a list of numbers");
  const [lon, lat] = position as unknown[];
  if (typeof lon !== "number" || typeof lat !== "number" || !Number.isFinite(lon) || !Number.isFinite(lat))
    throw new Fault(`has a position that is not two numbers: ${JSON.stringify([lon, lat].map(shownOf)).slice(0, 60)}`);
  if (Math.abs(lat) > 90 && Math.abs(lat) <= 180 && Math.abs(lon) <= 90)
    throw new Fault(`lies at latitude ${lat}: longitude and latitude seem to be swapped; GeoJSON has longitude first`);
  if (Math.abs(lon) > 180 || Math.abs(lat) > 90)
    throw new Fault(`lies outside WGS 84, at ${lon}, ${lat}: transform the file to longitude and latitude in degrees`);
  return [Math.round(lon * 1e6), Math.round(lat * 1e6)];
}

/** A list may be nested deeper than can be told. */
const shownOf = (value: unknown): unknown => (Array.isArray(value) ? "a list" : isObject(value) ? "an object" : value);

/** Whether some corner of a hole is not outside: it may touch the outer ring at others. */
function isBeside(hole: Ring, outer: Ring): boolean {
  for (let i = 0; i < hole.length; i += 2) {
    if (isInside([[outer]], hole[i] as number, hole[i + 1] as number)) return true;
  }
  return false;
}

/** Outer rings go counterclockwise, holes clockwise (RFC 7946, section 3.1.6). */
function turn(ring: Ring, sign: 1 | -1, repairs: Set<Repair>): Ring {
  if (Math.sign(areaOf(ring)) === sign) return ring;
  repairs.add("turned a ring the right way");
  const turned = new Int32Array(ring.length);
  for (let i = 0; i < ring.length; i += 2) {
    turned[i] = ring[ring.length - 2 - i] as number;
    turned[i + 1] = ring[ring.length - 1 - i] as number;
  }
  return turned;
}

/** Of the first corner on, so that products stay exact enough to tell nothing from something. */
function areaOf(ring: Ring): number {
  const [x, y] = [ring[0] as number, ring[1] as number];
  let sum = 0;
  for (let i = 2; i + 3 < ring.length; i += 2) {
    sum +=
      ((ring[i] as number) - x) * ((ring[i + 3] as number) - y) -
      ((ring[i + 2] as number) - x) * ((ring[i + 1] as number) - y);
  }
  return sum;
}

function checkWhole(polygons: readonly Polygon[], mostCorners: number): void {
  const rings = polygons.flat();
  const { west, south, east, north } = boxOfPolygons(polygons);
  if (east - west > MOST_SPAN_E6 || north - south > MOST_SPAN_E6)
    throw new Fault(
      "spans more than 90 degrees: what lies on both sides of the antimeridian must come as two areas, each in a set of its own",
    );
  const corners = rings.reduce((sum, ring) => sum + ring.length / 2, 0);
  if (corners > mostCorners)
    throw new Fault(`has ${corners} corners, more than ${mostCorners}: simplify it`, mostCorners);
  refuseCrossing(rings);
  const misplaced = findMisplaced(rings);
  if (misplaced !== undefined)
    throw new Fault(`has a ring upon or inside another of the same sort, at ${placeOf(misplaced, 0)}`);
}

function refuseCrossing(rings: readonly Ring[]): void {
  const crossing = findCrossing(rings);
  if (crossing !== undefined)
    throw new Fault(`crosses itself at about ${crossing.lonE6 / 1e6}, ${crossing.latE6 / 1e6}`);
}

const placeOf = (ring: Ring, corner: number): string =>
  `${(ring[2 * corner] as number) / 1e6}, ${(ring[2 * corner + 1] as number) / 1e6}`;
