import { VectorTile } from "@mapbox/vector-tile";
import { PbfReader } from "pbf";
import { beforeAll, describe, expect, it } from "vitest";
import { silentLog } from "../../../server/console/log.ts";
import { createPyramid, type Pyramid } from "../../../server/pyramid/pyramid.ts";
import type { ScoreLookup } from "../../../server/scores/score-cache.ts";
import { createTileSource, type TileSource } from "../../../server/serving/tile-source.ts";
import { createMemoryDerivedStore } from "../../../server/store/memory/derived-memory.ts";
import { createMemoryStore } from "../../../server/store/memory/memory.ts";
import { encodeGeohash } from "../../../tiles/geo/geohash.ts";
import {
  EXTENT,
  isTile,
  latOfWorldY,
  lonOfWorldX,
  type TileAddress,
  tileAt,
  withBuffer,
  worldX,
  worldY,
} from "../../../tiles/geo/tile-address.ts";
import type { TileLayer } from "../../../tiles/layers.ts";
import type { Report } from "../../../tiles/report.ts";
import { seededRandom } from "../../kit/random.ts";
import { makeCity, makeReport } from "../../kit/sample-reports.ts";
import { countOf, tilesAround } from "../../kit/tile-features.ts";

const NOW = Date.UTC(2026, 5, 1, 12, 3);
const clock = { now: () => NOW };
const random = seededRandom(3);
const UNITS_PER_PX = EXTENT / 512;

// Across the corner of four cluster cells of most levels.
const CENTER = [-95.625, 29.8828125] as const;
const reports: Report[] = makeCity(3000, NOW, 1, CENTER);
const cells = new Set(reports.flatMap(({ lonDeg, latDeg }) => [4, 5, 6].map((p) => encodeGeohash(lonDeg, latDeg, p))));
const book: ScoreLookup = {
  epoch: () => 1,
  find: (geohash) =>
    cells.has(geohash)
      ? {
          geohash,
          scores: { safety: 950, vibe: null, infrastructure: 1000, opportunity: null, overall: 975 },
          reportCount7d: 1,
        }
      : undefined,
  cells: (precision) =>
    [...cells]
      .filter(({ length }) => length === precision)
      .sort()
      .flatMap((geohash) => book.find(geohash) ?? []),
};

let tiles: TileSource;
let pyramid: Pyramid;
beforeAll(async () => {
  const store = createMemoryStore({ clock });
  await store.putMany(reports);
  pyramid = createPyramid({ store, derived: createMemoryDerivedStore({ clock }), clock, log: silentLog });
  tiles = createTileSource({ pyramid, scores: book });
});

interface Seen {
  readonly id: number | undefined;
  readonly at: readonly (readonly { readonly x: number; readonly y: number }[])[];
  readonly properties: Readonly<Record<string, unknown>>;
}

async function featuresOf(layer: TileLayer, tile: TileAddress, bufferPx = 0): Promise<Seen[]> {
  const encoded = await tiles.read({ layers: [layer], tile: withBuffer(tile, bufferPx), window: "90d" });
  const decoded = encoded && new VectorTile(new PbfReader(encoded.bytes)).layers[layer];
  return Array.from({ length: decoded?.length ?? 0 }, (_, i) => {
    const feature = decoded?.feature(i);
    const at = (feature?.loadGeometry() ?? []).map((ring) => ring.map(({ x, y }) => ({ x, y })));
    return { id: feature?.id, at, properties: feature?.properties ?? {} };
  });
}

/** As a neighbour's features lie in this tile. */
function shifted(features: readonly Seen[], dx: number, dy: number): Seen[] {
  return features.map((feature) => ({
    ...feature,
    at: feature.at.map((ring) => ring.map(({ x, y }) => ({ x: x + dx * EXTENT, y: y + dy * EXTENT }))),
  }));
}

const isCopy = ({ properties }: Seen): boolean => properties.copy === true;
const byId = (a: Seen, b: Seen): number => (a.id ?? 0) - (b.id ?? 0);

describe("a tile with a buffer", () => {
  it.each([3, 5, 8, 10, 11, 13, 14, 16, 19])(
    "of zoom %i has its own features as ever, and of its neighbours' exactly those near it, as they have them",
    async (z) => {
      let copies = 0;
      for (const tile of tilesAround(reports, z).slice(0, 25)) {
        const own = await featuresOf("safety", tile);
        const near: Seen[] = [];
        for (const dx of [-1, 0, 1]) {
          for (const dy of [-1, 0, 1]) {
            const neighbour = { z, x: tile.x + dx, y: tile.y + dy };
            if ((dx !== 0 || dy !== 0) && isTile(neighbour))
              near.push(...shifted(await featuresOf("safety", neighbour), dx, dy));
          }
        }
        for (const bufferPx of [1, 128]) {
          const reach = bufferPx * UNITS_PER_PX;
          const all = await featuresOf("safety", tile, bufferPx);
          expect(all.filter((feature) => !isCopy(feature))).toEqual(own);
          const inBuffer = near.filter(({ at: [[{ x, y } = { x: NaN, y: NaN }] = []] }) =>
            [x, y].every((value) => value >= -reach && value < EXTENT + reach),
          );
          const marked = inBuffer.map((feature) => ({ ...feature, properties: { ...feature.properties, copy: true } }));
          expect(all.filter(isCopy).sort(byId)).toEqual(marked.sort(byId));
          copies += marked.length;
        }
      }
      expect(copies).toBeGreaterThan(z <= 5 ? 0 : 5);
    },
  );

  it("counts every report once over all tiles of a zoom, without the copies", async () => {
    for (const z of [9, 12, 15]) {
      const found = await Promise.all(tilesAround(reports, z).map((tile) => featuresOf("safety", tile, 64)));
      const own = found.flat().filter((feature) => !isCopy(feature));
      expect(countOf(own.map(({ properties }) => properties as Record<string, number>))).toBe(reports.length);
    }
  });

  it("draws scores as far, and marks the cells that the tile itself has nothing of", async () => {
    const z = 12;
    for (const tile of tilesAround(reports, z).slice(0, 12)) {
      const plain = await featuresOf("scores", tile);
      const wide = await featuresOf("scores", tile, 128);
      const spread = wide.flatMap(({ at }) => at.flat().flatMap(({ x, y }) => [x, y]));
      expect(Math.min(...spread)).toBeGreaterThanOrEqual(-128 * UNITS_PER_PX);
      expect(Math.max(...spread)).toBeLessThanOrEqual(EXTENT + 128 * UNITS_PER_PX);
      const own = wide.filter((feature) => !isCopy(feature)).map(({ properties }) => properties.geohash);
      const names = plain.map(({ properties }) => properties.geohash);
      expect(names).toEqual(expect.arrayContaining(own));
      expect(wide.map(({ properties }) => properties.geohash)).toEqual(expect.arrayContaining(names));
      for (const { at } of wide.filter(isCopy)) {
        const inside = at.flat().filter(({ x, y }) => x > 0 && x < EXTENT && y > 0 && y < EXTENT);
        expect(inside).toEqual([]);
      }
    }
    const layers = ["safety", "scores"] as const;
    const tile = tileAt(worldX(CENTER[0]), worldY(CENTER[1]), z);
    const both = await tiles.read({ layers, tile: withBuffer(tile, 64), window: "90d" });
    const apart = await Promise.all(
      layers.map((layer) => tiles.read({ layers: [layer], tile: withBuffer(tile, 64), window: "90d" })),
    );
    expect(both?.bytes).toEqual(new Uint8Array(Buffer.concat(apart.map((one) => one?.bytes ?? new Uint8Array()))));
  });

  it("has the bytes of one without when it has none", async () => {
    const tile = tileAt(worldX(CENTER[0]), worldY(CENTER[1]), 12);
    const ask = (of: object) => tiles.read({ layers: ["safety"], tile: { ...tile, ...of }, window: "90d" });
    expect((await ask({ bufferPx: 0 }))?.etag).toBe((await ask({}))?.etag);
  });

  it("shows a report that comes in beyond its edge", async () => {
    const z = 15;
    const west = { z, x: 7000, y: 13000 };
    const place = (dx: number) => ({
      lonDeg: lonOfWorldX((7001 + dx) / 2 ** z),
      latDeg: latOfWorldY(13000.5 / 2 ** z),
    });
    const ask = (bufferPx: number) => featuresOf("safety", west, bufferPx);
    const before = [await ask(0), await ask(16), await ask(64)];
    expect(before).toEqual([[], [], []]);
    // 32 px east of the edge.
    pyramid.noteReport(makeReport({ ...place(32 / 512), createdAtMs: NOW - 1000 }, random));
    expect((await ask(0)).length + (await ask(16)).length).toBe(0);
    expect((await ask(64)).map(isCopy)).toEqual([true]);
  });
});
