import { type Reach, reachOfTile } from "../../tiles/cluster/change-reach.ts";
import type { TileAddress } from "../../tiles/geo/tile-address.ts";
import type { LiveLayer, ReportLayer } from "../../tiles/layers.ts";

/** Which of the tiles that a map asked for have changed since, as far as it was told. */
export interface TileFreshness {
  /** A request for the tile begins: its answer shows what has changed until now. */
  requested(layer: LiveLayer, tile: TileAddress): void;
  /** The map has the tile under this entity tag, without quotes and coding; empty for an empty tile. */
  loaded(layer: LiveLayer, tile: TileAddress, tag: string): void;
  /** The server says under which tag it has the tile. */
  told(layer: LiveLayer, tile: TileAddress, tag: string): void;
  /** Something in a cell changed. Tiles that the server tells by their tags are asked for only if we did it ourselves. */
  changed(layer: ReportLayer, geohash: string, isOwn?: boolean): void;
  /** Anything else may have changed. `sure` asks for it at once, otherwise it is looked after. */
  changedAll(sure: boolean): void;
  /** The zoom of which the server tells all tiles in view by their tags, if it does. */
  tellsZoom(z: number | undefined): void;
  /** Tiles to ask for again now. They stay listed until they are requested. */
  stale(): Map<LiveLayer, TileAddress[]>;
  /** Tiles that may have changed all the same: farther off, or by an answer of a process that did not know yet. */
  doubtful(): Map<LiveLayer, TileAddress[]>;
}

/** The server's processes know of each other's reports after this time. */
const SETTLED_AFTER_MS = 3000;
/** Far more than a map keeps; what is forgotten is loaded anew when it comes into view. */
const MAX_TILES = 2000;

interface Known {
  readonly layer: LiveLayer;
  readonly tile: TileAddress;
  readonly reach: (geohash: string) => Reach;
  tag: string | undefined;
  toldTag: string | undefined;
  isStale: boolean;
  /** When the last change came that an answer may lack. */
  doubtedAtMs: number | undefined;
}

export function createTileFreshness(now: () => number): TileFreshness {
  const known = new Map<string, Known>();
  let toldZoom: number | undefined;

  /** The one that was touched last is forgotten last. lru-cache would be 6 KB of the page for these three lines. */
  function touch(layer: LiveLayer, tile: TileAddress): Known {
    const key = `${layer}/${tile.z}/${tile.x}/${tile.y}`;
    const entry: Known = known.get(key) ?? {
      ...{ layer, tile, reach: reachOfTile(tile), isStale: false },
      ...{ tag: undefined, toldTag: undefined, doubtedAtMs: undefined },
    };
    known.delete(key);
    known.set(key, entry);
    const [oldest] = known.keys();
    if (known.size > MAX_TILES && oldest !== undefined) known.delete(oldest);
    return entry;
  }

  function settle(entry: Known): void {
    if (entry.tile.z !== toldZoom || entry.tag !== entry.toldTag) return;
    entry.isStale = false;
    entry.doubtedAtMs = undefined;
  }

  function collect(wanted: (known: Known) => boolean): Map<LiveLayer, TileAddress[]> {
    const found = [...known.values()].filter(wanted);
    const byLayer = Map.groupBy(found, ({ layer }) => layer);
    return new Map([...byLayer].map(([layer, of]) => [layer, of.map(({ tile }) => tile)]));
  }

  return {
    requested(layer, tile) {
      const entry = touch(layer, tile);
      entry.isStale = false;
      if (entry.doubtedAtMs !== undefined && now() - entry.doubtedAtMs >= SETTLED_AFTER_MS)
        entry.doubtedAtMs = undefined;
    },
    loaded(layer, tile, tag) {
      const entry = touch(layer, tile);
      entry.tag = tag;
      settle(entry);
    },
    told(layer, tile, tag) {
      const entry = touch(layer, tile);
      entry.toldTag = tag;
      entry.isStale = true;
      entry.doubtedAtMs = now();
      settle(entry);
    },
    changed(layer, geohash, isOwn = false) {
      for (const entry of known.values()) {
        const isTold = entry.tile.z === toldZoom;
        let reach: Reach = entry.layer === layer && (isOwn || !isTold) ? entry.reach(geohash) : "never";
        // An area reaches beyond the tile, and so do the reports that it tells of.
        if (entry.layer === "areas" && !isTold) reach = "likely";
        if (reach === "never") continue;
        if (reach === "likely") entry.isStale = true;
        if (!isTold) entry.doubtedAtMs = now();
      }
    },
    changedAll(sure) {
      for (const entry of known.values()) {
        if (entry.tile.z === toldZoom) continue;
        if (sure) entry.isStale = true;
        else entry.doubtedAtMs = now();
      }
    },
    tellsZoom(z) {
      toldZoom = z;
    },
    stale: () => collect(({ isStale }) => isStale),
    doubtful: () => collect(({ doubtedAtMs }) => doubtedAtMs !== undefined && now() - doubtedAtMs >= SETTLED_AFTER_MS),
  };
}
