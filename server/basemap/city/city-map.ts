import type { Feature, Geometry, Position } from "geojson";
import { type CitySketch, type LonLat, linesOf } from "../../seed/city-sketch.ts";
import { smooth } from "./smooth.ts";

/**
 * One city's detail, drawn by hand from general knowledge of the place: good to about 100 m, enough to know where one is.
 * Coordinates are text, "lon lat, lon lat", in WGS 84 degrees.
 */
export interface CityMap {
  /** Where the world's coarse shore gives way to `land`: a ring that is water wherever no land is drawn. */
  readonly sea?: string;
  readonly land?: readonly string[];
  readonly lakes?: readonly string[];
  /** Rivers and creeks with their width in metres. */
  readonly rivers?: readonly (readonly [widthM: number, path: string])[];
  readonly parks?: readonly (readonly [name: string, ring: string])[];
  readonly motorways?: readonly (readonly [name: string, path: string])[];
  /** Neighbourhoods and landmarks; rank 1 is named first. */
  readonly places: readonly (readonly [name: string, rank: number, at: string])[];
}

/**
 * GeoJSON of a city by vector layer: `sea`, `shore`, `city_lake`, `city_river`, `park`, `street` (`kind`: motorway, main,
 * side), `neighbourhood`. The streets are those of the seed data, so that its reports lie on them.
 */
export function cityLayers(city: CityMap, sketch: CitySketch): Record<string, Feature[]> {
  const polygon = (ring: string, rounds = 0): Geometry => ({
    type: "Polygon",
    coordinates: [closed(smooth(positions(ring), rounds, true))],
  });
  const line = (path: string): Geometry => ({ type: "LineString", coordinates: smooth(positions(path), 2, false) });
  return {
    sea: city.sea === undefined ? [] : [feature(polygon(city.sea))],
    shore: (city.land ?? []).map((ring) => feature(polygon(ring, 1))),
    city_lake: (city.lakes ?? []).map((ring) => feature(polygon(ring, 2))),
    city_river: (city.rivers ?? []).map(([width, path]) => feature(line(path), { width })),
    park: (city.parks ?? []).map(([name, ring]) => feature(polygon(ring), { name })),
    street: [
      ...(city.motorways ?? []).map(([name, path]) => feature(line(path), { name, kind: "motorway" })),
      ...sketch.streets.map(({ name, path }) =>
        feature({ type: "LineString", coordinates: smooth(path.map(toPosition), 1, false) }, { name, kind: "main" }),
      ),
      ...sketch.grids.map((grid) =>
        feature(
          { type: "MultiLineString", coordinates: linesOf(grid).map((line) => line.map(toPosition)) },
          { kind: "side" },
        ),
      ),
    ],
    neighbourhood: city.places.map(([name, rank, at]) => {
      const [coordinates = []] = positions(at);
      return feature({ type: "Point", coordinates }, { name, rank });
    }),
  };
}

const toPosition = ([lonDeg, latDeg]: LonLat): Position => [lonDeg, latDeg];

function feature(geometry: Geometry, properties: Record<string, string | number> = {}): Feature {
  return { type: "Feature", geometry, properties };
}

function positions(text: string): Position[] {
  return text.split(",").map((pair) => pair.trim().split(/\s+/).map(Number));
}

function closed(ring: readonly Position[]): Position[] {
  return [...ring, ...ring.slice(0, 1)];
}
