import { type Reach, reachOfTile } from "../../tiles/change-reach.ts";
import type { ReportLayer } from "../../tiles/layers.ts";
import type { TileAddress } from "../../tiles/tile-address.ts";

/** Which of the tiles that a map asked for have changed since, as far as it was told. */
export interface TileFreshness {
  /** A request for the tile begins: its answer shows what has changed until now. */
  requested(layer: ReportLayer, tile: TileAddress): void;
  changed(layer: ReportLayer, geohash: string): void;
  /** Anything may have changed. `sure` asks for it at once, otherwise it is looked after. */
  changedAll(sure: boolean): void;
  /** Tiles to ask for again now. They stay listed until they are requested. */
  stale(): Map<ReportLayer, TileAddress[]>;
  /** Tiles that may have changed all the same: farther off, or by an answer of a process that did not know yet. */
  doubtful(): Map<ReportLayer, TileAddress[]>;
}

/** The server's processes know of each other's reports after this time. */
const SETTLED_AFTER_MS = 3000;
/** Far more than a map keeps; what is forgotten is loaded anew when it comes into view. */
const MAX_TILES = 2000;

interface Known {
  readonly layer: ReportLayer;
  readonly tile: TileAddress;
  readonly reach: (geohash: string) => Reach;
  isStale: boolean;
  /** When the last change came that an answer may lack. */
  doubtedAtMs: number | undefined;
}

export function createTileFreshness(now: () => number): TileFreshness {
  const known = new Map<string, Known>();

  function collect(wanted: (known: Known) => boolean): Map<ReportLayer, TileAddress[]> {
    const found = [...known.values()].filter(wanted);
    const byLayer = Map.groupBy(found, ({ layer }) => layer);
    return new Map([...byLayer].map(([layer, of]) => [layer, of.map(({ tile }) => tile)]));
  }

  return {
    requested(layer, tile) {
      const key = `${layer}/${tile.z}/${tile.x}/${tile.y}`;
      const entry = known.get(key) ?? { layer, tile, reach: reachOfTile(tile), isStale: false, doubtedAtMs: undefined };
      entry.isStale = false;
      if (entry.doubtedAtMs !== undefined && now() - entry.doubtedAtMs >= SETTLED_AFTER_MS)
        entry.doubtedAtMs = undefined;
      // The one asked for last is forgotten last.
      known.delete(key);
      known.set(key, entry);
      const [oldest] = known.keys();
      if (known.size > MAX_TILES && oldest !== undefined) known.delete(oldest);
    },
    changed(layer, geohash) {
      for (const entry of known.values()) {
        const reach = entry.layer === layer ? entry.reach(geohash) : "never";
        if (reach === "never") continue;
        if (reach === "likely") entry.isStale = true;
        entry.doubtedAtMs = now();
      }
    },
    changedAll(sure) {
      for (const entry of known.values()) {
        if (sure) entry.isStale = true;
        else entry.doubtedAtMs = now();
      }
    },
    stale: () => collect(({ isStale }) => isStale),
    doubtful: () => collect(({ doubtedAtMs }) => doubtedAtMs !== undefined && now() - doubtedAtMs >= SETTLED_AFTER_MS),
  };
}
