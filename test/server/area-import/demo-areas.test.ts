import { beforeAll, describe, expect, it } from "vitest";
import { demoAreas } from "../../../server/area-import/demo-areas.ts";
import { CITIES } from "../../../server/areas/cities.ts";
import { PLACES } from "../../../server/areas/places.ts";
import { seedReports } from "../../../server/seed/seed-reports.ts";
import { isInside } from "../../../tiles/areas/area-locator.ts";
import type { NumberedArea } from "../../../tiles/codec/area-codec.ts";

const toE6 = (deg: number): number => Math.round(deg * 1e6);

describe.each(CITIES)("the areas of $name that the product draws", ({ id, bbox: [west, south, east, north] }) => {
  let areas: readonly NumberedArea[];
  beforeAll(() => {
    areas = demoAreas(id);
  });
  const around = (lonDeg: number, latDeg: number) =>
    areas.filter(({ polygons }) => isInside(polygons, toE6(lonDeg), toE6(latDeg))).map(({ name }) => name);

  it("hold each the place that they are called by, and no other", () => {
    const places = PLACES.filter(({ city, isBeyond }) => city === id && !isBeyond);
    expect(areas).toHaveLength(places.length);
    for (const { name, lonDeg, latDeg } of places) expect(around(lonDeg, latDeg), name).toEqual([name]);
  });

  it("hold of the reports in the city nearly all, in the area of the nearest name", () => {
    const scale = Math.cos((south * Math.PI) / 180);
    const places = PLACES.filter(({ city }) => city === id);
    const inCity = seedReports({ nowMs: Date.parse("2026-04-15T20:30:00Z") }).filter(
      ({ lonDeg, latDeg }) => lonDeg > west && lonDeg < east && latDeg > south && latDeg < north,
    );
    const homes = inCity.map(({ lonDeg, latDeg }) => {
      const away = ({ lonDeg: lon, latDeg: lat }: (typeof places)[number]) =>
        Math.hypot((lon - lonDeg) * scale, lat - latDeg);
      const [first, second] = places.toSorted((a, b) => away(a) - away(b));
      const isClear = first !== undefined && second !== undefined && away(second) - away(first) > 1e-3;
      return { names: around(lonDeg, latDeg), nearest: isClear && !first.isBeyond ? first.name : undefined };
    });
    expect(homes.every(({ names }) => names.length < 2)).toBe(true);
    const known = homes.filter(({ nearest }) => nearest !== undefined);
    const placed = known.filter(({ names }) => names.length === 1);
    expect(placed.length).toBeGreaterThan(0.97 * known.length);
    for (const { names, nearest } of placed) expect(names).toEqual([nearest]);
  });

  it("share their borders to the last digit", () => {
    const sides = new Map<string, number>();
    for (const ring of areas.flatMap(({ polygons }) => polygons.flat())) {
      const corners = Array.from({ length: ring.length / 2 }, (_, i) => `${ring[2 * i]},${ring[2 * i + 1]}`);
      corners.forEach((corner, i) => {
        const side = `${corner} ${corners[(i + 1) % corners.length]}`;
        sides.set(side, (sides.get(side) ?? 0) + 1);
      });
    }
    // Wound alike, no two areas have a side in the same direction, and neighbours have theirs in both.
    expect([...sides.values()].every((count) => count === 1)).toBe(true);
    const shared = [...sides.keys()].filter((side) => sides.has(side.split(" ").reverse().join(" ")));
    expect(shared.length / 2).toBeGreaterThan(1.8 * areas.length);
  });
});

it("draws none of a city that is not ours", () => {
  expect(demoAreas("oslo")).toEqual([]);
});
