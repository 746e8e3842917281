import { addMicroCells, type MicroCells, microCellsOfReports } from "../../tiles/cells/micro-cells.ts";
import { type DomainIndex, indexMicroCells, indexReports } from "../../tiles/cluster/cluster-cell-index.ts";
import { CELL_PRECISION, domainsOfTile, type Level, levelOfZoom } from "../../tiles/cluster/cluster-cells.ts";
import { BASE32 } from "../../tiles/geo/geohash.ts";
import type { TileAddress } from "../../tiles/geo/tile-address.ts";
import { type ReportLayer, TIME_WINDOWS, type TimeWindow } from "../../tiles/layers.ts";
import type { Report } from "../../tiles/report.ts";
import type { ReportColumns } from "../../tiles/report-columns.ts";
import type { Log } from "../console/log.ts";
import { createMemo } from "../kit/build-cache.ts";
import { createLimiter } from "../kit/limiter.ts";
import { mapLimited } from "../kit/map-limited.ts";
import { singleFlight } from "../kit/single-flight.ts";
import type { Clock } from "../ports/clock.ts";
import type { DerivedStore } from "../ports/derived-store.ts";
import type { EditedReport, LogCell, ReportStore } from "../ports/report-store.ts";
import { createNodes, PARALLEL_READS, prefixesOf } from "./aggregates.ts";
import { createSlices } from "./cell-aggregates.ts";
import { createCellCache } from "./cell-cache.ts";
import { createIntake } from "./change-ingest.ts";
import { placesOf } from "./changed-places.ts";
import { coarseTime, isCoarse, timeOfLevel } from "./coarse-time.ts";
import { createCompactionState } from "./compaction-state.ts";
import { createSegments } from "./log-segments.ts";
import { type CellOutline, createOutlines } from "./outlines.ts";
import { createPendingChanges, missingRows } from "./pending-changes.ts";
import { createFreshRows } from "./unmerged-rows.ts";

/**
 * The geohash pyramid, as one process sees it. A domain index clusters the nodes (nodes.ts) of one domain. Everything is kept
 * until a change below it, or until time moves a report into another age band.
 */
export interface Pyramid {
  /** Indexes of the domains that a tile meets, ascending. An index object is replaced, never changed. */
  domains(layer: ReportLayer, tile: TileAddress, window: TimeWindow): Promise<DomainIndex[]>;
  /** The same of several layers, one after the other, without waiting: undefined unless all are in memory and right. */
  heldDomains(layers: readonly ReportLayer[], tile: TileAddress, window: TimeWindow): HeldDomains | undefined;
  /**
   * Micro cells, two characters finer, of a geohash of at most 5, with all reports that this process knows of; ages as tiles
   * up to zoom 13 have them.
   */
  cells(layer: ReportLayer, geohash: string): Promise<MicroCells>;
  /** All live reports of a log cell that this process knows of, ascending by id. */
  reports(cell: LogCell): Promise<ReportColumns>;
  /**
   * What is known, before they are read, of those log cells that may hold reports. They lie below a geohash of two to four
   * characters; its slices are one request, and kept.
   */
  outlines(layer: ReportLayer, geohash: string, cells: readonly string[]): Promise<CellOutline[]>;
  /** This process wrote a report: it is in the tiles from now on. */
  noteReport(report: Report): void;
  /** This process edited a report: tiles show what became of it from now on. `before` is how it read. */
  noteEdited(edited: EditedReport, before: Report): void;
  /** Takes in what other processes wrote, and what was compacted. Rejects when the store does not answer. */
  poll(): Promise<void>;
}

export interface HeldDomains {
  readonly indexes: readonly DomainIndex[];
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
  /** Bounds of the caches, bytes: reports, nodes and slices, indexes. */
  readonly cellBytes?: number;
  readonly nodeBytes?: number;
  readonly indexBytes?: number;
  /** Whether requests wait for each other's builds and polls, as by default; false in a Worker. */
  readonly shareBuilds?: boolean;
}

const MEBIBYTE = 2 ** 20;

/** Cells that one process reads at the same time. */
const CELLS_AT_ONCE = 32;

/** Between the polar rows a tile meets at most nine domains; where there are more, those without reports are left out first. */
const MANY_DOMAINS = 16;

export function createPyramid(options: PyramidOptions): Pyramid {
  const { store, derived, clock, log } = options;
  const { nodeBytes = 128 * MEBIBYTE, indexBytes = 256 * MEBIBYTE, shareBuilds = true } = options;
  const pending = createPendingChanges();
  const fresh = createFreshRows();
  const cells = createCellCache({
    store,
    segments: createSegments(derived, log),
    clock,
    missing: (cell) => missingRows(pending, fresh, cell),
    maxBytes: options.cellBytes ?? 256 * MEBIBYTE,
    // A Worker's requests do not wait for each other's I/O, and are limited by the platform.
    limit: shareBuilds ? createLimiter(CELLS_AT_ONCE) : (work) => work(),
  });
  const slices = createSlices({ derived, clock, log });
  const nodes = createNodes({ slices, cells, pending, fresh, maxBytes: nodeBytes, shareBuilds });
  const outlines = createOutlines({ nodes, cells, pending, fresh });
  const indexes = createMemo<DomainIndex>({ maxBytes: indexBytes, bytesOf: (index) => index.bytes, shareBuilds });
  const intake = createIntake({
    store,
    state: createCompactionState(derived, log, clock),
    clock,
    cells,
    pending,
    fresh,
    onChanged(cell, rows) {
      changes++;
      const prefixes = prefixesOf(cell);
      nodes.changed(prefixes);
      for (const prefix of prefixes) indexes.touch(prefix, indexKeys(prefix));
      for (const geohash of placesOf(rows) ?? [cell.geohash5]) options.onChange?.(cell.layer, geohash);
    },
    onCompacted: (cell) => nodes.compacted(prefixesOf(cell)),
  });
  /** How many changes were taken in. */
  let changes = 0;
  const poll = shareBuilds ? singleFlight(intake.poll) : intake.poll;

  /** Whoever reads awaits this first: before the first poll nothing is known of what the slices lack. */
  async function begun(): Promise<void> {
    if (!intake.hasBegun()) await poll();
  }

  async function buildIndex(layer: ReportLayer, domain: string, level: Level, window: TimeWindow, atMs: number) {
    const micro = level.microPrecision;
    const cell = { layer, geohash5: domain.slice(0, CELL_PRECISION) };
    if (micro === undefined) return indexReports(await cells.read(cell), domain, level, layer, window, atMs);
    if (level.precision === CELL_PRECISION) {
      return indexMicroCells(microCellsOfReports(await cells.read(cell), micro, atMs), level, layer, window);
    }
    return indexMicroCells(addMicroCells(await nodes.children(layer, domain, atMs), micro), level, layer, window);
  }

  function heldDomains(layers: readonly ReportLayer[], tile: TileAddress, window: TimeWindow): HeldDomains | undefined {
    const met = domainsOfTile(tile);
    if (!intake.hasBegun() || met.length > MANY_DOMAINS) return undefined;
    const level = levelOfZoom(tile.z);
    const nowMs = clock.now();
    const atMs = timeOfLevel(level, nowMs);
    const held: DomainIndex[] = [];
    for (const layer of layers) {
      for (const domain of met) {
        const index = indexes.peek(indexKey(layer, domain, window), atMs);
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
    heldDomains,
    async domains(layer, tile, window) {
      await begun();
      const level = levelOfZoom(tile.z);
      const atMs = timeOfLevel(level, clock.now());
      const all = domainsOfTile(tile);
      const met = all.length <= MANY_DOMAINS ? all : await outlines.holding(layer, all, coarseTime(clock.now()));
      return mapLimited(met, PARALLEL_READS, (domain) => {
        const prefix = `${layer}/${domain.slice(0, CELL_PRECISION)}`;
        return indexes.get(indexKey(layer, domain, window), prefix, atMs, () =>
          buildIndex(layer, domain, level, window, atMs),
        );
      });
    },
    async cells(layer, geohash) {
      await begun();
      return nodes.node(layer, geohash, coarseTime(clock.now()));
    },
    async reports(cell) {
      await begun();
      return cells.read(cell);
    },
    async outlines(layer, geohash, geohashes) {
      await begun();
      return outlines.of(layer, geohash, geohashes, coarseTime(clock.now()));
    },
    noteReport: intake.noteReport,
    noteEdited: intake.noteEdited,
    poll,
  };
}

const indexKey = (layer: ReportLayer, domain: string, window: TimeWindow): string => `${layer}/${domain}/${window}`;

/** Keys of all indexes that a change below a prefix makes wrong; the finest level's domains are one character longer. */
function indexKeys(prefix: string): string[] {
  const isCell = prefix.length - prefix.indexOf("/") - 1 === CELL_PRECISION;
  const domains = isCell ? [prefix, ...[...BASE32].map((char) => prefix + char)] : [prefix];
  return domains.flatMap((domain) => TIME_WINDOWS.map((window) => `${domain}/${window}`));
}
