import { describe, expect, it } from "vitest";
import { importAreas, removeAreas } from "../../../server/area-import/import-areas.ts";
import { DETAIL_LEVELS, EXACT_LEVEL, minZoomOfBoxes } from "../../../server/areas/area-pieces.ts";
import { type AreaSetVersion, createAreaSets, liveSets, minZoomOf } from "../../../server/areas/area-sets.ts";
import { createAreaShapes, LostAreasError } from "../../../server/areas/area-shapes.ts";
import { silentLog } from "../../../server/console/log.ts";
import type { DerivedStore } from "../../../server/ports/derived-store.ts";
import { createMemoryDerivedStore } from "../../../server/store/memory/derived-memory.ts";
import { boxAround, boxesMeet } from "../../../tiles/areas/area.ts";
import { isInside } from "../../../tiles/areas/area-locator.ts";
import { encodeGeohash } from "../../../tiles/geo/geohash.ts";
import { createTestClock } from "../../kit/clock.ts";
import { makePartition } from "../../kit/made-up-areas.ts";
import { seededRandom } from "../../kit/random.ts";

const random = seededRandom(16);
const CITY = { id: "made-up", name: "Made Up", bbox: [-97.9, 30.1, -97.7, 30.3] as const, timezone: "America/Chicago" };
const areas = makePartition({ west: -97_900_000, south: 30_100_000, size: 20, stepE6: 10_000, areas: 60, random }).map(
  (area, number) => ({ ...area, number }),
);

function open(inner?: DerivedStore) {
  const clock = createTestClock();
  const derived = inner ?? createMemoryDerivedStore({ clock });
  const store = {
    sets: createAreaSets({ derived, log: silentLog }),
    shapes: createAreaShapes({ derived }),
    clock,
    tally: async () => {},
    forget: async () => {},
  };
  const put = (some = areas) => importAreas(store, some, { city: CITY, kind: "neighborhood" });
  const live = async () => liveSets(await store.sets.read())[0] as AreaSetVersion;
  return { clock, derived, store, put, live };
}

describe("stored areas", () => {
  it("are found by box, by place, by id and one after the other", async () => {
    const { store, put, live } = open();
    await put();
    const { shapes } = store;
    const of = await live();
    const whole = boxAround(areas.map(({ box }) => box));
    expect(await shapes.meeting(of, whole, EXACT_LEVEL)).toEqual(areas);
    const box = { west: -97_850_000, south: 30_150_000, east: -97_849_000, north: 30_151_000 };
    expect(await shapes.meeting(of, box, EXACT_LEVEL)).toEqual(areas.filter((area) => boxesMeet(area.box, box)));
    for (let i = 0; i < 200; i++) {
      const lon = whole.west + Math.floor(random() * 200_000);
      const lat = whole.south + Math.floor(random() * 200_000);
      const near = await shapes.near(of, encodeGeohash(lon / 1e6, lat / 1e6, 5));
      const expected = areas.find(({ polygons }) => isInside(polygons, lon, lat));
      expect(near.areas[near.find(lon, lat)]?.id).toBe(expected?.id);
    }
    expect((await shapes.find(of, "made-up-n-0007"))?.name).toBe(areas[7]?.name);
    expect(await shapes.find(of, "made-up-n-9999")).toBeUndefined();
    expect(await shapes.find(of, "a")).toBeUndefined();
    const ids = (await shapes.list(of, "made-up-n-0009", 5)).map(({ id }) => id);
    expect(ids).toEqual(areas.slice(10, 15).map(({ id }) => id));
    expect(await shapes.list(of, "", 100)).toHaveLength(areas.length);
  });

  it("are simplified for wide tiles, and told with the boxes of the whole areas", async () => {
    const { store, put, live } = open();
    // Fields of a pixel in areas that reach over many.
    const small = makePartition({ size: 40, stepE6: 700, areas: 2, random }).map((area, number) => ({
      ...area,
      number,
    }));
    await put(small);
    const level = DETAIL_LEVELS.findIndex(({ maxZoom }) => maxZoom >= minZoomOfBoxes(small.map(({ box }) => box)));
    const whole = boxAround(small.map(({ box }) => box));
    const wide = await store.shapes.meeting(await live(), whole, level);
    const cornersOf = (some: typeof wide) =>
      some.flatMap(({ polygons }) => polygons.flat()).reduce((sum, { length }) => sum + length, 0);
    expect(wide.length).toBe(2);
    expect(cornersOf(wide)).toBeLessThan(cornersOf(small));
    for (const area of wide) expect(area.box).toEqual(small[area.number]?.box);
    expect(DETAIL_LEVELS.at(EXACT_LEVEL)?.toleranceDeg).toBe(0);
  });

  it("begin at one zoom for all of a set, by the width of its middle one and how many are in a tile", async () => {
    const boxes = (...widthsDeg: number[]) =>
      widthsDeg.map((width) => ({ west: 5, east: 5 + Math.round(1e6 * width), south: 5, north: 10 }));
    const pixels = (z: number, width: number) => (width * 512 * 2 ** z) / 360;
    // By hand: 24 pixels of zoom 10 are 0.01648 degrees; San Francisco's neighbourhoods are 0.026 wide, and Austin's 0.022.
    expect([0.026, 0.022, 0.0165, 0.0164, 0.0021, 1e-5, 0].map((width) => minZoomOfBoxes(boxes(width)))).toEqual([
      10, 10, 10, 11, 13, 14, 14,
    ]);
    expect(pixels(10, 0.0165)).toBeGreaterThan(24);
    expect(minZoomOfBoxes(boxes(3, 0.5))).toBe(8);
    expect(minZoomOfBoxes(boxes(0.0001, 0.026, 3))).toBe(10);
    // Two hundred in a tile are as many as can be told apart of zoom 10, which is 0.35 degrees wide.
    const grid = (side: number) =>
      Array.from({ length: side ** 2 }, (_, i) => {
        const [west, south] = [1000 + 20_000 * (i % side), 1000 + 20_000 * Math.floor(i / side)];
        return { west, south, east: west + 20_000, north: south + 20_000 };
      });
    expect([14, 15].map((side) => minZoomOfBoxes(grid(side)))).toEqual([10, 11]);
    const { put, live } = open();
    await put();
    const { version } = await live();
    expect(version.minZoom).toBe(minZoomOfBoxes(areas.map(({ box }) => box)));
    // Of a set that was imported before this was kept.
    const { minZoom: _, ...old } = version;
    expect(minZoomOf({ ...old, box: { west: 0, south: 0, east: 200_000, north: 1 }, areaCount: 64 })).toBe(10);
  });

  it("are items of bounded size", async () => {
    const { derived } = open();
    const sizes: number[] = [];
    const counting = open({
      ...derived,
      put(group, name, body, condition) {
        sizes.push(body.length);
        return derived.put(group, name, body, condition);
      },
    });
    const many = makePartition({ size: 30, stepE6: 20, areas: 3000, random }).map((area, number) => ({
      ...area,
      number,
    }));
    await counting.put(many);
    expect(Math.max(...sizes)).toBeLessThan(350_000);
    expect(await counting.store.shapes.list(await counting.live(), "", 10_000)).toHaveLength(many.length);
  });

  it("are replaced by one write: before it the old version is read, after it the new one, and the old one still is there", async () => {
    const { clock, store, put, live, derived } = open();
    await put();
    const before = await live();
    const seen: number[] = [];
    clock.nowMs += 1000;
    store.tally = async () => void seen.push((await live()).version.number);
    const [first] = areas;
    await put(first === undefined ? [] : [{ ...first, name: "Renamed" }]);
    expect(seen).toEqual([before.version.number]);
    expect((await store.shapes.find(await live(), "made-up-n-0000"))?.name).toBe("Renamed");
    const fresh = createAreaShapes({ derived });
    expect((await fresh.find(before, "made-up-n-0000"))?.name).toBe("Area 0");
    clock.nowMs += 3_700_000;
    await put();
    await expect(createAreaShapes({ derived }).find(before, "made-up-n-0000")).rejects.toThrow(LostAreasError);
  });

  it("are taken away, at once for readers that look for sets", async () => {
    const { store, put, live } = open();
    await put();
    expect(await removeAreas(store, CITY.id, "ward")).toBe(false);
    expect(await removeAreas(store, CITY.id, "neighborhood")).toBe(true);
    expect(await live()).toBeUndefined();
  });
});
