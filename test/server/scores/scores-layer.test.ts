import { VectorTile } from "@mapbox/vector-tile";
import { PbfReader } from "pbf";
import { describe, expect, it } from "vitest";
import { silentLog } from "../../../server/console/log.ts";
import { createPyramid } from "../../../server/pyramid/pyramid.ts";
import { nodeCompressor } from "../../../server/runtime/node/node-compressor.ts";
import type { ScoreLookup } from "../../../server/scores/score-cache.ts";
import { encodeScoresLayer, precisionOfZoom } from "../../../server/scores/scores-layer.ts";
import { createTileSource } from "../../../server/serving/tile-source.ts";
import { cellBounds, encodeGeohash } from "../../../tiles/geo/geohash.ts";
import { isTile, tileAt, withBuffer, worldX, worldY } from "../../../tiles/geo/tile-address.ts";
import type { ScoreTenths } from "../../../tiles/scores/scores.ts";
import { AUSTIN, createWorld, MISSION, NOWHERE } from "../../kit/score-world.ts";
import { decodeLayer } from "../../kit/tile-features.ts";

const SCORES: ScoreTenths = { safety: 950, vibe: null, infrastructure: 1000, opportunity: null, overall: 975 };

describe("tiles with scores", () => {
  /** Two neighbourhoods beside each other, and the cells above; the second has another score whenever it is set. */
  function createBook() {
    const cells = new Map(["9q8y", "9q8yy", "9q8yy7", "9q8yyk"].map((geohash) => [geohash, { ...SCORES }]));
    let epoch = 0;
    const found = (geohash: string) => {
      const scores = cells.get(geohash);
      return scores && { geohash, scores, reportCount7d: 2 };
    };
    const book: ScoreLookup = {
      epoch: () => epoch,
      find: found,
      cells: (precision) => [...cells.keys()].flatMap((key) => (key.length === precision ? (found(key) ?? []) : [])),
    };
    return {
      book,
      set(geohash: string, overall: number | null) {
        cells.set(geohash, { ...SCORES, overall });
        epoch++;
      },
    };
  }

  async function open() {
    const world = createWorld();
    await world.add(MISSION);
    await world.add(MISSION, 2);
    await world.add(NOWHERE);
    const scores = createBook();
    const pyramid = createPyramid({ ...world, log: silentLog });
    const source = createTileSource({ pyramid, scores: scores.book, compressor: nodeCompressor });
    const read = (
      layers: "safety" | "scores" | "both",
      z: number,
      place: { lonDeg: number; latDeg: number } = MISSION,
    ) =>
      source.read({
        layers: layers === "both" ? ["safety", "scores"] : [layers],
        tile: tileAt(worldX(place.lonDeg), worldY(place.latDeg), z),
        window: "90d",
      });
    return { ...scores, read };
  }

  it("name the neighbourhood's overall score on reports and clusters, and none where it is not known", async () => {
    const { read } = await open();
    for (const z of [4, 12, 16, 22]) {
      expect(decodeLayer((await read("safety", z))?.bytes ?? new Uint8Array(), "safety")).toEqual([
        expect.objectContaining({ score: 97.5, geohash: expect.stringMatching(/^9q8yy[7k]$/) }),
      ]);
      const [elsewhere] = decodeLayer((await read("safety", z, NOWHERE))?.bytes ?? new Uint8Array(), "safety");
      expect(elsewhere).not.toHaveProperty("score");
    }
  });

  it("are the same object until a score in them changes, and only then have other bytes", async () => {
    const { read, set } = await open();
    const near = await read("safety", 12);
    const far = await read("safety", 12, NOWHERE);
    const compressed = await far?.coded("gzip");
    expect(await read("safety", 12)).toBe(near);
    set("9q8yyk", 300);
    set("9q8yy7", 300);
    expect((await read("safety", 12))?.etag).not.toBe(near?.etag);
    set("9q8yyk", null);
    set("9q8yy7", null);
    const [unknown] = decodeLayer((await read("safety", 12))?.bytes ?? new Uint8Array(), "safety");
    expect(unknown).not.toHaveProperty("score");
    expect(await read("safety", 12, NOWHERE)).toBe(far);
    expect(await (await read("safety", 12, NOWHERE))?.coded("gzip")).toBe(compressed);
  });

  it("draw each cell where it is, at the zoom's precision, with all scores", async () => {
    const { read } = await open();
    expect(await read("scores", 3)).toBeUndefined();
    expect(await read("scores", 8, AUSTIN)).toBeUndefined();
    for (const [z, geohash] of [
      [4, "9q8y"],
      [7, "9q8y"],
      [8, "9q8yy"],
      [10, "9q8yy"],
      [11, "9q8yy7"],
      [13, "9q8yy7"],
    ] as const) {
      const features = decodeLayer((await read("scores", z))?.bytes ?? new Uint8Array(), "scores");
      // What has no score has no attribute.
      const scores = { safety: 95, infrastructure: 100, overall: 97.5 };
      expect(features).toContainEqual({ geohash, ...scores, report_count_7d: 2 });
      expect(features.every((feature) => String(feature.geohash).length === precisionOfZoom(z))).toBe(true);
    }
    // At zoom 11 the cell lies well inside its tile.
    const tile = tileAt(worldX(MISSION.lonDeg), worldY(MISSION.latDeg), 11);
    const layer = new VectorTile(new PbfReader((await read("scores", 11))?.bytes ?? new Uint8Array())).layers.scores;
    const [west = 0, north = 0, east = 0, south = 0] = layer?.feature(0).bbox() ?? [];
    const bounds = cellBounds(String(layer?.feature(0).properties.geohash));
    const units = 4096 * 2 ** 11;
    expect(west / units).toBeCloseTo(worldX(bounds.west) - tile.x / 2 ** 11, 6);
    expect(east / units).toBeCloseTo(worldX(bounds.east) - tile.x / 2 ** 11, 6);
    expect(north / units).toBeCloseTo(worldY(bounds.north) - tile.y / 2 ** 11, 6);
    expect(south / units).toBeCloseTo(worldY(bounds.south) - tile.y / 2 ** 11, 6);
  });

  it("come together in one tile", async () => {
    const { read } = await open();
    const bytes = (await read("both", 12))?.bytes ?? new Uint8Array();
    expect(decodeLayer(bytes, "safety")).toHaveLength(1);
    expect(decodeLayer(bytes, "scores")).toHaveLength(2);
  });
});

describe("the rings of cells", () => {
  /** Cells of all precisions at the ends of the world and where Web Mercator ends, and some elsewhere. */
  const PLACES = [
    [0, 89.99],
    [10, -89.99],
    [-180, 85.2],
    [179.99, -85.4],
    [20, 85.06],
    [20, 85.05],
    [20, -85.052],
    [-30, 85.0511287],
    [-122.42, 37.77],
    [179.999, 0.001],
    [-180, -0.001],
  ] as const;
  const known = new Set(
    PLACES.flatMap(([lon, lat]) => [4, 5, 6].map((precision) => encodeGeohash(lon, lat, precision))),
  );
  const find = (geohash: string) => (known.has(geohash) ? { geohash, scores: SCORES, reportCount7d: 1 } : undefined);
  const book: ScoreLookup = {
    epoch: () => 1,
    find,
    cells: (precision) => [...known].sort().flatMap((key) => (key.length === precision ? (find(key) ?? []) : [])),
  };

  it.each([0, 64, 128])("have an area, run clockwise and repeat no point, with a buffer of %i", (bufferPx) => {
    const drawn = new Set<string>();
    for (let z = 4; z <= 14; z++) {
      for (const [lon, lat] of PLACES) {
        const home = tileAt(worldX(lon), worldY(lat), z);
        for (const [dx, dy] of [-1, 0, 1].flatMap((x) => [-1, 0, 1].map((y) => [x, y] as const))) {
          const tile = { z, x: home.x + dx, y: home.y + dy };
          if (!isTile(tile)) continue;
          const layer = new VectorTile(new PbfReader(encodeScoresLayer(withBuffer(tile, bufferPx), book))).layers
            .scores;
          for (let i = 0; i < (layer?.length ?? 0); i++) {
            const feature = layer?.feature(i);
            const name = `${feature?.properties.geohash} in ${z}/${tile.x}/${tile.y}`;
            const rings = feature?.loadGeometry() ?? [];
            expect(rings.length, name).toBe(1);
            for (const ring of rings) expect(faultOf(ring), name).toBeUndefined();
            drawn.add(String(feature?.properties.geohash));
          }
        }
      }
    }
    // Cells that lie beyond are left out, and no others.
    const beyond = [...known].filter(
      (geohash) => cellBounds(geohash).south >= 85.0511287 || cellBounds(geohash).north <= -85.0511287,
    );
    expect(beyond.length).toBeGreaterThan(8);
    expect([...known].filter((geohash) => !drawn.has(geohash)).sort()).toEqual(beyond.sort());
  });
});

/** What Mapbox Vector Tile 2.1 forbids of an exterior ring (sections 4.3.3.2 and 4.3.3.3); the decoder closes it with its first point. */
function faultOf(ring: readonly { readonly x: number; readonly y: number }[]): string | undefined {
  if (ring.length < 4) return `${ring.length} points`;
  let twice = 0;
  for (let i = 1; i < ring.length; i++) {
    const [a, b] = [ring[i - 1], ring[i]] as [{ x: number; y: number }, { x: number; y: number }];
    if (a.x === b.x && a.y === b.y) return `${a.x},${a.y} twice`;
    twice += a.x * b.y - b.x * a.y;
  }
  return twice > 0 ? undefined : `area ${twice / 2}`;
}
