import { VectorTile } from "@mapbox/vector-tile";
import { PbfReader } from "pbf";
import { describe, expect, it } from "vitest";
import { minZoomOfBoxes } from "../../../server/areas/area-pieces.ts";
import { createAreaShapes } from "../../../server/areas/area-shapes.ts";
import { silentLog } from "../../../server/console/log.ts";
import { createCompactor } from "../../../server/pyramid/compactor.ts";
import { countCalls } from "../../../server/pyramid/count-calls.ts";
import { createPyramid } from "../../../server/pyramid/pyramid.ts";
import { createAreaTiles } from "../../../server/scores/areas-layer.ts";
import { createTileSource } from "../../../server/serving/tile-source.ts";
import { createMemoryDerivedStore } from "../../../server/store/memory/derived-memory.ts";
import { createMemoryStore } from "../../../server/store/memory/memory.ts";
import { boundsOfBox, boxAround } from "../../../tiles/areas/area.ts";
import { isInside } from "../../../tiles/areas/area-locator.ts";
import { encodeGeohash } from "../../../tiles/geo/geohash.ts";
import { type TileAddress, tilesOfBox } from "../../../tiles/geo/tile-address.ts";
import { AREAS_MIN_ZOOM } from "../../../tiles/layers.ts";
import { numberOfId } from "../../../tiles/mvt/area-layer.ts";
import type { Report } from "../../../tiles/report.ts";
import { openAreas } from "../../kit/area-world.ts";
import { createTestClock } from "../../kit/clock.ts";
import { makePartition } from "../../kit/made-up-areas.ts";
import { seededRandom } from "../../kit/random.ts";
import { makeReport } from "../../kit/sample-reports.ts";

async function open() {
  const random = seededRandom(9);
  // A time at which coarse ages are taken.
  const clock = createTestClock(Date.UTC(2026, 5, 1, 12));
  const store = createMemoryStore({ clock });
  const derived = createMemoryDerivedStore({ clock });
  const partition = makePartition({ west: -122_500_000, south: 37_700_000, size: 4, stepE6: 20_000, areas: 9, random });
  const at = (lonDeg: number, latDeg: number, createdAtMs: number): Report =>
    makeReport({ lonDeg, latDeg, createdAtMs, severity: 2 }, random);
  const reports = Array.from({ length: 400 }, () =>
    at(-122.5 + random() * 0.08, 37.7 + random() * 0.08, clock.now() - Math.floor(random() * 40 * 86_400_000)),
  );
  await store.putMany(reports);
  const world = openAreas({ store, derived, clock });
  await world.bring(partition);
  const cold = (counted = derived) => {
    const pyramid = createPyramid({ store, derived: counted, clock, log: silentLog });
    return { pyramid, tiles: createTileSource({ pyramid, areas: createAreaTiles({ areas: world, pyramid, clock }) }) };
  };
  const inside = (index: number, some = reports) =>
    some.filter(({ lonDeg, latDeg }) =>
      isInside(partition[index]?.polygons ?? [], Math.round(lonDeg * 1e6), Math.round(latDeg * 1e6)),
    );
  return { ...world, ...cold(), cold, clock, derived, store, partition, reports, inside, at };
}

type Tiles = Awaited<ReturnType<typeof open>>["tiles"];
const request = (tile: TileAddress) => ({ layers: ["areas"] as const, tile, window: "90d" as const });

async function featuresOf(tiles: Tiles, tile: TileAddress) {
  const read = await tiles.read(request(tile));
  const layer = read && new VectorTile(new PbfReader(read.bytes)).layers.areas;
  return Array.from({ length: layer?.length ?? 0 }, (_, i) => layer?.feature(i)).flatMap((feature) => feature ?? []);
}

const tilesOf = ({ partition }: Awaited<ReturnType<typeof open>>, z: number) =>
  tilesOfBox(boundsOfBox(boxAround(partition.map(({ box }) => box))), z, 1000) ?? [];

describe("the layer areas", () => {
  it("has each area in the tiles that it meets, with its scores and counts, the same in all", async () => {
    const world = await open();
    const { tiles, partition, inside, clock } = world;
    for (const z of [10, 13, 15]) {
      const seen = new Map<string, unknown>();
      for (const tile of tilesOf(world, z)) {
        for (const { id, properties } of await featuresOf(tiles, tile)) {
          const known = seen.get(String(properties.id));
          if (known !== undefined) expect(properties).toEqual(known);
          seen.set(String(properties.id), properties);
          expect(id).toBe(numberOfId(String(properties.id)));
        }
      }
      expect([...seen.keys()].sort()).toEqual(partition.map(({ id }) => id));
      for (const [index, { id, name }] of partition.entries()) {
        const days = (count: number) =>
          inside(index).filter(({ createdAtMs }) => clock.now() - createdAtMs <= count * 86_400_000).length;
        expect(seen.get(id)).toMatchObject({
          name,
          kind: "neighborhood",
          report_count_7d: days(7),
          report_count_30d: days(30),
          safety: expect.any(Number),
        });
      }
    }
  });

  it("has all areas of a set from one zoom on, where half of them are 24 pixels wide, and is empty below and elsewhere", async () => {
    const world = await open();
    const { tiles, partition } = world;
    const least = minZoomOfBoxes(partition.map(({ box }) => box));
    expect(least).toBeGreaterThan(AREAS_MIN_ZOOM);
    const idsAt = async (z: number) => {
      const found = await Promise.all(tilesOf(world, z).map((tile) => featuresOf(tiles, tile)));
      return new Set(found.flat().map(({ properties }) => properties.id));
    };
    expect((await idsAt(least)).size).toBe(partition.length);
    expect((await idsAt(least - 1)).size).toBe(0);
    expect(await tiles.read(request({ z: AREAS_MIN_ZOOM - 1, x: 20, y: 49 }))).toBeUndefined();
    expect(await tiles.read(request({ z: 12, x: 0, y: 0 }))).toBeUndefined();
  });

  it("shows a new report at once, is kept while nothing changes, and is the same on every machine", async () => {
    const world = await open();
    const { tiles, pyramid, store, clock, partition, cold, at } = world;
    const [tile] = tilesOf(world, 10) as [TileAddress];
    const before = await tiles.read(request(tile));
    expect(await tiles.read(request(tile))).toBe(before);
    expect(tiles.peek(request(tile))?.tile).toBe(before);
    const [lon = 0, lat = 0] = partition[0]?.polygons[0]?.[0] ?? [];
    const report = at((lon + 100) / 1e6, (lat + 100) / 1e6, clock.now());
    await store.put(report);
    pyramid.noteReport(report);
    expect(tiles.peek(request(tile))).toBeUndefined();
    const after = await tiles.read(request(tile));
    expect(after?.etag).not.toBe(before?.etag);
    expect((await cold().tiles.read(request(tile)))?.etag).toBe(after?.etag);
    await world.compactor.run();
    expect((await cold().tiles.read(request(tile)))?.etag).toBe(after?.etag);
    const elsewhere = at(10, 50, clock.now());
    await store.put(elsewhere);
    pyramid.noteReport(elsewhere);
    expect(tiles.peek(request(tile))?.tile).toBe(after);
  });

  it("shows a new version of the areas within ten seconds, and goes together with other layers", async () => {
    const world = await open();
    const { tiles, bring, clock, partition } = world;
    const all = async () => {
      const found = await Promise.all(tilesOf(world, 10).map((tile) => featuresOf(tiles, tile)));
      return new Set(found.flat().map(({ properties }) => properties.id));
    };
    expect((await all()).size).toBe(partition.length);
    await bring(partition.slice(0, 4));
    clock.advance(10_000);
    expect((await all()).size).toBe(4);
    const [tile] = tilesOf(world, 10) as [TileAddress];
    const both = await tiles.read({ ...request(tile), layers: ["safety", "areas"] });
    expect(Object.keys(new VectorTile(new PbfReader(both?.bytes ?? new Uint8Array())).layers)).toEqual([
      "safety",
      "areas",
    ]);
  });

  it("takes a cold process few requests of the derived store", async () => {
    const world = await open();
    for (const z of [9, 11, 13, 15]) {
      let calls = 0;
      const [tile] = tilesOf(world, z) as [TileAddress];
      const { tiles, pyramid } = world.cold(countCalls(world.derived, () => void calls++));
      await pyramid.poll();
      calls = 0;
      await tiles.read(request(tile));
      expect(calls, `z${z}`).toBeLessThanOrEqual(9);
    }
  });

  it("is not counted anew for ages before they cannot be told any more", async () => {
    const { store, derived, clock, reports } = await open();
    let writes = 0;
    const put: typeof derived.put = (group, ...item) => {
      if (group.startsWith("area-tallies/")) writes++;
      return derived.put(group, ...item);
    };
    const compactor = createCompactor({ store, derived: { ...derived, put }, clock, log: silentLog });
    const cells = reports.map(({ layer, lonDeg, latDeg }) => ({ layer, geohash5: encodeGeohash(lonDeg, latDeg, 5) }));
    const compact = async (afterMs: number): Promise<number> => {
      clock.advance(afterMs);
      writes = 0;
      expect((await compactor.run({ also: cells })).done).toBe(true);
      return writes;
    };
    await compact(60_000);
    expect(await compact(1_800_000)).toBe(0);
    expect(await compact(86_400_000)).toBeGreaterThan(0);
  });

  it("is left out when the areas are lost, which stops neither the other layers nor a compaction", async () => {
    const world = await open();
    const [set] = await world.catalogue.live();
    if (set === undefined) throw new Error("no areas");
    await world.shapes.remove(set);
    const { tiles } = world.cold();
    const [tile] = tilesOf(world, 10) as [TileAddress];
    const lost = createAreaShapes({ derived: world.derived });
    const pyramid = createPyramid({ ...world, log: silentLog, shapes: lost });
    const areaTiles = createAreaTiles({ areas: { ...world, shapes: lost }, pyramid, clock: world.clock });
    const both = await createTileSource({ pyramid, areas: areaTiles }).read({
      ...request(tile),
      layers: ["safety", "areas"],
    });
    expect(both?.etag).toBe((await tiles.read({ ...request(tile), layers: ["safety"] }))?.etag);
    const compactor = createCompactor({ ...world, log: silentLog });
    expect((await compactor.rebuild()).done).toBe(true);
  });
});
