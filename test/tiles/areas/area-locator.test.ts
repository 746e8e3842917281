/** @module-tag random */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { boxAround, boxOfPolygons } from "../../../tiles/areas/area.ts";
import { createAreaLocator, isInside } from "../../../tiles/areas/area-locator.ts";
import { makePartition } from "../../kit/made-up-areas.ts";
import { seededRandom } from "../../kit/random.ts";
import { runs } from "../../kit/runs.ts";

const square = (west: number, south: number, size: number) =>
  Int32Array.from([west, south, west + size, south, west + size, south + size, west, south + size]);

describe("a place and an area", () => {
  const withHole = [[square(0, 0, 10), square(4, 4, 2)]];

  it.each([
    ["inside", 2, 2, true],
    ["outside", 12, 2, false],
    ["on the western side", 0, 5, true],
    ["on the southern side", 5, 0, true],
    ["on the eastern side", 10, 5, false],
    ["on the northern side", 5, 10, false],
    ["at the south-western corner", 0, 0, true],
    ["at the north-eastern corner", 10, 10, false],
    ["in the hole", 5, 5, false],
    ["on the hole's western side", 4, 5, false],
    ["on the hole's eastern side", 6, 5, true],
  ])("%s", (_, lon, lat, expected) => {
    expect(isInside(withHole, lon, lat)).toBe(expected);
  });

  it("counts exactly where doubles of degrees would not: a millionth beside a long slanted side", () => {
    const slanted = [[Int32Array.from([0, 0, 89_999_999, 1, 89_999_999, 3])]];
    // The side from the first corner to the last passes latitude 1 at 29 999 999 2/3.
    expect(isInside(slanted, 29_999_999, 1)).toBe(false);
    expect(isInside(slanted, 30_000_000, 1)).toBe(true);
  });

  it("takes the first of two areas that overlap", () => {
    const areas = [[[square(0, 0, 10)]], [[square(5, 0, 10)]]].map((polygons) => ({
      polygons,
      box: boxOfPolygons(polygons),
    }));
    const { find } = createAreaLocator(areas, { west: 0, south: 0, east: 20, north: 20 });
    expect([2, 7, 12, 17].map((lon) => find(lon, 5))).toEqual([0, 0, 1, -1]);
  });
});

describe("areas that share their borders", () => {
  const options = fc.record({
    west: fc.integer({ min: -170_000_000, max: 100_000_000 }),
    south: fc.integer({ min: -80_000_000, max: 10_000_000 }),
    size: fc.integer({ min: 1, max: 6 }),
    stepE6: fc.constantFrom(8, 50, 3000, 200_000, 10_000_000),
    areas: fc.integer({ min: 1, max: 9 }),
    seed: fc.integer(),
  });

  it("have each place of the whole in exactly one of them, corners and sides too", () => {
    fc.assert(
      fc.property(options, ({ seed, ...made }) => {
        const random = seededRandom(seed);
        const areas = makePartition({ ...made, random });
        const box = boxAround(areas.map((area) => area.box));
        const locator = createAreaLocator(areas, box);
        const corners = areas.flatMap(({ polygons }) => polygons.flat().flatMap((ring) => pairsOf(ring)));
        const anywhere = Array.from({ length: 60 }, (): [number, number] => [
          box.west + Math.floor(random() * (box.east - box.west)),
          box.south + Math.floor(random() * (box.north - box.south)),
        ]);
        for (const [lon, lat] of [...corners.slice(0, 120), ...anywhere]) {
          if (lon === box.east || lat === box.north) continue;
          const holding = areas.flatMap(({ polygons }, i) => (isInside(polygons, lon, lat) ? [i] : []));
          expect(holding, `${lon} ${lat}`).toHaveLength(1);
          expect(locator.find(lon, lat)).toBe(holding[0]);
        }
      }),
      runs(1000),
    );
  });

  it("are found alike by locators of parts of them", () => {
    fc.assert(
      fc.property(options, fc.integer(), ({ seed, ...made }, part) => {
        const random = seededRandom(seed ^ part);
        const areas = makePartition({ ...made, random });
        const box = boxAround(areas.map((area) => area.box));
        const whole = createAreaLocator(areas, box);
        const lon = () => box.west + Math.floor(random() * (box.east - box.west));
        const lat = () => box.south + Math.floor(random() * (box.north - box.south));
        const [a, b, c, d] = [lon(), lon(), lat(), lat()];
        const inside = { west: Math.min(a, b), east: Math.max(a, b), south: Math.min(c, d), north: Math.max(c, d) };
        const locator = createAreaLocator(areas, inside);
        for (let i = 0; i < 40; i++) {
          const x = inside.west + Math.floor(random() * (inside.east - inside.west + 1));
          const y = inside.south + Math.floor(random() * (inside.north - inside.south + 1));
          expect(locator.find(x, y)).toBe(whole.find(x, y));
        }
      }),
      runs(1000),
    );
  });
});

function pairsOf(ring: Int32Array): [number, number][] {
  return Array.from({ length: ring.length / 2 }, (_, i) => [ring[2 * i] as number, ring[2 * i + 1] as number]);
}
