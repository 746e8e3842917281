import { addMicroCells, microCellsOfReports } from "../../tiles/cells/micro-cells.ts";
import { type ClusterCellIndex, indexMicroCells, indexReports } from "../../tiles/cluster/cluster-cell-index.ts";
import { CELL_PRECISION, type Level } from "../../tiles/cluster/cluster-cells.ts";
import { BASE32 } from "../../tiles/geo/geohash.ts";
import { type ReportLayer, TIME_WINDOWS, type TimeWindow } from "../../tiles/layers.ts";
import { createBuildCache } from "../kit/build-cache.ts";
import type { Aggregates } from "./aggregates.ts";
import type { CellCache } from "./cell-cache.ts";

/** Indexes of cluster cells, made of aggregates and of cells, and kept until a change below them. */
export interface ClusterIndexes {
  get(key: ClusterIndexKey, level: Level, atMs: number): Promise<ClusterCellIndex>;
  /** The same without waiting: undefined unless it is in memory and right. */
  peek(key: ClusterIndexKey, atMs: number): ClusterCellIndex | undefined;
  /** Reports below these prefixes, `<layer>/<geohash>`, are others than before. */
  changed(prefixes: readonly string[]): void;
  /** How often anything changed. */
  changes(): number;
}

export interface ClusterIndexKey {
  readonly layer: ReportLayer;
  readonly clusterCell: string;
  readonly window: TimeWindow;
}

export interface ClusterIndexesOptions {
  readonly aggregates: Aggregates;
  readonly cells: CellCache;
  readonly maxBytes: number;
  readonly shareBuilds: boolean;
}

export function createClusterIndexes(options: ClusterIndexesOptions): ClusterIndexes {
  const { aggregates, cells, maxBytes, shareBuilds } = options;
  const indexes = createBuildCache<ClusterCellIndex>({ maxBytes, bytesOf: (index) => index.bytes, shareBuilds });
  let changes = 0;

  async function build({ layer, clusterCell, window }: ClusterIndexKey, level: Level, atMs: number) {
    const micro = level.microPrecision;
    const cell = { layer, geohash5: clusterCell.slice(0, CELL_PRECISION) };
    if (micro === undefined) return indexReports(await cells.read(cell), clusterCell, level, layer, window, atMs);
    const microCells =
      level.precision === CELL_PRECISION
        ? microCellsOfReports(await cells.read(cell), micro, atMs)
        : addMicroCells(await aggregates.children(layer, clusterCell, atMs), micro);
    return indexMicroCells(microCells, level, layer, window);
  }

  return {
    get(key, level, atMs) {
      const prefix = `${key.layer}/${key.clusterCell.slice(0, CELL_PRECISION)}`;
      return indexes.get(nameOf(key), prefix, atMs, () => build(key, level, atMs));
    },
    peek: (key, atMs) => indexes.peek(nameOf(key), atMs),
    changed(prefixes) {
      changes++;
      for (const prefix of prefixes) indexes.touch(prefix, namesBelow(prefix));
    },
    changes: () => changes,
  };
}

const nameOf = ({ layer, clusterCell, window }: ClusterIndexKey): string => `${layer}/${clusterCell}/${window}`;

/** Names of all indexes that a change below a prefix makes wrong; the finest level's cluster cells are one character longer. */
function namesBelow(prefix: string): string[] {
  const isCell = prefix.length - prefix.indexOf("/") - 1 === CELL_PRECISION;
  const clusterCells = isCell ? [prefix, ...[...BASE32].map((char) => prefix + char)] : [prefix];
  return clusterCells.flatMap((clusterCell) => TIME_WINDOWS.map((window) => `${clusterCell}/${window}`));
}
