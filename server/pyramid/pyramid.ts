import type { MicroCells } from "../../tiles/cells/micro-cells.ts";
import type { ClusterCellIndex } from "../../tiles/cluster/cluster-cell-index.ts";
import type { BufferedTile } from "../../tiles/geo/tile-address.ts";
import type { ReportLayer, TimeWindow } from "../../tiles/layers.ts";
import type { Report } from "../../tiles/report.ts";
import type { ReportColumns } from "../../tiles/report-columns.ts";
import type { AreaSetVersion } from "../areas/area-sets.ts";
import { type AreaShapes, createAreaShapes } from "../areas/area-shapes.ts";
import type { Log } from "../console/log.ts";
import { createLimiter } from "../kit/limiter.ts";
import { singleFlight } from "../kit/single-flight.ts";
import type { Clock } from "../ports/clock.ts";
import type { DerivedStore } from "../ports/derived-store.ts";
import type { EditedReport, LogCell, ReportStore } from "../ports/report-store.ts";
import { createAggregates, prefixesOf } from "./aggregates.ts";
import { type AreaPlace, type AreaReports, createAreaCells } from "./area-cells.ts";
import { createCellAggregates } from "./cell-aggregates.ts";
import { createCellCache } from "./cell-cache.ts";
import { createChangeIngest } from "./change-ingest.ts";
import { placesOf } from "./changed-places.ts";
import { createClusterIndexes } from "./cluster-indexes.ts";
import { coarseTime } from "./coarse-time.ts";
import { createCompactionState } from "./compaction-state.ts";
import { createEmptyPlaces } from "./empty-places.ts";
import { createLogSegments } from "./log-segments.ts";
import { type CellOutline, createOutlines } from "./outlines.ts";
import { createPendingChanges, missingRows } from "./pending-changes.ts";
import { createStreetCells } from "./street-cells.ts";
import { createTileIndexes, type HeldClusterCells } from "./tile-indexes.ts";
import { createUnmergedRows } from "./unmerged-rows.ts";

/**
 * The geohash pyramid, as one process sees it. A cluster cell index clusters the aggregates (aggregates.ts) of one cluster cell. Everything is kept
 * until a change below it, or until time moves a report into another age band.
 */
export interface Pyramid {
  /** Indexes of the cluster cells that a tile meets, ascending. An index object is replaced, never changed. */
  clusterCells(layer: ReportLayer, tile: BufferedTile, window: TimeWindow): Promise<ClusterCellIndex[]>;
  /** The same of several layers, one after the other, without waiting: undefined unless all are in memory and right. */
  heldClusterCells(
    layers: readonly ReportLayer[],
    tile: BufferedTile,
    window: TimeWindow,
  ): HeldClusterCells | undefined;
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
  /**
   * Neighbourhoods' micro cells of the reports in some areas of a set, by the areas' numbers, with all reports that this process knows of,
   * exactly as they are at a time not before now.
   */
  areaReports(of: AreaSetVersion, areas: readonly AreaPlace[], atMs: number): Promise<Map<number, AreaReports>>;
  /** Another text whenever areas below these geohashes of four characters may have other reports, but for ages; undefined before the first poll. */
  areaStamp(geohash4s: Iterable<string>): string | undefined;
  /** This process wrote a report: it is in the tiles from now on. */
  noteReport(report: Report): void;
  /** This process edited a report: tiles show what became of it from now on. `before` is how it read. */
  noteEdited(edited: EditedReport, before: Report): void;
  /** Takes in what other processes wrote, and what was compacted. Rejects when the store does not answer. */
  poll(): Promise<void>;
}

export interface PyramidOptions {
  readonly store: ReportStore;
  readonly derived: DerivedStore;
  readonly clock: Clock;
  readonly log: Log;
  /** Areas that are stored; read from the derived store without it. */
  readonly shapes?: AreaShapes;
  /**
   * Told of every geohash in which tiles show something new from now on: cells of 8 characters, or the log's cell of 5 when
   * many changed in it, or when it is not known which. May be told again of what it knows.
   */
  onChange?(layer: ReportLayer, geohash: string): void;
  /** Bounds of the caches, bytes: reports, aggregates as they are stored and made, indexes. */
  readonly cellBytes?: number;
  readonly aggregateBytes?: number;
  readonly indexBytes?: number;
  /** Whether requests wait for each other's builds and polls, as by default; false in a Worker. */
  readonly shareBuilds?: boolean;
}

const MEBIBYTE = 2 ** 20;

/** Cells that one process reads at the same time. */
const CELLS_AT_ONCE = 32;

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
    maxBytes: aggregateBytes / 2,
    shareBuilds,
  });
  const outlines = createOutlines({ aggregates, cells, pending, unmerged });
  const street = createStreetCells({
    derived,
    cells,
    missing: (cell) => missingRows(pending, unmerged, cell),
    maxBytes: aggregateBytes / 2,
    shareBuilds,
  });
  const areas = createAreaCells({
    derived,
    shapes: options.shapes ?? createAreaShapes({ derived }),
    cells,
    pending,
    unmerged,
    log,
    maxBytes: aggregateBytes / 8,
    shareBuilds,
  });
  const empty = createEmptyPlaces({ aggregates, pending, unmerged, clock });
  const indexes = createClusterIndexes({ aggregates, street, empty, maxBytes: indexBytes, shareBuilds });
  const tileIndexes = createTileIndexes({ indexes, outlines, clock });
  const changeIngest = createChangeIngest({
    store,
    state: createCompactionState(derived, log, clock),
    clock,
    cells,
    pending,
    unmerged,
    onChanged(cell, rows) {
      const prefixes = prefixesOf(cell);
      aggregates.changed(prefixes);
      indexes.changed(prefixes);
      areas.changed(cell);
      for (const geohash of placesOf(rows) ?? [cell.geohash5]) options.onChange?.(cell.layer, geohash);
    },
    onCompacted(cell) {
      aggregates.compacted(prefixesOf(cell));
      street.compacted(cell);
      areas.compacted(cell);
    },
  });
  const poll = shareBuilds ? singleFlight(changeIngest.poll) : changeIngest.poll;

  /** Whoever reads awaits this first: before the first poll nothing is known of what the cell aggregates lack. */
  async function begun(): Promise<void> {
    if (!changeIngest.hasBegun()) await poll();
  }

  return {
    heldClusterCells: (layers, tile, window) =>
      changeIngest.hasBegun() ? tileIndexes.held(layers, tile, window) : undefined,
    async clusterCells(layer, tile, window) {
      await begun();
      return tileIndexes.get(layer, tile, window);
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
    async areaReports(of, places, atMs) {
      await begun();
      return areas.read(of, places, atMs);
    },
    areaStamp: (geohash4s) => (changeIngest.hasBegun() ? areas.stamp(geohash4s) : undefined),
    noteReport: changeIngest.noteReport,
    noteEdited: changeIngest.noteEdited,
    poll,
  };
}
