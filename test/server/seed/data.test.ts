import type { Feature, Position } from "geojson";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { CITIES } from "../../../server/areas/cities.ts";
import { PLACES } from "../../../server/areas/places.ts";
import { CITY_MAPS } from "../../../server/basemap/cities.ts";
import { WORLD_CITIES } from "../../../server/basemap/world-cities.ts";
import { type CitySketch, KINDS } from "../../../server/seed/city-sketch.ts";
import { HAPPENINGS } from "../../../server/seed/happenings.ts";
import { SEED_CITIES } from "../../../server/seed/seed-cities.ts";
import texts from "../../../server/seed/texts.json" with { type: "json" };
import { CATEGORIES, REPORT_LAYERS } from "../../../tiles/layers.ts";

/** Seeds are in the city. Maps and names go on around it, so far. */
const AROUND_DEG = 0.05;

const lonLat = z.tuple([z.number(), z.number()]);
const place = { name: z.string().min(1), kinds: z.array(z.enum(KINDS)).min(1), weight: z.number().positive() };
const sketch = z.strictObject({
  id: z.string(),
  share: z.number().positive(),
  streets: z.array(z.strictObject({ ...place, path: z.array(lonLat).min(2) })),
  spots: z.array(z.strictObject({ ...place, at: lonLat, spreadM: z.number().positive() })),
  grids: z.array(
    z.strictObject({
      ...place,
      corners: z.tuple([lonLat, lonLat, lonLat, lonLat]),
      along: z.int().min(2),
      across: z.int().min(2),
    }),
  ),
  events: z.array(
    z.strictObject({
      kind: z.enum(["flood", "festival", "outage"]),
      reports: z.int().positive(),
      daysAgo: z.int().positive(),
      weekday: z.int().min(0).max(6).exactOptional(),
      places: z.array(z.string()).min(1),
    }),
  ),
}) satisfies z.ZodType<CitySketch>;

function isWithin(id: string, [lon = Number.NaN, lat = Number.NaN]: readonly number[], aroundDeg = 0): boolean {
  const [west, south, east, north] = CITIES.find((city) => city.id === id)?.bbox ?? [0, 0, 0, 0];
  return lon >= west - aroundDeg && lon <= east + aroundDeg && lat >= south - aroundDeg && lat <= north + aroundDeg;
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

  it.each(SEED_CITIES.map((city) => [city.id, city] as const))("of %s is what its type says, and in it", (id, city) => {
    expect(sketch.parse(city)).toEqual(city);
    const points = [
      ...city.streets.flatMap(({ path }) => path),
      ...city.spots.map(({ at }) => at),
      ...city.grids.flatMap(({ corners }) => corners),
    ];
    expect(points.filter((point) => !isWithin(id, point))).toEqual([]);
    const names = new Set([...city.streets, ...city.spots, ...city.grids].map(({ name }) => name));
    expect(city.events.flatMap((event) => event.places).filter((name) => !names.has(name))).toEqual([]);
  });

  it("has a happening for every category, and words for each", () => {
    const happening = HAPPENINGS.map(({ layer, category }) => `${layer} ${category}`);
    const known = REPORT_LAYERS.flatMap((layer) => CATEGORIES[layer].map((category) => `${layer} ${category}`));
    expect(happening.toSorted()).toEqual(known.toSorted());
    expect(Object.keys(texts).toSorted()).toEqual(HAPPENINGS.map(({ category }) => category).toSorted());
    expect(HAPPENINGS.filter((each) => each.texts.length === 0)).toEqual([]);
    expect(Object.values(texts).flatMap((each) => each.join().match(/\{(?!(?:where|near|n|m)\})/g) ?? [])).toEqual([]);
  });
});

describe("the basemap's data", () => {
  it.each(Object.entries(CITY_MAPS))(
    "of %s are closed areas and lines around it, of kinds that are drawn",
    (id, map) => {
      for (const feature of map.features) {
        const { properties, geometry } = feature;
        expect(
          positionsOf(feature).filter((position) => !isWithin(id, position, AROUND_DEG)),
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
    expect(PLACES.filter(({ city, lonDeg, latDeg }) => !isWithin(city, [lonDeg, latDeg], AROUND_DEG))).toEqual([]);
    for (const { geometry, properties } of WORLD_CITIES) {
      const [lon = 999, lat = 999] = geometry.coordinates;
      expect(
        Math.abs(lon) <= 180 && Math.abs(lat) <= 75 && [1, 2, 3, 4].includes(properties.rank),
        properties.name,
      ).toBe(true);
    }
  });
});
