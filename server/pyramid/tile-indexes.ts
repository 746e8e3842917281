import type { ClusterCellIndex } from "../../tiles/cluster/cluster-cell-index.ts";
import { clusterCellsOfTile, levelOfZoom } from "../../tiles/cluster/cluster-cells.ts";
import type { BufferedTile } from "../../tiles/geo/tile-address.ts";
import type { ReportLayer, TimeWindow } from "../../tiles/layers.ts";
import type { Clock } from "../ports/clock.ts";
import type { ClusterIndexes } from "./cluster-indexes.ts";
import { coarseTime, isCoarse, timeOfLevel } from "./coarse-time.ts";
import type { Outlines } from "./outlines.ts";

/** Indexes of the cluster cells that a tile meets, ascending. An index object is replaced, never changed. */
export interface TileIndexes {
  get(layer: ReportLayer, tile: BufferedTile, window: TimeWindow): Promise<ClusterCellIndex[]>;
  /** The same of several layers, one after the other, without waiting: undefined unless all are in memory and right. */
  held(layers: readonly ReportLayer[], tile: BufferedTile, window: TimeWindow): HeldClusterCells | undefined;
}

export interface HeldClusterCells {
  readonly indexes: readonly ClusterCellIndex[];
  /** Whether these are certainly still the right ones. False when anything changed anywhere: then ask for them again. */
  areCurrent(): boolean;
}

export interface TileIndexesOptions {
  readonly indexes: ClusterIndexes;
  readonly outlines: Outlines;
  readonly clock: Clock;
}

/** Between the polar rows a tile meets at most nine cluster cells; where there are more, those without reports are left out first. */
const MANY_CLUSTER_CELLS = 16;

export function createTileIndexes({ indexes, outlines, clock }: TileIndexesOptions): TileIndexes {
  return {
    async get(layer, tile, window) {
      const level = levelOfZoom(tile.z);
      const atMs = timeOfLevel(level, clock.now());
      const all = clusterCellsOfTile(tile);
      const met = all.length <= MANY_CLUSTER_CELLS ? all : await outlines.holding(layer, all, coarseTime(clock.now()));
      return indexes.ofTile({ layer, window }, met, level, atMs);
    },

    held(layers, tile, window) {
      const met = clusterCellsOfTile(tile);
      if (met.length > MANY_CLUSTER_CELLS) return undefined;
      const level = levelOfZoom(tile.z);
      const nowMs = clock.now();
      const atMs = timeOfLevel(level, nowMs);
      const held: ClusterCellIndex[] = [];
      for (const layer of layers) {
        for (const clusterCell of met) {
          const index = indexes.peek({ layer, clusterCell, window }, atMs);
          if (index === undefined) return undefined;
          held.push(index);
        }
      }
      // Within the running ten minutes a coarse time stays as it is.
      const untilMs = isCoarse(level) ? atMs + 1 : Math.min(...held.map(({ staleAtMs }) => staleAtMs));
      const changesThen = indexes.changes();
      return {
        indexes: held,
        areCurrent() {
          const now = clock.now();
          return indexes.changes() === changesThen && now >= nowMs && now < untilMs;
        },
      };
    },
  };
}
