import type { Feature, FeatureCollection, Geometry, LineString, Polygon, Position } from "geojson";
import { PLACES } from "../areas/places.ts";
import type { CitySketch, LonLat } from "../seed/city-sketch.ts";
import { SEED_CITIES } from "../seed/seed-cities.ts";
import { smooth } from "./smooth.ts";

/**
 * One city's detail as GeoJSON, drawn by hand from general knowledge of the place: good to about 100 m, enough to know where one is.
 */
export type CityMap = FeatureCollection<Polygon | LineString, CityFeature>;

/**
 * `sea` is where the world's coarse shore gives way to `land`: an area that is water wherever no land is drawn. Rivers and creeks have
 * their width in metres, parks and motorways a name.
 */
export interface CityFeature {
  readonly kind: "sea" | "land" | "lake" | "river" | "park" | "motorway";
  readonly name?: string;
  readonly width_m?: number;
}

/**
 * GeoJSON of a city by vector layer: `sea`, `shore`, `city_lake`, `city_river`, `park`, `street` (`kind`: motorway, main),
 * `neighbourhood`. The streets are those of the seed data, so that its reports lie on them; its meshes of side streets stand for
 * streets that nobody has drawn, and are not shown as if they were there.
 */
export function cityLayers(id: string, map: CityMap): Record<string, Feature[]> {
  const drawn = (kind: CityFeature["kind"], rounds: number, tags: (of: CityFeature) => Tags = () => ({})) =>
    map.features
      .filter(({ properties }) => properties.kind === kind)
      .map(({ geometry, properties }) => feature(smoothed(geometry, rounds), tags(properties)));
  const named = ({ name = "" }: CityFeature): Tags => ({ name });
  return {
    sea: drawn("sea", 0),
    shore: map.features
      .filter(({ properties }) => properties.kind === "land")
      .map(({ geometry }) => feature(shoreOf(geometry as Polygon, seaEdges(map)))),
    city_lake: drawn("lake", 2),
    city_river: drawn("river", 2, ({ width_m: width = 0 }) => ({ width })),
    park: drawn("park", 0, named),
    street: [
      ...drawn("motorway", 2, ({ name = "" }) => ({ name, kind: "motorway" })),
      ...SEED_CITIES.filter((sketch) => sketch.id === id).flatMap(streetsOf),
    ],
    neighbourhood: PLACES.filter(({ city }) => city === id).map(({ name, rank, lonDeg, latDeg }) =>
      feature({ type: "Point", coordinates: [lonDeg, latDeg] }, { name, rank }),
    ),
  };
}

function streetsOf({ streets }: CitySketch): Feature[] {
  return streets.map(({ name, path }) =>
    feature({ type: "LineString", coordinates: smooth(path.map(toPosition), 1, false) }, { name, kind: "main" }),
  );
}

type Tags = Record<string, string | number>;

function smoothed(geometry: Polygon | LineString, rounds: number): Geometry {
  if (geometry.type === "LineString") return { ...geometry, coordinates: smooth(geometry.coordinates, rounds, false) };
  return { ...geometry, coordinates: geometry.coordinates.map((ring) => smoothRing(ring, rounds)) };
}

/** The corners of what is sea in a city's map: west, south, east, north. */
function seaEdges({ features }: CityMap): readonly [number, number, number, number] | undefined {
  const ring = features.find(({ properties }) => properties.kind === "sea")?.geometry.coordinates.flat() as Position[];
  if (ring === undefined) return undefined;
  const [lons, lats] = [ring.map(([lon = 0]) => lon), ring.map(([, lat = 0]) => lat)];
  return [Math.min(...lons), Math.min(...lats), Math.max(...lons), Math.max(...lats)];
}

/** So far land goes on beyond the edge of the map, in degrees: else water shines through between it and the world's. */
const OVERLAP_DEG = 5e-4;

/** A shore with round corners, but for those on the edge of the map, where it meets the world's. */
function shoreOf({ coordinates }: Polygon, edges: ReturnType<typeof seaEdges>): Polygon {
  if (edges === undefined) return { type: "Polygon", coordinates: coordinates.map((ring) => smoothRing(ring, 1)) };
  const [west, south, east, north] = edges;
  const beyond = (value: number, least: number, most: number) =>
    value === least ? value - OVERLAP_DEG : value === most ? value + OVERLAP_DEG : value;
  const isOnEdge = ([lon = 0, lat = 0]: Position) => lon < west || lon > east || lat < south || lat > north;
  const rings = coordinates.map((ring) => {
    const moved = ring.map(([lon = 0, lat = 0]) => [beyond(lon, west, east), beyond(lat, south, north)]);
    return smoothRing(moved, 1, isOnEdge);
  });
  return { type: "Polygon", coordinates: rings };
}

const smoothRing = (ring: readonly Position[], rounds: number, isKept?: (corner: Position) => boolean): Position[] =>
  closed(smooth(ring.slice(0, -1), rounds, true, isKept));

const toPosition = ([lonDeg, latDeg]: LonLat): Position => [lonDeg, latDeg];

function feature(geometry: Geometry, properties: Tags = {}): Feature {
  return { type: "Feature", geometry, properties };
}

function closed(ring: readonly Position[]): Position[] {
  return [...ring, ...ring.slice(0, 1)];
}
