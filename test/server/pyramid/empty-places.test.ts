/** @module-tag random */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { silentLog } from "../../../server/console/log.ts";
import { createCompactor } from "../../../server/pyramid/compactor.ts";
import { createPyramid } from "../../../server/pyramid/pyramid.ts";
import { createTileSource } from "../../../server/serving/tile-source.ts";
import { createMemoryDerivedStore } from "../../../server/store/memory/derived-memory.ts";
import { createMemoryStore } from "../../../server/store/memory/memory.ts";
import { type TileAddress, tileAt, worldX, worldY } from "../../../tiles/geo/tile-address.ts";
import type { TimeWindow } from "../../../tiles/layers.ts";
import type { Report } from "../../../tiles/report.ts";
import { openCountedCity } from "../../kit/cities/city-store.ts";
import { createTestClock } from "../../kit/clock.ts";
import { seededRandom } from "../../kit/random.ts";
import { runs } from "../../kit/runs.ts";
import { makeReport } from "../../kit/sample-reports.ts";
import { countOf, featuresOfZoom } from "../../kit/tile-features.ts";
import { editReport } from "./edit-report.ts";

const NOW = Date.UTC(2026, 5, 1, 12);
const SECOND = 1_000;
const CITIES = [
  [-122.43, 37.77],
  [-73.95, 40.67],
  [-97.74, 30.27],
] as const;

/** Ten reports in each of three cities, as the demo has them. */
function threeCities(random: () => number) {
  return CITIES.flatMap(([lonDeg, latDeg]) =>
    Array.from({ length: 10 }, () =>
      makeReport(
        { lonDeg: lonDeg + random() / 10, latDeg: latDeg + random() / 10, createdAtMs: NOW - 86_400_000 },
        random,
      ),
    ),
  );
}

describe("tiles where nothing is", () => {
  it("cost nothing once what lies above them is known, all over the world and beside a city", async () => {
    const random = seededRandom(17);
    const { city, model } = await openCountedCity(threeCities(random), NOW);
    const pyramid = await city.startProcess();
    const anywhere = (z: number): TileAddress => ({
      z,
      x: Math.floor(random() * 2 ** z),
      y: Math.floor(random() * 2 ** z),
    });
    const costOf = async (tiles: readonly TileAddress[]) => {
      model.reset();
      for (const tile of tiles) await pyramid.clusterCells("safety", tile, "90d");
      return model.used.requests;
    };
    const hundred = (z: number) => Array.from({ length: 100 }, () => anywhere(z));
    expect(await costOf(hundred(12))).toBeLessThanOrEqual(60);
    expect(await costOf(hundred(12))).toBeLessThanOrEqual(20);
    expect(await costOf(hundred(16))).toBeLessThanOrEqual(10);
    // Within a degree of San Francisco.
    const near = Array.from({ length: 100 }, () =>
      tileAt(worldX(-122.43 + random() * 2), worldY(37 + random() * 2), 14),
    );
    expect(await costOf(near)).toBeLessThanOrEqual(100);
    expect(await costOf(near)).toBe(0);
  });
});

/** Far enough apart that none clusters with one of another tile: two in one wide cell, one beside it, one far off, one at the date line. */
const PLACES = [
  [10.001, 50.001],
  [10.2, 50.1],
  [12.6, 50.1],
  [-60.1, -20.1],
  [179.9999, 5],
] as const;
const ZOOMS = [5, 9, 12, 15, 18];

const step = fc.oneof(
  fc.record({ kind: fc.constantFrom("own", "other", "edit"), place: fc.nat({ max: PLACES.length - 1 }) }),
  fc.record({
    kind: fc.constantFrom("compact", "wait", "look"),
    place: fc.nat({ max: PLACES.length - 1 }),
    seconds: fc.constantFrom(1, 4, 9, 30, 900),
  }),
);
type Step = typeof step extends fc.Arbitrary<infer S> ? S : never;

/** A process that looks at the map while it and others write, and reports are hidden, shown again and compacted. */
function openWorld() {
  const clock = createTestClock(NOW);
  const [store, derived] = [createMemoryStore({ clock }), createMemoryDerivedStore({ clock })];
  const options = { store, derived, clock, log: silentLog };
  const [pyramid, compactor] = [createPyramid(options), createCompactor(options)];
  const random = seededRandom(5);
  const known = PLACES.map((): Report[] => []);
  const hidden = new Set<string>();

  async function put(place: number, isOwn: boolean) {
    const [lonDeg, latDeg] = PLACES[place] ?? [0, 0];
    const report = makeReport({ lonDeg, latDeg, createdAtMs: clock.now() }, random);
    await store.append(report);
    if (isOwn) pyramid.noteReport(report);
    known[place]?.push(report);
  }

  async function turn(place: number) {
    const report = known[place]?.[0];
    if (report === undefined) return;
    const kind = hidden.delete(report.id) ? "restore" : "hide";
    if (kind === "hide") hidden.add(report.id);
    await editReport(store, report, { kind }, pyramid);
  }

  async function look(place: number, window: TimeWindow = "90d") {
    const [lonDeg, latDeg] = PLACES[place] ?? [0, 0];
    for (const z of ZOOMS) {
      const tile = tileAt(worldX(lonDeg), worldY(latDeg), z);
      const isInside = ([lon, lat]: readonly [number, number]) => {
        const other = tileAt(worldX(lon), worldY(lat), z);
        return other.x === tile.x && other.y === tile.y;
      };
      const expected = PLACES.flatMap((of, i) => (isInside(of) ? (known[i] ?? []) : []));
      const source = createTileSource({ pyramid });
      const features = await featuresOfZoom(source, [tile], "safety", window);
      expect(countOf(features), `z${z} of ${place}`).toBe(expected.filter(({ id }) => !hidden.has(id)).length);
    }
  }

  return {
    look,
    /** Everything is compacted, and this process hears of that. */
    async settle() {
      await compactor.run();
      for (let i = 0; i < 4; i++) {
        clock.advance(30 * SECOND);
        await pyramid.poll();
      }
    },
    async take(given: Step) {
      if (given.kind === "own" || given.kind === "other") await put(given.place, given.kind === "own");
      if (given.kind === "edit") await turn(given.place);
      if (given.kind === "compact") await compactor.run();
      clock.advance("seconds" in given ? given.seconds * SECOND : 1);
      await pyramid.poll();
      if (given.kind === "look") await look(given.place);
    },
  };
}

describe("a place that was known to be empty", () => {
  it("shows every report that was taken there, at every zoom, whoever took, edited or compacted it", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 3, maxLength: 25 }), async (steps) => {
        const world = openWorld();
        await world.look(0);
        for (const given of steps) await world.take(given);
        for (const place of PLACES.keys()) await world.look(place);
        await world.settle();
        // Of another window nothing was made before, so all of it is made of what is stored.
        for (const place of PLACES.keys()) await world.look(place, "30d");
      }),
      runs(400, 25),
    );
  });
});
