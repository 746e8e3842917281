import { expect, it } from "vitest";
import { silentLog } from "../../../server/console/log.ts";
import { createTileWatch } from "../../../server/live/tile-watch.ts";
import { createPyramid } from "../../../server/pyramid/pyramid.ts";
import { createTileSource } from "../../../server/serving/tile-source.ts";
import { createMemoryDerivedStore } from "../../../server/store/memory/derived-memory.ts";
import { createMemoryStore } from "../../../server/store/memory/memory.ts";
import type { TileAddress } from "../../../tiles/geo/tile-address.ts";
import { tilesOfBox } from "../../../tiles/geo/tile-address.ts";
import { createTestClock } from "../../kit/clock.ts";
import { seededRandom } from "../../kit/random.ts";
import { makeCity, makeReport } from "../../kit/sample-reports.ts";

const ZOOMS = [2, 9, 12, 13, 15, 17];

it("tells exactly the tiles whose bytes a report changed, at every zoom, and under the tag that they are served with", async () => {
  const clock = createTestClock();
  const store = createMemoryStore({ clock });
  const city = makeCity(2000, clock.now());
  await store.putMany(city);
  const derived = createMemoryDerivedStore({ clock });
  const onChange = (...change: Parameters<typeof watch.changed>) => watch.changed(...change);
  const pyramid = createPyramid({ store, derived, clock, log: silentLog, onChange });
  const tiles = createTileSource({ pyramid });
  const watch = createTileWatch({ tiles, log: silentLog });
  await pyramid.poll();

  const [lonDeg = 0, latDeg = 0] = [city[0]?.lonDeg, city[0]?.latDeg];
  const bounds = { west: lonDeg - 0.02, south: latDeg - 0.02, east: lonDeg + 0.02, north: latDeg + 0.02 };
  const shown = new Map<string, TileAddress>();
  const told = new Map<string, string>();
  const keyOf = ({ z, x, y }: TileAddress) => `${z}/${x}/${y}`;
  for (const zoom of ZOOMS) {
    for (const tile of tilesOfBox(bounds, zoom, 512) ?? []) shown.set(keyOf(tile), tile);
    const interest = { bounds, layers: ["safety"] as const, zoom, window: "90d" as const };
    expect(
      watch.watch(interest, ({ tile, tag }) => told.set(keyOf(tile), tag)),
      `z${zoom}`,
    ).toBeDefined();
  }
  await expect.poll(() => told.size).toBe(shown.size);

  const served = async () => {
    const read = [...shown].map(async ([key, tile]) => {
      const encoded = await tiles.read({ layers: ["safety"], tile, window: "90d" });
      return [key, encoded?.etag.slice(1, -1) ?? ""] as const;
    });
    return new Map(await Promise.all(read));
  };
  let before = await served();
  const random = seededRandom(4);
  for (let trial = 0; trial < 4; trial++) {
    told.clear();
    const at = { lonDeg: lonDeg + (random() - 0.5) * 0.03, latDeg: latDeg + (random() - 0.5) * 0.03 };
    const report = makeReport({ ...at, layer: "safety", createdAtMs: clock.now() }, random);
    await store.put(report);
    pyramid.noteReport(report);
    await expect.poll(() => told.size, { timeout: 10_000 }).toBeGreaterThanOrEqual(ZOOMS.length);
    const after = await served();
    const changed = new Map([...after].filter(([key, tag]) => before.get(key) !== tag));
    await expect.poll(() => told.size).toBeGreaterThanOrEqual(changed.size);
    expect(told).toEqual(changed);
    before = after;
  }
  watch.close();
});
