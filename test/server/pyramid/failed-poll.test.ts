import { expect, it } from "vitest";
import { silentLog } from "../../../server/log.ts";
import { StoreUnavailableError } from "../../../server/ports.ts";
import { createPyramid } from "../../../server/pyramid/pyramid.ts";
import { createMemoryDerivedStore } from "../../../server/store/derived-memory.ts";
import { createMemoryStore } from "../../../server/store/memory.ts";
import { createTileSource } from "../../../server/tiles/tile-source.ts";
import { tileAt, worldX, worldY } from "../../../tiles/tile-address.ts";
import { makeReport, seededRandom } from "../../tiles/sample-reports.ts";
import { createTestClock } from "../app-fixture.ts";

it("shows what a poll was told that then could not read it", async () => {
  const clock = createTestClock();
  const store = createMemoryStore({ clock });
  let isAway = false;
  const pyramid = createPyramid({
    store: {
      ...store,
      async readCell(...args) {
        if (isAway) throw new StoreUnavailableError("away");
        return store.readCell(...args);
      },
    },
    derived: createMemoryDerivedStore({ clock }),
    clock,
    log: silentLog,
  });
  const tiles = createTileSource({ pyramid });
  const place = { lonDeg: -119.92, latDeg: -30 };
  const tileOf = ({ lonDeg, latDeg }: typeof place) => ({
    layers: ["safety"] as const,
    tile: tileAt(worldX(lonDeg), worldY(latDeg), 16),
    window: "90d" as const,
  });
  expect(await tiles.read(tileOf(place))).toBeUndefined();
  await store.put(makeReport({ ...place, createdAtMs: clock.now() }, seededRandom(3)));
  isAway = true;
  await expect(pyramid.poll()).rejects.toThrow("away");
  isAway = false;
  // Another tile of the same cell brings the report before the next poll can.
  await tiles.read(tileOf({ ...place, lonDeg: place.lonDeg + 0.02 }));
  await pyramid.poll();
  expect(await tiles.read(tileOf(place))).toBeDefined();
});
