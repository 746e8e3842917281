import type { Feature, Geometry, Position } from "geojson";
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
  /** Streets that carry most of the city's life. */
  readonly streets?: readonly (readonly [name: string, path: readonly Position[]])[];
  /** Neighbourhoods and landmarks; rank 1 is named first. */
  readonly places: readonly (readonly [name: string, rank: number, at: string])[];
}

/** GeoJSON of a city by vector layer: `sea`, `shore`, `city_lake`, `city_river`, `park`, `street`, `neighbourhood`. */
export function cityLayers(city: CityMap): Record<string, Feature[]> {
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
      ...(city.streets ?? []).map(([name, coordinates]) =>
        feature({ type: "LineString", coordinates: [...coordinates] }, { name, kind: "street" }),
      ),
    ],
    neighbourhood: city.places.map(([name, rank, at]) => {
      const [coordinates = []] = positions(at);
      return feature({ type: "Point", coordinates }, { name, rank });
    }),
  };
}

function feature(geometry: Geometry, properties: Record<string, string | number> = {}): Feature {
  return { type: "Feature", geometry, properties };
}

function positions(text: string): Position[] {
  return text.split(",").map((pair) => pair.trim().split(/\s+/).map(Number));
}

function closed(ring: readonly Position[]): Position[] {
  return [...ring, ...ring.slice(0, 1)];
}
