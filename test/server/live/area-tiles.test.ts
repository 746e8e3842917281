import { expect, it } from "vitest";
import { silentLog } from "../../../server/console/log.ts";
import { createTileWatch } from "../../../server/live/tile-watch.ts";
import { createPyramid } from "../../../server/pyramid/pyramid.ts";
import { createAreaTiles } from "../../../server/scores/areas-layer.ts";
import { createTileSource } from "../../../server/serving/tile-source.ts";
import { createMemoryDerivedStore } from "../../../server/store/memory/derived-memory.ts";
import { createMemoryStore } from "../../../server/store/memory/memory.ts";
import { boundsOfBox, boxAround } from "../../../tiles/areas/area.ts";
import { tilesOfBox } from "../../../tiles/geo/tile-address.ts";
import { openAreas } from "../../kit/area-world.ts";
import { createTestClock } from "../../kit/clock.ts";
import { makePartition } from "../../kit/made-up-areas.ts";
import { seededRandom } from "../../kit/random.ts";
import { makeReport } from "../../kit/sample-reports.ts";

const ZOOM = 14;

it("tells the tiles of areas that a report changed, also where it lies in another tile, whatever its layer", async () => {
  const random = seededRandom(2);
  const clock = createTestClock();
  const store = createMemoryStore({ clock });
  const derived = createMemoryDerivedStore({ clock });
  const partition = makePartition({ west: -122_500_000, south: 37_700_000, size: 3, stepE6: 30_000, areas: 3, random });
  const areas = openAreas({ store, derived, clock });
  await areas.bring(partition);
  const onChange = (...change: Parameters<typeof watch.changed>) => watch.changed(...change);
  const pyramid = createPyramid({ store, derived, clock, log: silentLog, onChange });
  const tiles = createTileSource({ pyramid, areas: createAreaTiles({ areas, pyramid, clock }) });
  const watch = createTileWatch({ tiles, log: silentLog });
  await pyramid.poll();

  const bounds = boundsOfBox(boxAround(partition.map(({ box }) => box)));
  const shown = tilesOfBox(bounds, ZOOM, 512) ?? [];
  const told = new Map<string, string>();
  const interest = { bounds, layers: ["areas"] as const, zoom: ZOOM, window: "90d" as const };
  watch.watch(interest, ({ layer, tile, tag }) => told.set(`${layer}/${tile.x}/${tile.y}`, tag));
  await expect.poll(() => told.size).toBe(shown.length);
  const served = async () => {
    const read = shown.map(async (tile) => {
      const encoded = await tiles.read({ layers: ["areas"], tile, window: "90d" });
      return [`areas/${tile.x}/${tile.y}`, encoded?.etag.slice(1, -1) ?? ""] as const;
    });
    return new Map(await Promise.all(read));
  };
  const before = await served();
  expect(told).toEqual(before);
  told.clear();
  const report = makeReport({ lonDeg: -122.47, latDeg: 37.73, layer: "vibe", createdAtMs: clock.now() }, random);
  await store.put(report);
  pyramid.noteReport(report);
  const after = await served();
  const changed = new Map([...after].filter(([key, tag]) => before.get(key) !== tag));
  expect(changed.size).toBeGreaterThan(1);
  await expect.poll(() => told.size).toBeGreaterThanOrEqual(changed.size);
  expect(told).toEqual(changed);
  watch.close();
});
