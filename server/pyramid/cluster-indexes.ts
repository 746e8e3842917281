import { addMicroCells, microCellsOfReports } from "../../tiles/cells/micro-cells.ts";
import { type ClusterCellIndex, indexMicroCells } from "../../tiles/cluster/cluster-cell-index.ts";
import { CELL_PRECISION, type Level } from "../../tiles/cluster/cluster-cells.ts";
import type { ReportLayer, TimeWindow } from "../../tiles/layers.ts";
import { type ReportColumns, rowsInside } from "../../tiles/report-columns.ts";
import { createBuildCache } from "../kit/build-cache.ts";
import { mapLimited } from "../kit/map-limited.ts";
import { type Aggregates, PARALLEL_READS } from "./aggregates.ts";
import type { CellCache } from "./cell-cache.ts";

/** Indexes of cluster cells, made of aggregates and of cells, and kept until a change below them. */
export interface ClusterIndexes {
  /** Those of the cluster cells of one tile, in their order; what several are made of is read once. */
  ofTile(view: ClusterView, clusterCells: readonly string[], level: Level, atMs: number): Promise<ClusterCellIndex[]>;
  /** The same without waiting: undefined unless it is in memory and right. */
  peek(key: ClusterIndexKey, atMs: number): ClusterCellIndex | undefined;
  /** Reports below these prefixes, `<layer>/<geohash>`, are others than before. */
  changed(prefixes: readonly string[]): void;
  /** How often anything changed. */
  changes(): number;
}

/** What the indexes of a tile have in common. */
export interface ClusterView {
  readonly layer: ReportLayer;
  readonly window: TimeWindow;
}

export interface ClusterIndexKey extends ClusterView {
  readonly clusterCell: string;
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

  /** Reads each log cell once. */
  function rowReader(layer: ReportLayer): (geohash5: string) => Promise<ReportColumns> {
    const reading = new Map<string, Promise<ReportColumns>>();
    return (geohash5) => {
      const rows = reading.get(geohash5) ?? cells.read({ layer, geohash5 });
      reading.set(geohash5, rows);
      return rows;
    };
  }

  async function build(
    { layer, clusterCell, window }: ClusterIndexKey,
    level: Level,
    atMs: number,
    readRows: (geohash5: string) => Promise<ReportColumns>,
  ): Promise<ClusterCellIndex> {
    const micro = level.microPrecision;
    if (level.precision < CELL_PRECISION) {
      const microCells = addMicroCells(await aggregates.children(layer, clusterCell, atMs), micro);
      return indexMicroCells(microCells, level, layer, window);
    }
    const rows = await readRows(clusterCell.slice(0, CELL_PRECISION));
    return indexMicroCells(microCellsOfReports(rowsInside(rows, clusterCell), micro, atMs), level, layer, window);
  }

  return {
    ofTile(view, clusterCells, level, atMs) {
      const readRows = rowReader(view.layer);
      return mapLimited(clusterCells, PARALLEL_READS, (clusterCell) => {
        const key = { ...view, clusterCell };
        const prefix = `${view.layer}/${clusterCell.slice(0, CELL_PRECISION)}`;
        return indexes.get(nameOf(key), prefix, atMs, () => build(key, level, atMs, readRows));
      });
    },
    peek: (key, atMs) => indexes.peek(nameOf(key), atMs),
    changed(prefixes) {
      changes++;
      for (const prefix of prefixes) indexes.touch(prefix);
    },
    changes: () => changes,
  };
}

const nameOf = ({ layer, clusterCell, window }: ClusterIndexKey): string => `${layer}/${clusterCell}/${window}`;
