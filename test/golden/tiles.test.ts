import { createHash } from "node:crypto";
import { expect, it } from "vitest";
import { silentLog } from "../../server/console/log.ts";
import { createCompactor } from "../../server/pyramid/compactor.ts";
import { createPyramid } from "../../server/pyramid/pyramid.ts";
import { seedReports } from "../../server/seed/seed-reports.ts";
import { createTileSource } from "../../server/serving/tile-source.ts";
import { createMemoryDerivedStore } from "../../server/store/memory/derived-memory.ts";
import { createMemoryStore } from "../../server/store/memory/memory.ts";
import { isTile, type TileAddress, worldX, worldY } from "../../tiles/geo/tile-address.ts";
import { REPORT_LAYERS, TIME_WINDOWS } from "../../tiles/layers.ts";
import type { Report } from "../../tiles/report.ts";
import { createTestClock } from "../kit/clock.ts";

/**
 * Tiles of the seeds at a fixed clock, z0 to z14, every window. Who changes what tiles show on purpose writes down the new hash, and
 * says so: every cache and every client has the old ones.
 */
const GOLDEN = { tiles: 1304, notEmpty: 781, bytes: 1_004_621, hash: "462684c239518a3a0c6f01f6e76582d5" };

const LAST_ZOOM = 14;
/** Clusters lie near their reports, so far away in tile widths. */
const REACH = 0.15;

it("are, byte for byte, what they were", async () => {
  const clock = createTestClock();
  const store = createMemoryStore({ clock });
  const derived = createMemoryDerivedStore({ clock });
  const reports = seedReports({ nowMs: clock.now() });
  await store.putMany(reports);
  await createCompactor({ store, derived, clock, log: silentLog }).run();
  const source = createTileSource({ pyramid: createPyramid({ store, derived, clock, log: silentLog }) });
  const hash = createHash("sha256");
  const found = { tiles: 0, notEmpty: 0, bytes: 0 };
  for (const tile of tilesAround(reports)) {
    for (const window of TIME_WINDOWS) {
      const bytes = (await source.read({ layers: REPORT_LAYERS, tile, window }))?.bytes;
      found.tiles++;
      hash.update(`${tile.z}/${tile.x}/${tile.y}/${window}`);
      if (bytes === undefined) continue;
      found.notEmpty++;
      found.bytes += bytes.length;
      hash.update(bytes);
    }
  }
  expect({ ...found, hash: hash.digest("hex").slice(0, 32) }).toEqual(GOLDEN);
});

function tilesAround(reports: readonly Report[]): TileAddress[] {
  const tiles = new Map<string, TileAddress>();
  for (let z = 0; z <= LAST_ZOOM; z++) {
    for (const { lonDeg, latDeg } of reports) {
      const [x, y] = [worldX(lonDeg) * 2 ** z, worldY(latDeg) * 2 ** z];
      for (const [dx, dy] of [
        [-REACH, -REACH],
        [-REACH, REACH],
        [REACH, -REACH],
        [REACH, REACH],
      ] as const) {
        const tile = { z, x: Math.floor(x + dx), y: Math.floor(y + dy) };
        if (isTile(tile)) tiles.set(`${tile.z}/${tile.x}/${tile.y}`, tile);
      }
    }
  }
  return [...tiles.values()];
}
