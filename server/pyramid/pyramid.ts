import { addMicroCells, type MicroCells, microCellsOfReports } from "../../tiles/cells/micro-cells.ts";
import { type ClusterCellIndex, indexMicroCells, indexReports } from "../../tiles/cluster/cluster-cell-index.ts";
import { CELL_PRECISION, clusterCellsOfTile, type Level, levelOfZoom } from "../../tiles/cluster/cluster-cells.ts";
import { BASE32 } from "../../tiles/geo/geohash.ts";
import type { TileAddress } from "../../tiles/geo/tile-address.ts";
import { type ReportLayer, TIME_WINDOWS, type TimeWindow } from "../../tiles/layers.ts";
import type { Report } from "../../tiles/report.ts";
import type { ReportColumns } from "../../tiles/report-columns.ts";
import type { Log } from "../console/log.ts";
import { createBuildCache } from "../kit/build-cache.ts";
import { createLimiter } from "../kit/limiter.ts";
import { mapLimited } from "../kit/map-limited.ts";
import { singleFlight } from "../kit/single-flight.ts";
import type { Clock } from "../ports/clock.ts";
import type { DerivedStore } from "../ports/derived-store.ts";
import type { EditedReport, LogCell, ReportStore } from "../ports/report-store.ts";
import { createAggregates, PARALLEL_READS, prefixesOf } from "./aggregates.ts";
import { createCellAggregates } from "./cell-aggregates.ts";
import { createCellCache } from "./cell-cache.ts";
import { createChangeIngest } from "./change-ingest.ts";
import { placesOf } from "./changed-places.ts";
import { coarseTime, isCoarse, timeOfLevel } from "./coarse-time.ts";
import { createCompactionState } from "./compaction-state.ts";
import { createLogSegments } from "./log-segments.ts";
import { type CellOutline, createOutlines } from "./outlines.ts";
import { createPendingChanges, missingRows } from "./pending-changes.ts";
import { createUnmergedRows } from "./unmerged-rows.ts";

/**
 * The geohash pyramid, as one process sees it. A cluster cell index clusters the aggregates (aggregates.ts) of one cluster cell. Everything is kept
 * until a change below it, or until time moves a report into another age band.
 */
export interface Pyramid {
  /** Indexes of the cluster cells that a tile meets, ascending. An index object is replaced, never changed. */
  clusterCells(layer: ReportLayer, tile: TileAddress, window: TimeWindow): Promise<ClusterCellIndex[]>;
  /** The same of several layers, one after the other, without waiting: undefined unless all are in memory and right. */
  heldClusterCells(layers: readonly ReportLayer[], tile: TileAddress, window: TimeWindow): HeldClusterCells | undefined;
  /**
   * Micro cells, two characters finer, of a geohash of at most 5, with all reports that this process knows of; ages as tiles
   * up to zoom 13 have them.
   */
  cells(layer: ReportLayer, geohash: string): Promise<MicroCells>;
  /** All live reports of a log cell that this process knows of, ascending by id. */
  reports(cell: LogCell): Promise<ReportColumns>;
  /**
   * What is known, before they are read, of those log cells that may hold reports. They lie below a geohash of two to four
   * characters; its cell aggregates are one request, and kept.
   */
  outlines(layer: ReportLayer, geohash: string, cells: readonly string[]): Promise<CellOutline[]>;
  /** This process wrote a report: it is in the tiles from now on. */
  noteReport(report: Report): void;
  /** This process edited a report: tiles show what became of it from now on. `before` is how it read. */
  noteEdited(edited: EditedReport, before: Report): void;
  /** Takes in what other processes wrote, and what was compacted. Rejects when the store does not answer. */
  poll(): Promise<void>;
}

export interface HeldClusterCells {
  readonly indexes: readonly ClusterCellIndex[];
  /** Whether these are certainly still the right ones. False when anything changed anywhere: then ask for them again. */
  areCurrent(): boolean;
}

export interface PyramidOptions {
  readonly store: ReportStore;
  readonly derived: DerivedStore;
  readonly clock: Clock;
  readonly log: Log;
  /**
   * Told of every geohash in which tiles show something new from now on: cells of 8 characters, or the log's cell of 5 when
   * many changed in it, or when it is not known which. May be told again of what it knows.
   */
  onChange?(layer: ReportLayer, geohash: string): void;
  /** Bounds of the caches, bytes: reports, aggregates and cell aggregates, indexes. */
  readonly cellBytes?: number;
  readonly aggregateBytes?: number;
  readonly indexBytes?: number;
  /** Whether requests wait for each other's builds and polls, as by default; false in a Worker. */
  readonly shareBuilds?: boolean;
}

const MEBIBYTE = 2 ** 20;

/** Cells that one process reads at the same time. */
const CELLS_AT_ONCE = 32;

/** Between the polar rows a tile meets at most nine cluster cells; where there are more, those without reports are left out first. */
const MANY_CLUSTER_CELLS = 16;

export function createPyramid(options: PyramidOptions): Pyramid {
  const { store, derived, clock, log } = options;
  const { aggregateBytes = 128 * MEBIBYTE, indexBytes = 256 * MEBIBYTE, shareBuilds = true } = options;
  const pending = createPendingChanges();
  const unmerged = createUnmergedRows();
  const cells = createCellCache({
    store,
    logSegments: createLogSegments(derived, log),
    clock,
    missing: (cell) => missingRows(pending, unmerged, cell),
    maxBytes: options.cellBytes ?? 256 * MEBIBYTE,
    // A Worker's requests do not wait for each other's I/O, and are limited by the platform.
    limit: shareBuilds ? createLimiter(CELLS_AT_ONCE) : (work) => work(),
  });
  const cellAggregates = createCellAggregates({ derived, clock, log });
  const aggregates = createAggregates({
    cellAggregates,
    cells,
    pending,
    unmerged,
    maxBytes: aggregateBytes,
    shareBuilds,
  });
  const outlines = createOutlines({ aggregates, cells, pending, unmerged });
  const indexes = createBuildCache<ClusterCellIndex>({
    maxBytes: indexBytes,
    bytesOf: (index) => index.bytes,
    shareBuilds,
  });
  const changeIngest = createChangeIngest({
    store,
    state: createCompactionState(derived, log, clock),
    clock,
    cells,
    pending,
    unmerged,
    onChanged(cell, rows) {
      changes++;
      const prefixes = prefixesOf(cell);
      aggregates.changed(prefixes);
      for (const prefix of prefixes) indexes.touch(prefix, indexKeys(prefix));
      for (const geohash of placesOf(rows) ?? [cell.geohash5]) options.onChange?.(cell.layer, geohash);
    },
    onCompacted: (cell) => aggregates.compacted(prefixesOf(cell)),
  });
  /** How many changes were taken in. */
  let changes = 0;
  const poll = shareBuilds ? singleFlight(changeIngest.poll) : changeIngest.poll;

  /** Whoever reads awaits this first: before the first poll nothing is known of what the cell aggregates lack. */
  async function begun(): Promise<void> {
    if (!changeIngest.hasBegun()) await poll();
  }

  async function buildIndex(layer: ReportLayer, clusterCell: string, level: Level, window: TimeWindow, atMs: number) {
    const micro = level.microPrecision;
    const cell = { layer, geohash5: clusterCell.slice(0, CELL_PRECISION) };
    if (micro === undefined) return indexReports(await cells.read(cell), clusterCell, level, layer, window, atMs);
    if (level.precision === CELL_PRECISION) {
      return indexMicroCells(microCellsOfReports(await cells.read(cell), micro, atMs), level, layer, window);
    }
    return indexMicroCells(
      addMicroCells(await aggregates.children(layer, clusterCell, atMs), micro),
      level,
      layer,
      window,
    );
  }

  function heldClusterCells(
    layers: readonly ReportLayer[],
    tile: TileAddress,
    window: TimeWindow,
  ): HeldClusterCells | undefined {
    const met = clusterCellsOfTile(tile);
    if (!changeIngest.hasBegun() || met.length > MANY_CLUSTER_CELLS) return undefined;
    const level = levelOfZoom(tile.z);
    const nowMs = clock.now();
    const atMs = timeOfLevel(level, nowMs);
    const held: ClusterCellIndex[] = [];
    for (const layer of layers) {
      for (const clusterCell of met) {
        const index = indexes.peek(indexKey(layer, clusterCell, window), atMs);
        if (index === undefined) return undefined;
        held.push(index);
      }
    }
    // Within the running ten minutes a coarse time stays as it is.
    const untilMs = isCoarse(level) ? atMs + 1 : Math.min(...held.map(({ staleAtMs }) => staleAtMs));
    const seen = changes;
    return {
      indexes: held,
      areCurrent() {
        const now = clock.now();
        return changes === seen && now >= nowMs && now < untilMs;
      },
    };
  }

  return {
    heldClusterCells,
    async clusterCells(layer, tile, window) {
      await begun();
      const level = levelOfZoom(tile.z);
      const atMs = timeOfLevel(level, clock.now());
      const all = clusterCellsOfTile(tile);
      const met = all.length <= MANY_CLUSTER_CELLS ? all : await outlines.holding(layer, all, coarseTime(clock.now()));
      return mapLimited(met, PARALLEL_READS, (clusterCell) => {
        const prefix = `${layer}/${clusterCell.slice(0, CELL_PRECISION)}`;
        return indexes.get(indexKey(layer, clusterCell, window), prefix, atMs, () =>
          buildIndex(layer, clusterCell, level, window, atMs),
        );
      });
    },
    async cells(layer, geohash) {
      await begun();
      return aggregates.aggregate(layer, geohash, coarseTime(clock.now()));
    },
    async reports(cell) {
      await begun();
      return cells.read(cell);
    },
    async outlines(layer, geohash, geohashes) {
      await begun();
      return outlines.of(layer, geohash, geohashes, coarseTime(clock.now()));
    },
    noteReport: changeIngest.noteReport,
    noteEdited: changeIngest.noteEdited,
    poll,
  };
}

const indexKey = (layer: ReportLayer, clusterCell: string, window: TimeWindow): string =>
  `${layer}/${clusterCell}/${window}`;

/** Keys of all indexes that a change below a prefix makes wrong; the finest level's cluster cells are one character longer. */
function indexKeys(prefix: string): string[] {
  const isCell = prefix.length - prefix.indexOf("/") - 1 === CELL_PRECISION;
  const clusterCells = isCell ? [prefix, ...[...BASE32].map((char) => prefix + char)] : [prefix];
  return clusterCells.flatMap((clusterCell) => TIME_WINDOWS.map((window) => `${clusterCell}/${window}`));
}
