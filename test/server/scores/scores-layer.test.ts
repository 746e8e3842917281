import { VectorTile } from "@mapbox/vector-tile";
import { PbfReader } from "pbf";
import { describe, expect, it } from "vitest";
import { silentLog } from "../../../server/console/log.ts";
import { createPyramid } from "../../../server/pyramid/pyramid.ts";
import { nodeCompressor } from "../../../server/runtime/node/node-compressor.ts";
import type { ScoreLookup } from "../../../server/scores/score-cache.ts";
import { precisionOfZoom } from "../../../server/scores/scores-layer.ts";
import { createTileSource } from "../../../server/serving/tile-source.ts";
import { cellBounds } from "../../../tiles/geo/geohash.ts";
import { tileAt, worldX, worldY } from "../../../tiles/geo/tile-address.ts";
import { NEUTRAL_SCORES } from "../../../tiles/scores/scores.ts";
import { AUSTIN, createWorld, MISSION, NOWHERE } from "../../kit/score-world.ts";
import { decodeLayer } from "../../kit/tile-features.ts";

describe("tiles with scores", () => {
  /** Two neighbourhoods beside each other, and the cells above; the second has another score whenever it is set. */
  function createBook() {
    const cells = new Map(["9q8y", "9q8yy", "9q8yy7", "9q8yyk"].map((geohash) => [geohash, { ...NEUTRAL_SCORES }]));
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
      set(geohash: string, overall: number) {
        cells.set(geohash, { ...NEUTRAL_SCORES, overall });
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
        expect.objectContaining({ score: 75, geohash: expect.stringMatching(/^9q8yy[7k]$/) }),
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
      const scores = { safety: 100, vibe: 50, infrastructure: 100, opportunity: 50, overall: 75 };
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
