import type { Position } from "geojson";
import type { NumberedArea } from "../../tiles/codec/area-codec.ts";
import { CITIES, type City } from "../areas/cities.ts";
import { type NamedPlace, PLACES } from "../areas/places.ts";
import { CITY_MAPS } from "../basemap/cities.ts";
import type { CitySketch } from "../seed/city-sketch.ts";
import { SEED_CITIES } from "../seed/seed-cities.ts";
import { checkAreas } from "./check-areas.ts";
import type { RawFeature } from "./read-features.ts";
import { type Corner, type HalfPlane, slice } from "./slice.ts";

/** Of the areas that the product draws itself. */
export const DEMO_KIND = "neighborhood";

/** So far beyond the outermost streets and names that are drawn of a city it goes on, in degrees of latitude: 1.1 km. */
const MARGIN_DEG = 0.01;

/** A part as small as this, in square degrees, about 1 000 m², is a sliver of a shore. */
const LEAST_PART = 1e-7;

/**
 * Areas of a seeded city as nobody drew them: to each of the names on its map all that no other name is nearer to, as far as there is land
 * and the city is drawn. Approximate, but what is called Tenderloin is around the Tenderloin. Ascending by id, numbered; none for a city
 * that is not ours.
 */
export function demoAreas(cityId: string): readonly NumberedArea[] {
  const city = CITIES.find(({ id }) => id === cityId);
  if (city === undefined) return [];
  const plane = planeOf(city);
  const places = PLACES.filter((place) => place.city === cityId);
  const grounds = groundsOf(city, places, plane);
  const features = places
    .filter(({ isBeyond }) => !isBeyond)
    .map((place): RawFeature => {
      const parts = grounds.flatMap((ground) => nearestTo(place, places, ground, plane));
      const coordinates = parts.filter((part) => areaOf(part) > LEAST_PART).map((part) => [part.map(plane.toDegrees)]);
      return { properties: { name: place.name }, geometry: { type: "MultiPolygon", coordinates } };
    });
  const { areas, faults } = checkAreas(features, { city: cityId, kind: DEMO_KIND, nameProperty: "name" });
  if (faults.length > 0) throw new Error(`areas of ${cityId} that cannot be: ${faults.join(" ")}`);
  return areas;
}

/** Degrees of longitude are as long as those of latitude in it, so that "nearer" is what it is on the ground. */
interface Plane {
  of(lonDeg: number, latDeg: number): Corner;
  /** In whole millionths: of neighbours' common corners the same ones. */
  toDegrees(corner: Corner): Position;
}

function planeOf({ bbox: [, south, , north] }: City): Plane {
  const lonScale = Math.cos((((south + north) / 2) * Math.PI) / 180);
  const quantise = (deg: number): number => Math.round(deg * 1e6) / 1e6;
  return {
    of: (lonDeg, latDeg) => [lonDeg * lonScale, latDeg],
    toDegrees: ([x, y]) => [quantise(x / lonScale), quantise(y)],
  };
}

/** The land of a city as its map has it, or else its box, as far as anything of it is drawn. */
function groundsOf({ id, bbox }: City, places: readonly NamedPlace[], plane: Plane): Corner[][] {
  const [west, south, east, north] = bbox;
  const box = [
    [west, south],
    [east, south],
    [east, north],
    [west, north],
  ];
  const lands = (CITY_MAPS[id]?.features ?? [])
    .filter(({ properties }) => properties.kind === "land")
    .map(({ geometry }) => (geometry.coordinates[0] as Position[]).slice(0, -1));
  const points = places.filter(({ isBeyond }) => !isBeyond).map(({ lonDeg, latDeg }) => plane.of(lonDeg, latDeg));
  const edges = [
    ...edgesOf(box.map(onPlane(plane))),
    ...edgesOf(hullOf([...points, ...drawnOf(id, plane)]), MARGIN_DEG),
  ];
  const grounds = (lands.length > 0 ? lands : [box]).flatMap((ring) => sliceAll([ring.map(onPlane(plane))], edges));
  // Across a strait lies another city, or nothing that has a name.
  return grounds.filter((ring) => points.some((point) => isIn(ring, point)));
}

const onPlane =
  (plane: Plane) =>
  ([lonDeg = 0, latDeg = 0]: readonly number[]): Corner =>
    plane.of(lonDeg, latDeg);

function drawnOf(id: string, plane: Plane): Corner[] {
  const points = ({ streets, spots, grids }: CitySketch) => [
    ...streets.flatMap(({ path }) => path),
    ...spots.map(({ at }) => at),
    ...grids.flatMap(({ corners }) => corners),
  ];
  return SEED_CITIES.filter((sketch) => sketch.id === id)
    .flatMap(points)
    .map(onPlane(plane));
}

function nearestTo(
  place: NamedPlace,
  places: readonly NamedPlace[],
  ground: readonly Corner[],
  plane: Plane,
): Corner[][] {
  const at = plane.of(place.lonDeg, place.latDeg);
  const others = places.filter((other) => other !== place).map(({ lonDeg, latDeg }) => plane.of(lonDeg, latDeg));
  return sliceAll(
    [ground],
    others.map((other) => nearerTo(at, other)),
  );
}

const sliceAll = (rings: readonly (readonly Corner[])[], sides: readonly HalfPlane[]): Corner[][] =>
  sides.reduce<Corner[][]>(
    (parts, side) => parts.flatMap((part) => slice(part, side)),
    rings.map((ring) => [...ring]),
  );

/** The half of the plane that is nearer to one point than to another. */
const nearerTo = ([x, y]: Corner, [u, v]: Corner): HalfPlane => ({
  a: u - x,
  b: v - y,
  c: ((u - x) * (u + x) + (v - y) * (v + y)) / 2,
});

/** The inner sides of a convex ring's edges, wound counterclockwise, moved outwards. */
function edgesOf(ring: readonly Corner[], margin = 0): HalfPlane[] {
  return ring.map(([x, y], i) => {
    const [u, v] = ring[(i + 1) % ring.length] as Corner;
    const [a, b] = [v - y, x - u];
    return { a, b, c: a * x + b * y + margin * Math.hypot(a, b) };
  });
}

/** The convex hull, counterclockwise (Andrew's monotone chain). */
function hullOf(points: readonly Corner[]): Corner[] {
  const sorted = points.toSorted((p, q) => p[0] - q[0] || p[1] - q[1]);
  const chain = (corners: readonly Corner[]): Corner[] => {
    const kept: Corner[] = [];
    for (const corner of corners) {
      while (kept.length > 1 && turnOf(kept.at(-2) as Corner, kept.at(-1) as Corner, corner) <= 0) kept.pop();
      kept.push(corner);
    }
    return kept.slice(0, -1);
  };
  return [...chain(sorted), ...chain(sorted.toReversed())];
}

/** Above 0 where one turns left. */
const turnOf = (from: Corner, over: Corner, to: Corner): number =>
  (over[0] - from[0]) * (to[1] - from[1]) - (over[1] - from[1]) * (to[0] - from[0]);

function areaOf(ring: readonly Corner[]): number {
  const twice = ring.reduce((sum, [x, y], i) => {
    const [u, v] = ring[(i + 1) % ring.length] as Corner;
    return sum + x * v - u * y;
  }, 0);
  return Math.abs(twice) / 2;
}

function isIn(ring: readonly Corner[], [px, py]: Corner): boolean {
  return ring.reduce((inside, [x, y], i) => {
    const [u, v] = ring[(i + 1) % ring.length] as Corner;
    return y > py !== v > py && px < x + ((u - x) * (py - y)) / (v - y) ? !inside : inside;
  }, false);
}
