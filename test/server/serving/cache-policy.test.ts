import { describe, expect, it } from "vitest";
import { silentLog } from "../../../server/console/log.ts";
import { createPyramid } from "../../../server/pyramid/pyramid.ts";
import { createAreaTiles } from "../../../server/scores/areas-layer.ts";
import { purgedTags, tagsOfReport, tagsOfTile } from "../../../server/serving/cache-policy.ts";
import { createTileSource } from "../../../server/serving/tile-source.ts";
import { createMemoryDerivedStore } from "../../../server/store/memory/derived-memory.ts";
import { createMemoryStore } from "../../../server/store/memory/memory.ts";
import { boundsOfBox, boxAround } from "../../../tiles/areas/area.ts";
import { tilesOfBox, withBuffer } from "../../../tiles/geo/tile-address.ts";
import { openAreas } from "../../kit/area-world.ts";
import { createTestClock } from "../../kit/clock.ts";
import { makePartition } from "../../kit/made-up-areas.ts";
import { seededRandom } from "../../kit/random.ts";
import { makeCity, makeReport } from "../../kit/sample-reports.ts";
import { tilesAround } from "../../kit/tile-features.ts";

const NOW = Date.UTC(2026, 5, 1, 12, 3);
const clock = { now: () => NOW };
/** Two on borders of cluster cells come first. */
const PLACES: readonly (readonly [lonDeg: number, latDeg: number])[] = [
  [-95.2735, 29.7071],
  [-95.37, 29.76],
  [-95.4492, 29.7],
  [-95.36, 29.8828],
];

describe("tagsOfReport", () => {
  it("name every tile that a report changes, at every zoom, borders of cluster cells included", () =>
    expectTags(PLACES.slice(0, 2), { ofCity: 500 }));
  it("name every one in a whole city", { tags: "slow" }, () => expectTags(PLACES));
  it("name every tile with a buffer that it changes", { tags: "slow" }, () => expectTags(PLACES, { bufferPx: 128 }));

  async function expectTags(places: typeof PLACES, { ofCity = 1500, bufferPx = 0 } = {}): Promise<void> {
    const reports = makeCity(ofCity, NOW);
    const random = seededRandom(11);
    const store = createMemoryStore({ clock });
    await store.putMany(reports);
    const pyramid = createPyramid({ store, derived: createMemoryDerivedStore({ clock }), clock, log: silentLog });
    const tiles = createTileSource({ pyramid });
    for (const [lonDeg, latDeg] of places) {
      const added = makeReport({ lonDeg, latDeg, createdAtMs: NOW - 1000 }, random);
      const purged = new Set(tagsOfReport(added));
      const around = [0, 3, 5, 7, 9, 10, 11, 13, 14, 15, 16, 18, 19, 21].flatMap((z) =>
        tilesAround([...reports, added], z).map((tile) => withBuffer(tile, bufferPx)),
      );
      const read = (tile: (typeof around)[number]) => tiles.read({ layers: ["safety"], tile, window: "90d" });
      const before = new Map<string, string | undefined>();
      for (const tile of around) before.set(`${tile.z}/${tile.x}/${tile.y}`, (await read(tile))?.etag);
      await store.put(added);
      pyramid.noteReport(added);
      let changed = 0;
      for (const tile of around) {
        const name = `${tile.z}/${tile.x}/${tile.y}`;
        if ((await read(tile))?.etag === before.get(name)) continue;
        changed++;
        expect(
          tagsOfTile(["safety"], tile).some((tag) => purged.has(tag)),
          name,
        ).toBe(true);
      }
      expect(changed).toBeGreaterThanOrEqual(12);
    }
  }
});

describe("tags of areas", () => {
  it("name every tile of an area that a report changes, also where it lies in another tile, or the area is left by a report", async () => {
    const random = seededRandom(5);
    const own = createTestClock(NOW);
    const store = createMemoryStore({ clock: own });
    const derived = createMemoryDerivedStore({ clock: own });
    const west = -97_800_000;
    const partition = makePartition({ west, south: 30_200_000, size: 4, stepE6: 20_000, areas: 6, random });
    const areas = openAreas({ store, derived, clock: own });
    await areas.bring(partition);
    const pyramid = createPyramid({ store, derived, clock: own, log: silentLog });
    const tiles = createTileSource({ pyramid, areas: createAreaTiles({ areas, pyramid, clock: own }) });
    const bounds = boundsOfBox(boxAround(partition.map(({ box }) => box)));
    const shown = [12, 13, 14, 16].flatMap((z) => tilesOfBox(bounds, z, 500) ?? []);
    const read = () =>
      Promise.all(shown.map((tile) => tiles.read({ layers: ["safety", "areas"], tile, window: "90d" })));
    let beyond = 0;
    for (let round = 0; round < 3; round++) {
      const [lonDeg, latDeg] = [-97.8 + 0.08 * random(), 30.2 + 0.08 * random()];
      const added = makeReport({ lonDeg, latDeg, layer: "safety", createdAtMs: NOW - 1000 }, random);
      const before = await read();
      await store.put(added);
      pyramid.noteReport(added);
      const purged = new Set(tagsOfReport(added));
      const purgedByProduct = new Set(purgedTags(added));
      (await read()).forEach((tile, i) => {
        const address = shown[i] as (typeof shown)[number];
        if (tile?.etag === before[i]?.etag) return;
        // What a cache holds has the tags of before.
        const tags = tagsOfTile(["safety", "areas"], address, before[i]?.areaCells);
        expect(tags.length).toBeLessThanOrEqual(32);
        expect(
          tags.some((tag) => purged.has(tag)),
          JSON.stringify(address),
        ).toBe(true);
        if (before[i]?.areaCells === undefined) return;
        expect(tags.some((tag) => purgedByProduct.has(tag))).toBe(true);
        if (!tagsOfTile(["safety"], address).some((tag) => purged.has(tag))) beyond++;
      });
    }
    expect(beyond, "tiles that do not hold the report").toBeGreaterThan(0);
  });
});
