import type { Feature, FeatureCollection, Geometry, LineString, Polygon, Position } from "geojson";
import { PLACES } from "../areas/places.ts";
import { type CitySketch, type LonLat, linesOf } from "../seed/city-sketch.ts";
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
 * GeoJSON of a city by vector layer: `sea`, `shore`, `city_lake`, `city_river`, `park`, `street` (`kind`: motorway, main,
 * side), `neighbourhood`. The streets are those of the seed data, so that its reports lie on them.
 */
export function cityLayers(id: string, map: CityMap): Record<string, Feature[]> {
  const drawn = (kind: CityFeature["kind"], rounds: number, tags: (of: CityFeature) => Tags = () => ({})) =>
    map.features
      .filter(({ properties }) => properties.kind === kind)
      .map(({ geometry, properties }) => feature(smoothed(geometry, rounds), tags(properties)));
  const named = ({ name = "" }: CityFeature): Tags => ({ name });
  return {
    sea: drawn("sea", 0),
    shore: drawn("land", 1),
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

function streetsOf({ streets, grids }: CitySketch): Feature[] {
  return [
    ...streets.map(({ name, path }) =>
      feature({ type: "LineString", coordinates: smooth(path.map(toPosition), 1, false) }, { name, kind: "main" }),
    ),
    ...grids.map((grid) =>
      feature(
        { type: "MultiLineString", coordinates: linesOf(grid).map((line) => line.map(toPosition)) },
        { kind: "side" },
      ),
    ),
  ];
}

type Tags = Record<string, string | number>;

function smoothed(geometry: Polygon | LineString, rounds: number): Geometry {
  if (geometry.type === "LineString") return { ...geometry, coordinates: smooth(geometry.coordinates, rounds, false) };
  return {
    ...geometry,
    coordinates: geometry.coordinates.map((ring) => closed(smooth(ring.slice(0, -1), rounds, true))),
  };
}

const toPosition = ([lonDeg, latDeg]: LonLat): Position => [lonDeg, latDeg];

function feature(geometry: Geometry, properties: Tags = {}): Feature {
  return { type: "Feature", geometry, properties };
}

function closed(ring: readonly Position[]): Position[] {
  return [...ring, ...ring.slice(0, 1)];
}
