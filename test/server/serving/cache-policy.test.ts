import { describe, expect, it } from "vitest";
import { silentLog } from "../../../server/console/log.ts";
import { createPyramid } from "../../../server/pyramid/pyramid.ts";
import { tagsOfReport, tagsOfTile } from "../../../server/serving/cache-policy.ts";
import { createTileSource } from "../../../server/serving/tile-source.ts";
import { createMemoryDerivedStore } from "../../../server/store/memory/derived-memory.ts";
import { createMemoryStore } from "../../../server/store/memory/memory.ts";
import { withBuffer } from "../../../tiles/geo/tile-address.ts";
import { seededRandom } from "../../kit/random.ts";
import { makeCity, makeReport } from "../../kit/sample-reports.ts";
import { tilesAround } from "../../kit/tile-features.ts";

const NOW = Date.UTC(2026, 5, 1, 12, 3);
const clock = { now: () => NOW };

describe("tagsOfReport", () => {
  it.each([
    ["every tile", 0],
    ["every tile with a buffer", 128],
  ])("name %s that a report changes, at every zoom, borders of cluster cells included", async (_, bufferPx) => {
    const reports = makeCity(1500, NOW);
    const random = seededRandom(11);
    const store = createMemoryStore({ clock });
    await store.putMany(reports);
    const pyramid = createPyramid({ store, derived: createMemoryDerivedStore({ clock }), clock, log: silentLog });
    const tiles = createTileSource({ pyramid });
    for (const [lonDeg, latDeg] of [
      [-95.37, 29.76],
      [-95.4492, 29.7],
      [-95.2735, 29.7071],
      [-95.36, 29.8828],
    ] as const) {
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
  });
});
