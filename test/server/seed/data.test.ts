import type { Feature, Position } from "geojson";
import { describe, expect, it } from "vitest";
import { CITIES } from "../../../server/areas/cities.ts";
import { PLACES } from "../../../server/areas/places.ts";
import { CITY_MAPS } from "../../../server/basemap/cities.ts";
import { WORLD_CITIES } from "../../../server/basemap/world-cities.ts";
import { HAPPENINGS } from "../../../server/seed/happenings.ts";
import { SEED_CITIES } from "../../../server/seed/seed-cities.ts";

/** Cities' surroundings are drawn as well, so far around. */
const AROUND_DEG = 0.4;

const KINDS = [
  "nightlife",
  "shops",
  "traffic",
  "homes",
  "transit",
  "park",
  "plaza",
  "work",
  "tourist",
  "campus",
  "arts",
  "low",
];

function isNear(id: string, [lon = Number.NaN, lat = Number.NaN]: Position | readonly number[]): boolean {
  const [west, south, east, north] = CITIES.find((city) => city.id === id)?.bbox ?? [0, 0, 0, 0];
  return lon > west - AROUND_DEG && lon < east + AROUND_DEG && lat > south - AROUND_DEG && lat < north + AROUND_DEG;
}

const positionsOf = ({ geometry }: Feature): Position[] =>
  geometry.type === "Polygon"
    ? geometry.coordinates.flat()
    : geometry.type === "LineString"
      ? geometry.coordinates
      : [];

describe("the seeds' data", () => {
  it("knows every city, and shares that make a whole", () => {
    expect(SEED_CITIES.map(({ id }) => id)).toEqual(CITIES.map(({ id }) => id));
    expect(Object.keys(CITY_MAPS)).toEqual(CITIES.map(({ id }) => id));
    expect(SEED_CITIES.reduce((sum, { share }) => sum + share, 0)).toBeCloseTo(1);
  });

  it.each(SEED_CITIES.map((city) => [city.id, city] as const))("of %s lie in it, longitude first", (id, city) => {
    const points = [
      ...city.streets.flatMap(({ path }) => path),
      ...city.spots.map(({ at }) => at),
      ...city.grids.flatMap(({ corners }) => corners),
    ];
    expect(points.filter((point) => !isNear(id, point))).toEqual([]);
    expect(city.streets.filter(({ path }) => path.length < 2)).toEqual([]);
    expect(city.grids.filter(({ corners, along, across }) => corners.length !== 4 || along < 2 || across < 2)).toEqual(
      [],
    );
    const places = [...city.streets, ...city.spots, ...city.grids];
    expect(places.flatMap(({ kinds }) => kinds).filter((kind) => !KINDS.includes(kind))).toEqual([]);
    expect(places.filter(({ weight }) => !(weight > 0))).toEqual([]);
    const names = new Set(places.map(({ name }) => name));
    expect(city.events.flatMap((event) => event.places).filter((name) => !names.has(name))).toEqual([]);
  });

  it("has words for every happening", () => {
    expect(HAPPENINGS.filter(({ texts }) => texts.length === 0)).toEqual([]);
  });
});

describe("the basemap's data", () => {
  it.each(Object.entries(CITY_MAPS))(
    "of %s are closed areas and lines around it, of kinds that are drawn",
    (id, map) => {
      for (const feature of map.features) {
        const { properties, geometry } = feature;
        expect(
          positionsOf(feature).filter((position) => !isNear(id, position)),
          JSON.stringify(properties),
        ).toEqual([]);
        if (geometry.type === "Polygon") {
          for (const ring of geometry.coordinates) expect([ring.length >= 4, ring.at(-1)]).toEqual([true, ring[0]]);
          expect(["sea", "land", "lake", "park"]).toContain(properties.kind);
        } else {
          expect(["river", "motorway"]).toContain(properties.kind);
          expect(geometry.coordinates.length).toBeGreaterThan(1);
        }
        if (properties.kind === "river") expect(properties.width_m).toBeGreaterThan(0);
        if (properties.kind === "park" || properties.kind === "motorway") expect(properties.name).toMatch(/\S/);
      }
    },
  );

  it("names places where they are", () => {
    expect(PLACES.filter(({ city, lonDeg, latDeg }) => !isNear(city, [lonDeg, latDeg]))).toEqual([]);
    for (const { geometry, properties } of WORLD_CITIES) {
      const [lon = 999, lat = 999] = geometry.coordinates;
      expect(
        Math.abs(lon) <= 180 && Math.abs(lat) <= 75 && [1, 2, 3, 4].includes(properties.rank),
        properties.name,
      ).toBe(true);
    }
  });
});
