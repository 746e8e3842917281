import {
  addMicroCells,
  BYTES_PER_MICRO_CELL,
  type MicroCells,
  microCellsOfReports,
} from "../../tiles/cells/micro-cells.ts";
import { CELL_PRECISION } from "../../tiles/cluster/cluster-cells.ts";
import type { StoredMicroCells } from "../../tiles/codec/micro-cell-codec.ts";
import type { ReportLayer } from "../../tiles/layers.ts";
import { createBuildCache } from "../kit/build-cache.ts";
import { mapLimited } from "../kit/map-limited.ts";
import type { LogCell } from "../ports/report-store.ts";
import { type CellAggregates, withUnmerged } from "./cell-aggregates.ts";
import type { CellCache } from "./cell-cache.ts";
import { BELIEVE_AFTER_MS } from "./coarse-time.ts";
import type { PendingChanges } from "./pending-changes.ts";
import { type UnmergedRows, unmergedNames } from "./unmerged-rows.ts";

/**
 * Nodes of the pyramid: the micro cells of a geohash at one level. They are read as stored cell aggregates, to which the rows are added
 * that the feed has brought since. Where it told of changes without the rows, and where cell aggregates are damaged or too old, aggregates are
 * made here: those of a geohash-5 cell from its reports, those of a shorter geohash as the sum of its children.
 */
export interface Aggregates {
  /** Micro cells two characters finer than a geohash of at most 5. */
  aggregate(layer: ReportLayer, geohash: string, atMs: number): Promise<MicroCells>;
  /** The aggregates right below a geohash, where there are reports. */
  children(layer: ReportLayer, geohash: string, atMs: number): Promise<MicroCells[]>;
  /** A cluster cell's cell aggregates by geohash as they are stored, undefined where damaged: what came since is not in them. */
  cellAggregates(layer: ReportLayer, clusterCell: string, atMs: number): Promise<ClusterCell["cellAggregates"]>;
  /** The same when they are in memory and not too old; undefined otherwise. */
  heldCellAggregates(layer: ReportLayer, clusterCell: string, atMs: number): ClusterCell["cellAggregates"] | undefined;
  /** Reports below these geohashes are others than before. */
  changed(prefixes: readonly string[]): void;
  /** The cell aggregates of these cluster cells were written anew. */
  compacted(prefixes: readonly string[]): void;
}

/** A cluster cell's cell aggregates by geohash, undefined where damaged. */
interface ClusterCell {
  readonly cellAggregates: ReadonlyMap<string, StoredMicroCells | undefined>;
  readonly staleAtMs: number;
}

/** A cluster cell's cell aggregates are not read again sooner, even if they are too old. */
const READ_AGAIN_AFTER_MS = 60_000;

/** Reads at once when a wide cluster cell is built: enough to hide latency, few enough for a store's connections. */
export const PARALLEL_READS = 16;

export interface AggregatesOptions {
  readonly cellAggregates: CellAggregates;
  readonly cells: CellCache;
  readonly pending: PendingChanges;
  readonly unmerged: UnmergedRows;
  readonly maxBytes: number;
  readonly shareBuilds: boolean;
}

export function createAggregates({
  cellAggregates,
  cells,
  pending,
  unmerged,
  maxBytes,
  shareBuilds,
}: AggregatesOptions): Aggregates {
  const aggregates = createBuildCache<MicroCells>({ maxBytes: maxBytes / 2, bytesOf: bytesOfCells, shareBuilds });
  const clusterCells = createBuildCache<ClusterCell>({
    maxBytes: maxBytes / 2,
    bytesOf: bytesOfClusterCell,
    shareBuilds,
  });

  function readClusterCell(layer: ReportLayer, clusterCell: string, atMs: number): Promise<ClusterCell> {
    const key = `${layer}/${clusterCell}`;
    return clusterCells.get(key, key, atMs, async () => {
      const found = await cellAggregates.read(layer, clusterCell);
      const ages = [...found.values()].map((cells) => cells?.staleAtMs ?? Infinity);
      const believedUntil = Math.min(...ages) + BELIEVE_AFTER_MS;
      return { cellAggregates: found, staleAtMs: Math.max(believedUntil, atMs + READ_AGAIN_AFTER_MS) };
    });
  }

  function aggregate(layer: ReportLayer, geohash: string, atMs: number): Promise<MicroCells> {
    const key = `${layer}/${geohash}`;
    return aggregates.get(key, key, atMs, async () => {
      if (geohash.length === CELL_PRECISION) {
        return microCellsOfReports(await cells.read({ layer, geohash5: geohash }), CELL_PRECISION + 2, atMs);
      }
      return addMicroCells(await children(layer, geohash, atMs), geohash.length + 2);
    });
  }

  async function children(layer: ReportLayer, geohash: string, atMs: number): Promise<MicroCells[]> {
    // Asked for before the cell aggregates: those may already hold what a compaction takes off these meanwhile, and tell so.
    const changed = new Set(pending.changedBelow(layer, geohash));
    const young = unmerged.under(layer, geohash);
    const stored = (await readClusterCell(layer, geohash, atMs)).cellAggregates;
    const names = [...new Set([...stored.keys(), ...changed, ...unmergedNames(young, geohash)])].sort();
    return mapLimited(names, PARALLEL_READS, async (name) => {
      const cellAggregate = stored.get(name);
      if (changed.has(name) || (cellAggregate === undefined && stored.has(name))) return aggregate(layer, name, atMs);
      const believedUntil = (cellAggregate?.staleAtMs ?? Infinity) + BELIEVE_AFTER_MS;
      if (believedUntil <= atMs) return aggregate(layer, name, atMs);
      const believed = cellAggregate && { ...cellAggregate, staleAtMs: believedUntil };
      return withUnmerged(believed, young, name, atMs);
    });
  }

  return {
    aggregate,
    children,
    cellAggregates: async (layer, clusterCell, atMs) =>
      (await readClusterCell(layer, clusterCell, atMs)).cellAggregates,
    heldCellAggregates: (layer, clusterCell, atMs) =>
      clusterCells.peek(`${layer}/${clusterCell}`, atMs)?.cellAggregates,
    changed(prefixes) {
      for (const prefix of prefixes) aggregates.touch(prefix);
    },
    compacted(prefixes) {
      for (const prefix of prefixes) clusterCells.touch(prefix);
    },
  };
}

/** A cell and everything above it, as keys. */
export function prefixesOf({ layer, geohash5 }: LogCell): string[] {
  return Array.from({ length: CELL_PRECISION + 1 }, (_, length) => `${layer}/${geohash5.slice(0, length)}`);
}

const bytesOfCells = (cells: MicroCells): number => cells.length * BYTES_PER_MICRO_CELL;

function bytesOfClusterCell({ cellAggregates }: ClusterCell): number {
  let bytes = 0;
  for (const cells of cellAggregates.values()) bytes += cells === undefined ? 0 : bytesOfCells(cells);
  return bytes;
}
