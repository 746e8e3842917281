import type { ReportLayer } from "../../tiles/layers.ts";
import type { Log } from "../console/log.ts";
import { mapLimited } from "../kit/map-limited.ts";
import type { MetricSample } from "../ports/metrics.ts";
import type { KeptTiles } from "../serving/tile-source.ts";
import {
  createWatchedTiles,
  type TellTile,
  type TileInterest,
  type WatchedTile,
  type WatchedTiles,
} from "./watched-tiles.ts";

/**
 * Knows of the tiles that open maps show which bytes they have. After a change those of its cluster cells are read, in the way that
 * requests are, and whose tag is another is told. So the tile is there when the maps then ask for it.
 */
export interface TileWatch {
  /**
   * Tells what each tile of a box is, soon, and then each time that it is something else. Undefined when the tiles are too
   * many, for one or together. @returns what ends it
   */
  watch(interest: TileInterest, tell: TellTile): (() => void) | undefined;
  /** Something inside a geohash cell of 5 characters or more changed, and tiles that are read from now on show it. */
  changed(layer: ReportLayer, geohash: string): void;
  close(): void;
  samples(): MetricSample[];
}

export interface TileWatchOptions {
  readonly tiles: KeptTiles;
  readonly log: Log;
  /** Tiles that are watched in all, and by one; each layer's count. */
  readonly maxTiles?: number;
  readonly maxTilesOfOne?: number;
}

/** Changes that come together are read together. */
const GATHER_MS = 50;
/** In a busy place one clustering serves all the changes of a second. */
const ROUND_EVERY_MS = 1000;
/** A round that takes long, because much is watched, is followed by three times as long a rest, within this bound. */
const REST_SHARE = 3;
const MAX_REST_MS = 2000;
/** Ages, scores, and what was read from a cache while the store was away, change tiles without a word. */
const READ_ALL_EVERY_MS = 300_000;
const PARALLEL_READS = 8;

export function createTileWatch(options: TileWatchOptions): TileWatch {
  const { tiles, log, maxTiles = 8192, maxTilesOfOne = 512 } = options;
  const watched = createWatchedTiles(maxTiles, maxTilesOfOne);
  const rereads = createRereads(watched, readAll);
  let reads = 0;
  let published = 0;

  /** Reads tiles and tells of those that are not as they were told. What cannot be read is read again. */
  async function readAll(of: readonly WatchedTile[]): Promise<void> {
    const unread: WatchedTile[] = [];
    let failure: unknown;
    await mapLimited(of, PARALLEL_READS, async (tile) => {
      await readOne(tile).catch((error: unknown) => {
        failure = error;
        unread.push(tile);
      });
    });
    if (unread.length === 0) return;
    log.warn("watched tiles not read", { error: failure, tiles: unread.length });
    rereads.add(unread.filter(({ watchers }) => watchers.size > 0));
  }

  async function readOne(watchedTile: WatchedTile): Promise<void> {
    const { layer, tile, window, watchers } = watchedTile;
    if (watchers.size === 0) return;
    const read = ++reads;
    const request = { layers: [layer], tile, window };
    const { tile: encoded } = tiles.peek(request) ?? { tile: await tiles.read(request) };
    // One that began later, and has ended, knows better.
    if (read < watchedTile.read) return;
    watchedTile.read = read;
    const tag = encoded?.etag.slice(1, -1) ?? "";
    if (tag === watchedTile.tag) return;
    watchedTile.tag = tag;
    published++;
    for (const tell of watchers) tell({ layer, tile, tag });
  }

  return {
    watch(interest, tell) {
      // Of its own, whoever tells: the set of a tile's watchers knows each by it.
      const watcher: TellTile = (told) => tell(told);
      const added = rereads.isClosed() ? undefined : watched.add(interest, watcher);
      if (added === undefined) return undefined;
      for (const { layer, tile, tag } of added) if (tag !== undefined) tell({ layer, tile, tag });
      // Not with what changed: nobody waits for a place that must be read from the store first.
      void readAll(added.filter(({ tag }) => tag === undefined));
      rereads.plan();
      return () => {
        watched.remove(added, watcher);
        rereads.drop(added.filter(({ watchers }) => watchers.size === 0));
      };
    },
    changed(layer, geohash) {
      rereads.add(watched.reachedBy(layer, geohash));
    },
    close: rereads.close,
    samples: () => [
      { name: "stratum_live_tiles", help: "Tiles that open maps show.", type: "gauge", value: watched.count() },
      { name: "stratum_live_tiles_told_total", help: "Tiles told to have changed.", type: "counter", value: published },
    ],
  };
}

/** When watched tiles are read again. */
interface Rereads {
  /** These may have changed. */
  add(of: readonly WatchedTile[]): void;
  /** Nobody watches these any more. */
  drop(of: readonly WatchedTile[]): void;
  /** To be called when there is more or less to watch. */
  plan(): void;
  isClosed(): boolean;
  close(): void;
}

function createRereads(watched: WatchedTiles, readAll: (of: readonly WatchedTile[]) => Promise<void>): Rereads {
  /** To be read; while a round is under way, those of the next. */
  const waiting = new Set<WatchedTile>();
  let nextRoundAtMs = 0;
  let nextOfAllAtMs = Number.POSITIVE_INFINITY;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let isReading = false;
  let closed = false;

  function plan(): void {
    clearTimeout(timer);
    if (watched.count() === 0) nextOfAllAtMs = Number.POSITIVE_INFINITY;
    if (closed || isReading || watched.count() === 0) return;
    if (nextOfAllAtMs === Number.POSITIVE_INFINITY) nextOfAllAtMs = performance.now() + READ_ALL_EVERY_MS;
    const atMs = waiting.size > 0 ? Math.min(nextRoundAtMs, nextOfAllAtMs) : nextOfAllAtMs;
    timer = setTimeout(readRound, Math.max(0, atMs - performance.now()));
  }

  async function readRound(): Promise<void> {
    const begunAtMs = performance.now();
    if (begunAtMs >= nextOfAllAtMs) {
      nextOfAllAtMs = begunAtMs + READ_ALL_EVERY_MS;
      for (const tile of watched.all()) waiting.add(tile);
    }
    const round = [...waiting];
    waiting.clear();
    isReading = true;
    await readAll(round);
    isReading = false;
    const endedAtMs = performance.now();
    const restMs = Math.min(MAX_REST_MS, REST_SHARE * (endedAtMs - begunAtMs));
    nextRoundAtMs = Math.max(begunAtMs + ROUND_EVERY_MS, endedAtMs + restMs);
    plan();
  }

  return {
    plan,
    add(of) {
      if (of.length === 0) return;
      if (waiting.size === 0) nextRoundAtMs = Math.max(nextRoundAtMs, performance.now() + GATHER_MS);
      for (const tile of of) waiting.add(tile);
      plan();
    },
    drop(of) {
      for (const tile of of) waiting.delete(tile);
      plan();
    },
    isClosed: () => closed,
    close() {
      closed = true;
      clearTimeout(timer);
    },
  };
}
