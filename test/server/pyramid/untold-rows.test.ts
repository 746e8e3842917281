import { expect, it } from "vitest";
import { silentLog } from "../../../server/console/log.ts";
import { StoreUnavailableError } from "../../../server/ports.ts";
import { createPyramid } from "../../../server/pyramid/pyramid.ts";
import { createMemoryDerivedStore } from "../../../server/store/derived-memory.ts";
import { createMemoryStore } from "../../../server/store/memory.ts";
import { createTileSource } from "../../../server/tiles/tile-source.ts";
import { tileAt, worldX, worldY } from "../../../tiles/tile-address.ts";
import { makeReport, seededRandom } from "../../tiles/sample-reports.ts";
import { createTestClock } from "../app-fixture.ts";

const PLACE = { lonDeg: -119.92, latDeg: -30 };
/** In the same cell of the log, but in another tile. */
const NEXT = { ...PLACE, lonDeg: PLACE.lonDeg + 0.02 };

/** A process on a store whose reads of cells wait for `gate`. */
function openProcess(gate: () => Promise<void>) {
  const clock = createTestClock();
  const store = createMemoryStore({ clock });
  const pyramid = createPyramid({
    store: {
      ...store,
      async readCell(...args) {
        await gate();
        return store.readCell(...args);
      },
    },
    derived: createMemoryDerivedStore({ clock }),
    clock,
    log: silentLog,
  });
  const tiles = createTileSource({ pyramid });
  return {
    pyramid,
    /** In a batch, whose rows the feed does not bring. */
    putElsewhere: () => store.putMany([makeReport({ ...PLACE, createdAtMs: clock.now() }, seededRandom(3))]),
    look: ({ lonDeg, latDeg }: typeof PLACE) =>
      tiles.read({ layers: ["safety"], tile: tileAt(worldX(lonDeg), worldY(latDeg), 19), window: "90d" }),
  };
}

it("shows what a poll was told that then could not read it", async () => {
  let isAway = false;
  const { pyramid, putElsewhere, look } = openProcess(async () => {
    if (isAway) throw new StoreUnavailableError("away");
  });
  expect(await look(PLACE)).toBeUndefined();
  await putElsewhere();
  isAway = true;
  await expect(pyramid.poll()).rejects.toThrow("away");
  isAway = false;
  // Another tile of the same cell brings the report before the next poll can.
  await look(NEXT);
  await pyramid.poll();
  expect(await look(PLACE)).toBeDefined();
});

it("shows what one of two first reads of a cell had, and the other had not", async () => {
  const slow = Promise.withResolvers<void>();
  let reads = 0;
  const { pyramid, putElsewhere, look } = openProcess(() => (++reads === 1 ? Promise.resolve() : slow.promise));
  await pyramid.poll();
  const first = look(PLACE);
  const second = look(NEXT);
  expect(await first).toBeUndefined();
  await putElsewhere();
  slow.resolve();
  await second;
  await pyramid.poll();
  expect(await look(PLACE)).toBeDefined();
});
