import { VectorTile } from "@mapbox/vector-tile";
import { PbfReader } from "pbf";
import { beforeEach, describe, expect, it } from "vitest";
import { silentLog } from "../../../server/log.ts";
import { type RunSql, sqlOfPool } from "../../../server/postgres/sql.ts";
import { createPyramid } from "../../../server/pyramid/pyramid.ts";
import { createScoreCache, type ScoreBook } from "../../../server/scores/score-cache.ts";
import { precisionOfZoom } from "../../../server/scores/scores-layer.ts";
import { nodeCompressor } from "../../../server/tiles/node-compressor.ts";
import { createTileSource } from "../../../server/tiles/tile-source.ts";
import { cellBounds } from "../../../tiles/geohash.ts";
import { NEUTRAL_SCORES } from "../../../tiles/scores.ts";
import { tileAt, worldX, worldY } from "../../../tiles/tile-address.ts";
import { describeOnEachPostgres } from "../postgres/each-postgres.ts";
import { decodeLayer } from "../pyramid/tile-features.ts";
import { AUSTIN, createWorld, DAY, HOUR, MISSION, NOWHERE, SCORE_TABLES } from "./world.ts";

describeOnEachPostgres("the score cache", SCORE_TABLES, (pool) => {
  let sql: RunSql;
  beforeEach(async () => {
    sql = sqlOfPool(pool());
    await sql("UPDATE score_state SET epoch = 0, counted_until = NULL");
  });

  const told = (book: ScoreBook) => new Map([4, 5, 6].flatMap((p) => book.cells(p).map((c) => [c.geohash, c.scores])));

  it("knows the newest scores, takes in what changes, and changes its epoch only with them", async () => {
    const world = createWorld();
    const scorer = world.scorer(sql);
    const cache = createScoreCache({ sql, clock: world.clock });
    const score = async () => {
      await world.compact();
      await scorer.run();
      await cache.refresh();
      return cache.epoch();
    };
    const expected = () => new Map([...world.expected()].map(([geohash, { scores }]) => [geohash, scores]));
    await cache.refresh();
    expect([cache.epoch(), cache.cells(6)]).toEqual([0, []]);
    await world.add(MISSION);
    await world.add(AUSTIN);
    expect(await score()).toBe(1);
    expect(await score()).toBe(1);
    expect(told(cache)).toEqual(expected());
    world.clock.nowMs += 2 * HOUR;
    await world.add({ ...MISSION, layer: "vibe" });
    expect(await score()).toBe(2);
    expect(told(cache)).toEqual(expected());
    // Every cell's row of the next day, the reports a band older.
    world.clock.nowMs += DAY + HOUR;
    expect(await score()).toBe(3);
    expect(told(cache)).toEqual(expected());
    const late = createScoreCache({ sql, clock: world.clock });
    await late.refresh();
    expect(told(late)).toEqual(told(cache));
  });

  it("leaves out the least reported beyond its bound, and forgets what has gone", async () => {
    const world = createWorld();
    await world.add(MISSION, 3);
    await world.add(AUSTIN);
    await world.compact();
    await world.scorer(sql).run();
    const small = createScoreCache({ sql, clock: world.clock, maxCells: 3 });
    await small.refresh();
    expect([...told(small).keys()].every((geohash) => geohash.startsWith("9q8y"))).toBe(true);
    const cache = createScoreCache({ sql, clock: world.clock });
    await cache.refresh();
    for (const item of await world.derived.list("slices/safety/9v6"))
      await world.derived.remove("slices/safety/9v6", [item]);
    for (let day = 0; day < 3; day++) {
      world.clock.nowMs += DAY;
      await world.compact();
      await world.scorer(sql).run();
      await cache.refresh();
      expect(cache.find("9v6k")?.scores).toEqual(day < 2 ? NEUTRAL_SCORES : undefined);
    }
    expect(cache.find("9q8y")).toBeDefined();
  });
});

describe("tiles with scores", () => {
  /** Two neighbourhoods beside each other, and the cells above; the second has another score whenever it is set. */
  function createBook() {
    const cells = new Map(["9q8y", "9q8yy", "9q8yy7", "9q8yyk"].map((geohash) => [geohash, { ...NEUTRAL_SCORES }]));
    let epoch = 0;
    const found = (geohash: string) => {
      const scores = cells.get(geohash);
      return scores && { geohash, scores, reportCount7d: 2 };
    };
    const book: ScoreBook = {
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
