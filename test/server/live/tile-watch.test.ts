import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { silentLog } from "../../../server/console/log.ts";
import { createTileWatch, type TileWatchOptions } from "../../../server/live/tile-watch.ts";
import type { TileInterest, ToldTile } from "../../../server/live/watched-tiles.ts";
import type { TileRequest } from "../../../server/serving/tile-source.ts";
import { encodeGeohash } from "../../../tiles/geo/geohash.ts";
import { latOfWorldY, lonOfWorldX, tileBounds } from "../../../tiles/geo/tile-address.ts";

const Z = 13;
/** Four tiles in one cluster cell, and one of another some way off. */
const HOME = { z: Z, x: 1310, y: 3166 };
const FAR = { z: Z, x: HOME.x + 20, y: HOME.y };
const inside = ({ x, y }: { x: number; y: number }, width = 1): TileInterest => {
  const { west, north } = tileBounds({ z: Z, x, y });
  const { east, south } = tileBounds({ z: Z, x: x + width - 1, y: y + width - 1 });
  const inch = 1e-5;
  return {
    bounds: { west: west + inch, south: south + inch, east: east - inch, north: north - inch },
    layers: ["safety"],
    zoom: Z,
    window: "90d",
  };
};
const cellIn = ({ x, y }: { x: number; y: number }) =>
  encodeGeohash(lonOfWorldX((x + 0.5) / 2 ** Z), latOfWorldY((y + 0.5) / 2 ** Z), 8);
const nameOf = ({ layer, tile: { x, y }, tag }: ToldTile) => `${layer}/${x}/${y} ${tag}`;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance", "Date"] });
});
afterEach(() => {
  vi.useRealTimers();
});

/** Tiles with tags that a test sets; every read is counted. */
function setUp(options: Partial<TileWatchOptions> = {}) {
  const tags = new Map<string, string>();
  const reads: string[] = [];
  const source = {
    async wait() {},
    peek: () => undefined,
    async read({ layers, tile: { x, y } }: TileRequest) {
      const name = `${layers[0]}/${x}/${y}`;
      reads.push(name);
      const tag = tags.get(name);
      await source.wait();
      return tag === undefined
        ? undefined
        : { bytes: new Uint8Array(1), etag: `"${tag}"`, areaCells: undefined, coded: () => new Uint8Array() };
    },
  };
  const watch = createTileWatch({ tiles: source, log: silentLog, ...options });
  const told: string[] = [];
  const tell = (tile: ToldTile) => told.push(nameOf(tile));
  const take = (of: string[] = told) => of.splice(0).sort();
  return { watch, tags, reads, source, told, tell, take };
}

const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms);

describe("a watch over tiles", () => {
  it("tells what every tile of the box is, and after a change those that are something else", async () => {
    const { watch, tags, tell, take } = setUp();
    tags.set("safety/1310/3166", "a");
    watch.watch(inside(HOME, 2), tell);
    await pass(0);
    expect(take()).toEqual(["safety/1310/3166 a", "safety/1310/3167 ", "safety/1311/3166 ", "safety/1311/3167 "]);
    tags.set("safety/1310/3166", "b");
    watch.changed("safety", cellIn(HOME));
    await pass(100);
    expect(take()).toEqual(["safety/1310/3166 b"]);
  });

  it("reads the tiles of the changed layer and cluster cell once a second, however many changes come", async () => {
    const { watch, reads, tell } = setUp();
    watch.watch({ ...inside(HOME), layers: ["safety", "vibe"] }, tell);
    watch.watch(inside(FAR), tell);
    await pass(2000);
    reads.length = 0;
    for (let i = 0; i < 100; i++) {
      watch.changed("safety", cellIn({ ...HOME, x: HOME.x + 1 }));
      await pass(100);
    }
    expect(new Set(reads)).toEqual(new Set(["safety/1310/3166"]));
    expect(reads.length).toBeGreaterThanOrEqual(10);
    expect(reads.length).toBeLessThanOrEqual(11);
  });

  it("reads a tile once for all who watch it, and tells who comes later what it knows", async () => {
    const { watch, tags, reads, tell, take } = setUp();
    const later: string[] = [];
    tags.set("safety/1310/3166", "a");
    watch.watch(inside(HOME), tell);
    await pass(0);
    watch.watch(inside(HOME), (tile) => later.push(nameOf(tile)));
    expect(later).toEqual(["safety/1310/3166 a"]);
    tags.set("safety/1310/3166", "b");
    watch.changed("safety", cellIn(HOME).slice(0, 5));
    await pass(100);
    expect([take(), later, reads.length]).toEqual([
      ["safety/1310/3166 a", "safety/1310/3166 b"],
      ["safety/1310/3166 a", "safety/1310/3166 b"],
      2,
    ]);
  });

  it("misses no change that comes while a tile is read, and believes the read that began last", async () => {
    const { watch, tags, source, tell, told } = setUp();
    tags.set("safety/1310/3166", "a");
    source.wait = () => new Promise((resolve) => setTimeout(resolve, 5000));
    watch.watch(inside(HOME), tell);
    await pass(100);
    source.wait = () => new Promise((resolve) => setTimeout(resolve, 200));
    tags.set("safety/1310/3166", "b");
    watch.changed("safety", cellIn(HOME));
    await pass(100);
    tags.set("safety/1310/3166", "c");
    watch.changed("safety", cellIn(HOME));
    await pass(10_000);
    expect(told).toEqual(["safety/1310/3166 b", "safety/1310/3166 c"]);
  });

  it("looks again at what could not be read", async () => {
    const { watch, tags, source, tell, take } = setUp();
    watch.watch(inside(HOME), tell);
    await pass(0);
    take();
    source.wait = () => Promise.reject(new Error("away"));
    tags.set("safety/1310/3166", "a");
    watch.changed("safety", cellIn(HOME));
    await pass(5000);
    source.wait = async () => {};
    await pass(5000);
    expect(take()).toEqual(["safety/1310/3166 a"]);
  });

  it("looks at everything every five minutes, for what changes without a word", async () => {
    const { watch, tags, reads, tell, take } = setUp();
    watch.watch(inside(HOME), tell);
    await pass(1000);
    take();
    tags.set("safety/1310/3166", "aged");
    await pass(290_000);
    expect(reads).toHaveLength(1);
    await pass(10_000);
    expect(take()).toEqual(["safety/1310/3166 aged"]);
  });

  it("refuses too many tiles, for one or together, and polar rows; and makes room", async () => {
    const { watch, tell } = setUp({ maxTiles: 5, maxTilesOfOne: 4 });
    expect(watch.watch(inside(HOME, 3), tell)).toBeUndefined();
    expect(watch.watch({ ...inside(HOME, 2), layers: ["safety", "vibe"] }, tell)).toBeUndefined();
    expect(watch.watch(inside({ x: 0, y: 0 }), tell)).toBeUndefined();
    const end = watch.watch(inside(HOME, 2), tell);
    expect(watch.watch(inside(HOME, 2), tell)).toBeDefined();
    expect(watch.watch(inside(FAR, 2), tell)).toBeUndefined();
    end?.();
    expect(watch.samples()[0]).toMatchObject({ value: 4 });
  });

  it("lets go of tiles that nobody watches any more, and of its timers", async () => {
    const { watch, reads, tell, take } = setUp();
    const ends = [watch.watch(inside(HOME), tell), watch.watch(inside(FAR), tell)];
    await pass(0);
    watch.changed("safety", cellIn(HOME));
    for (const end of ends) end?.();
    expect([watch.samples()[0]?.value, vi.getTimerCount()]).toEqual([0, 0]);
    watch.watch(inside(HOME), tell);
    await pass(0);
    expect([reads.length, take().length]).toEqual([3, 3]);
    watch.close();
    expect(vi.getTimerCount()).toBe(0);
    expect(watch.watch(inside(HOME), tell)).toBeUndefined();
  });
});
