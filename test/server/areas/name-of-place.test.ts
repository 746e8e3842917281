import { beforeEach, describe, expect, it } from "vitest";
import { createPlaceNames } from "../../../server/areas/name-of-place.ts";
import { StoreUnavailableError } from "../../../server/ports/report-store.ts";
import { createMemoryDerivedStore } from "../../../server/store/memory/derived-memory.ts";
import { createMemoryStore } from "../../../server/store/memory/memory.ts";
import { encodeGeohash } from "../../../tiles/geo/geohash.ts";
import { openAreas } from "../../kit/area-world.ts";
import { createTestClock } from "../../kit/clock.ts";
import { makeGrid } from "../../kit/made-up-areas.ts";

const BERLIN = { id: "berlin", name: "Berlin", bbox: [13, 52, 14, 53], timezone: "Europe/Berlin" } as const;
/** In Berlin. */
const PLACE = { lonDeg: 13.405, latDeg: 52.52 };
const HAYES = { lonDeg: -122.4262, latDeg: 37.77648 };

/** Four areas around a place, called by a word. */
const areasAround = ({ lonDeg, latDeg }: typeof PLACE, word: string, stepE6 = 20_000, size = 2) =>
  makeGrid({
    west: Math.round(lonDeg * 1e6) - stepE6 * 0.5,
    south: Math.round(latDeg * 1e6) - stepE6 * 0.5,
    size,
    stepE6,
    random: () => 0.5,
  }).map((area, i) => ({ ...area, id: `${word}-${i}`, name: `${word} ${i}` }));

let world: ReturnType<typeof openAreas>;
let clock: ReturnType<typeof createTestClock>;
let reads: number;
let derived: ReturnType<typeof createMemoryDerivedStore>;
beforeEach(() => {
  clock = createTestClock();
  const memory = createMemoryDerivedStore({ clock });
  reads = 0;
  derived = {
    ...memory,
    get(...asked) {
      reads++;
      return memory.get(...asked);
    },
  };
  world = openAreas({ store: createMemoryStore({ clock }), derived, clock });
});

const nameOf = (place: typeof PLACE) => createPlaceNames(world).of(place, encodeGeohash(place.lonDeg, place.latDeg, 6));

describe("createPlaceNames", () => {
  it("calls a place by the area that was imported, elsewhere by the geohash, with its city where there is one", async () => {
    await world.bring(areasAround(PLACE, "kiez"), { city: BERLIN as never });
    expect(await nameOf(PLACE)).toEqual({ name: "kiez 0", area: "kiez-0", city: "berlin" });
    expect(await nameOf({ lonDeg: 13.9, latDeg: 52.9 })).toEqual({ name: "u33uuq", area: null, city: "berlin" });
    expect(await nameOf({ lonDeg: 15, latDeg: 52.9 })).toEqual({ name: "u36svq", area: null, city: null });
  });

  it("prefers an area's name to the nearest of the map, and keeps the city that the product knows", async () => {
    expect(await nameOf(HAYES)).toEqual({ name: "Hayes Valley", area: null, city: "san-francisco" });
    await world.bring(areasAround(HAYES, "ward"), { kind: "ward" });
    clock.advance(60_000);
    expect(await nameOf(HAYES)).toEqual({ name: "ward 0", area: "ward-0", city: "san-francisco" });
  });

  it("calls a cell by the area of its centre where the map has no name, and a larger one by its city alone", async () => {
    await world.bring(areasAround(PLACE, "kiez"), { city: BERLIN as never });
    const ofCell = (geohash: string) => createPlaceNames(world).ofCell(geohash);
    expect(await ofCell("u33dc0")).toEqual({ name: "kiez 0", area: "kiez-0", city: "berlin" });
    expect(await ofCell("u33dc")).toEqual({ name: "u33dc", area: null, city: "berlin" });
    expect(await ofCell("u33d")).toEqual({ name: "u33d", area: null, city: "berlin" });
    expect(await ofCell("9q8yyk")).toEqual({ name: "Hayes Valley", area: null, city: "san-francisco" });
  });

  it("takes neighbourhoods before the smallest kind, and that before others", async () => {
    await world.bring(areasAround(PLACE, "district"), { city: BERLIN as never, kind: "district" });
    await world.bring(areasAround(PLACE, "block", 8000, 5), { city: BERLIN as never, kind: "block" });
    expect((await nameOf(PLACE)).area).toBe("block-0");
    await world.bring(areasAround(PLACE, "kiez"), { city: BERLIN as never, kind: "neighborhood" });
    clock.advance(60_000);
    expect((await nameOf(PLACE)).area).toBe("kiez-0");
  });

  it("looks once for all places of a log cell, and tells places without areas that are lost", async () => {
    await world.bring(areasAround(PLACE, "kiez"), { city: BERLIN as never });
    const fresh = openAreas({ store: createMemoryStore({ clock }), derived, clock });
    const names = createPlaceNames(fresh);
    reads = 0;
    for (let i = 0; i < 1000; i++) {
      const { name } = await names.of({ ...PLACE, latDeg: PLACE.latDeg + i / 1e6 }, "u33dc0");
      expect(name).toBe("kiez 0");
    }
    // The sets, the index of one, and a piece or some.
    expect(reads).toBeLessThan(7);
    const [set] = await fresh.sets.read();
    const group = `areas/berlin/neighborhood/${set?.versions[0]?.number}/list`;
    await derived.remove(group, await derived.list(group, { consistent: true }));
    world = openAreas({ store: createMemoryStore({ clock }), derived, clock });
    expect(await nameOf(PLACE)).toEqual({ name: "u33dc0", area: null, city: "berlin" });
  });

  it("calls cells as the map does while the areas' store is away, and asks it once; reports are in that store, and fail", async () => {
    let asked = 0;
    const away = () => {
      asked++;
      return Promise.reject(new StoreUnavailableError("away"));
    };
    const store = createMemoryStore({ clock });
    const fresh = openAreas({ store, derived: { ...derived, get: away, list: away }, clock });
    const names = createPlaceNames(fresh);
    expect(await names.ofCell("u33dc0")).toEqual({ name: "u33dc0", area: null, city: null });
    const once = asked;
    expect(once).toBeGreaterThan(0);
    expect(await names.ofCell("u33dc")).toEqual({ name: "u33dc", area: null, city: null });
    expect(await names.ofCell("9q8yyk")).toMatchObject({ name: "Hayes Valley", city: "san-francisco" });
    expect(asked).toBe(once);
    await expect(names.of(PLACE, "u33dc0")).rejects.toThrow(StoreUnavailableError);
  });
});
