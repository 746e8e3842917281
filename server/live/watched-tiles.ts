import { type Reach, reachOfTile } from "../../tiles/cluster/change-reach.ts";
import { CELL_PRECISION, clusterCellsOfTile } from "../../tiles/cluster/cluster-cells.ts";
import { type Bounds, cellBounds } from "../../tiles/geo/geohash.ts";
import { type BufferedTile, tileBounds, tilesOfBox, withBuffer } from "../../tiles/geo/tile-address.ts";
import type { LiveLayer, ReportLayer, TimeWindow } from "../../tiles/layers.ts";

/** The tiles that a map shows: those of one zoom that meet its box. */
export interface TileInterest {
  readonly bounds: Bounds;
  readonly layers: readonly LiveLayer[];
  readonly zoom: number;
  readonly window: TimeWindow;
  /** As `BufferedTile` has it. */
  readonly bufferPx?: number;
}

/** What a tile is now; the tag is its entity tag without quotes, empty for one in which nothing lies. */
export interface ToldTile {
  readonly layer: LiveLayer;
  readonly tile: BufferedTile;
  readonly tag: string;
}

export type TellTile = (told: ToldTile) => void;

/** A tile that maps show, once for all of them. */
export interface WatchedTile {
  readonly layer: LiveLayer;
  readonly tile: BufferedTile;
  readonly window: TimeWindow;
  /** As it was told last; undefined before it was read. */
  tag: string | undefined;
  /** The read that found it, counted. */
  read: number;
  readonly watchers: Set<TellTile>;
}

export interface WatchedTiles {
  /** Adds a watcher to every tile of a box; undefined, and nothing is added, when they are too many for one or together. */
  add(interest: TileInterest, watcher: TellTile): readonly WatchedTile[] | undefined;
  remove(tiles: readonly WatchedTile[], watcher: TellTile): void;
  /** Those that can look otherwise after a change inside a geohash cell of 5 characters or more. */
  reachedBy(layer: ReportLayer, geohash: string): WatchedTile[];
  all(): Iterable<WatchedTile>;
  count(): number;
}

interface Entry extends WatchedTile {
  readonly reach: (geohash: string) => Reach;
  /** Where it stands in the index: its layer and each of its cluster cells, of cells at the finest. */
  readonly places: readonly string[];
}

const keyOf = ({ layer, window, tile: { z, x, y, bufferPx = 0 } }: Pick<Entry, "layer" | "window" | "tile">): string =>
  `${layer}/${window}/${z}/${x}/${y}/${bufferPx}`;

/**
 * Areas reach beyond a tile that shows them, and so do the reports that change it. A change farther away than this, degrees, is told
 * when all tiles are read again.
 */
const AREAS_REACH_DEG = 0.3;

/** Between the polar rows a tile meets at most nine cluster cells; there up to thousands, and nobody looks. */
const MAX_CLUSTER_CELLS = 16;

export function createWatchedTiles(maxTiles: number, maxTilesOfOne: number): WatchedTiles {
  const byKey = new Map<string, Entry>();
  const byPlace = new Map<string, Set<Entry>>();
  const ofAreas = new Set<Entry>();

  function entriesOf({ bounds, layers, zoom, window, bufferPx = 0 }: TileInterest): Map<string, Entry> | undefined {
    const entries = new Map<string, Entry>();
    for (const address of tilesOfBox(bounds, zoom, maxTilesOfOne / layers.length) ?? []) {
      const tile = withBuffer(address, bufferPx);
      const clusterCells = new Set(clusterCellsOfTile(tile).map((clusterCell) => clusterCell.slice(0, CELL_PRECISION)));
      if (clusterCells.size > MAX_CLUSTER_CELLS) return undefined;
      const reach = reachOfTile(tile);
      for (const layer of layers) {
        const key = keyOf({ layer, window, tile });
        const places = [...clusterCells].map((clusterCell) => `${layer}/${clusterCell}`);
        const made = { layer, tile, window, tag: undefined, read: 0, watchers: new Set<never>(), reach, places };
        entries.set(key, byKey.get(key) ?? made);
      }
    }
    return entries.size === 0 ? undefined : entries;
  }

  function insert(key: string, entry: Entry): void {
    if (byKey.has(key)) return;
    byKey.set(key, entry);
    if (entry.layer === "areas") ofAreas.add(entry);
    for (const place of entry.places) byPlace.set(place, (byPlace.get(place) ?? new Set()).add(entry));
  }

  function drop(entry: Entry): void {
    ofAreas.delete(entry);
    byKey.delete(keyOf(entry));
    for (const place of entry.places) {
      const here = byPlace.get(place);
      here?.delete(entry);
      if (here?.size === 0) byPlace.delete(place);
    }
  }

  return {
    add(interest, watcher) {
      const entries = entriesOf(interest);
      if (entries === undefined) return undefined;
      const added = [...entries.keys()].filter((key) => !byKey.has(key)).length;
      if (byKey.size + added > maxTiles) return undefined;
      for (const [key, entry] of entries) {
        insert(key, entry);
        entry.watchers.add(watcher);
      }
      return [...entries.values()];
    },
    remove(tiles, watcher) {
      for (const tile of tiles) {
        tile.watchers.delete(watcher);
        if (tile.watchers.size === 0) drop(tile as Entry);
      }
    },
    reachedBy(layer, geohash) {
      const reached = new Set<Entry>();
      for (let length = 0; length <= CELL_PRECISION; length++) {
        for (const entry of byPlace.get(`${layer}/${geohash.slice(0, length)}`) ?? [])
          if (entry.reach(geohash) !== "never") reached.add(entry);
      }
      const place = cellBounds(geohash);
      for (const entry of ofAreas) if (isNear(tileBounds(entry.tile), place)) reached.add(entry);
      return [...reached];
    },
    all: () => byKey.values(),
    count: () => byKey.size,
  };
}

const isNear = (a: Bounds, b: Bounds): boolean =>
  a.west - AREAS_REACH_DEG <= b.east &&
  b.west <= a.east + AREAS_REACH_DEG &&
  a.south - AREAS_REACH_DEG <= b.north &&
  b.south <= a.north + AREAS_REACH_DEG;
