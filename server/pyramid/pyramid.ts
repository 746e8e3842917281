import { type DomainIndex, indexMicroCells, indexReports } from "../../tiles/domain-index.ts";
import { domainsOfTile, type Level, levelOfZoom } from "../../tiles/domains.ts";
import { BASE32, encodeGeohash } from "../../tiles/geohash.ts";
import { type ReportLayer, TIME_WINDOWS, type TimeWindow } from "../../tiles/layers.ts";
import { addMicroCells, BYTES_PER_MICRO_CELL, type MicroCells, microCellsOfReports } from "../../tiles/micro-cells.ts";
import type { Report } from "../../tiles/report.ts";
import type { ReportColumns } from "../../tiles/report-columns.ts";
import type { TileAddress } from "../../tiles/tile-address.ts";
import type { Log } from "../app-parts.ts";
import type { Clock, DerivedStore, LogCell, LogChange, ReportStore } from "../ports.ts";
import { createCellCache } from "./cell-cache.ts";
import { coarseTime, isCoarse, timeOfLevel } from "./coarse-time.ts";
import { createCompactionState } from "./compaction-state.ts";
import { REFRESH_AFTER_MS } from "./compactor.ts";
import { mapLimited } from "./map-limited.ts";
import { createMemo } from "./memo.ts";
import { createPendingChanges } from "./pending-changes.ts";
import { createSegments } from "./segments.ts";
import { createSlices } from "./slices.ts";

/**
 * The geohash pyramid, as one process sees it. A node is the micro cells of one geohash at one level: those of a geohash-5
 * cell come from its reports, those of a shorter geohash are the sum of its children. Nodes are read as stored slices,
 * except above cells that changed since the last compaction: these are made here, from what is below. A domain index
 * clusters the nodes of one domain. Everything is kept until a change below it, or until time moves a report into another
 * age band.
 */
export interface Pyramid {
  /** Indexes of the domains that a tile meets, ascending. An index object is replaced, never changed. */
  domains(layer: ReportLayer, tile: TileAddress, window: TimeWindow): Promise<DomainIndex[]>;
  /** The same without waiting: undefined unless all of them are in memory and right. */
  heldDomains(layer: ReportLayer, tile: TileAddress, window: TimeWindow): HeldDomains | undefined;
  /**
   * Micro cells, two characters finer, of a geohash of at most 5, with all reports that this process knows of; ages as tiles
   * up to zoom 13 have them.
   */
  cells(layer: ReportLayer, geohash: string): Promise<MicroCells>;
  /** All live reports of a log cell that this process knows of, ascending by id. */
  reports(cell: LogCell): Promise<ReportColumns>;
  /** This process wrote a report: it is in the tiles from now on. */
  noteReport(report: Report): void;
  /** This process hid a report: it is in no tile any more from now on. */
  noteHidden(report: Report): void;
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
  /** Whether requests wait for each other's builds, as by default; false in a Worker. */
  readonly shareBuilds?: boolean;
}

const MEBIBYTE = 2 ** 20;

/** Precision of the log's cells. */
const CELL_PRECISION = 5;

/** Precision of the places that changes are told of, about 38 x 19 m: smaller than a tile. Of very many the cell is told. */
const PLACE_PRECISION = 8;
const MAX_PLACES = 8;

/** Stored slices are believed for so long after an age in them went wrong; the compactor makes them anew after half of it. */
const BELIEVE_AFTER_MS = 2 * REFRESH_AFTER_MS;

/** A domain's slices are not read again sooner, even if they are too old. */
const READ_AGAIN_AFTER_MS = 60_000;

/** A change is taken as compacted when it was told this long before the compaction read its changes. */
const COMPACTED_MARGIN_MS = 10_000;

/** How often the compaction's progress is asked for. */
const ASK_COMPACTION_EVERY_MS = 30_000;

/** Reads at once when a wide domain is built: enough to hide latency, few enough for a store's connections. */
const PARALLEL_READS = 16;

/** Between the polar rows a tile meets at most nine domains; where there are more, those without reports are left out first. */
const MANY_DOMAINS = 16;

/** A domain's slices by geohash, undefined where damaged. */
interface Domain {
  readonly slices: ReadonlyMap<string, MicroCells | undefined>;
  readonly staleAtMs: number;
}

export function createPyramid(options: PyramidOptions): Pyramid {
  const { store, derived, clock, log } = options;
  const pending = createPendingChanges();
  const slices = createSlices(derived, log);
  const cells = createCellCache({
    store,
    segments: createSegments(derived, log),
    clock,
    changedFrom: pending.fromOf,
    maxBytes: options.cellBytes ?? 256 * MEBIBYTE,
  });
  const state = createCompactionState(derived);
  const { nodeBytes = 128 * MEBIBYTE, indexBytes = 256 * MEBIBYTE, shareBuilds = true } = options;
  const nodes = createMemo<MicroCells>({ maxBytes: nodeBytes / 2, bytesOf: bytesOfCells, shareBuilds });
  const domains = createMemo<Domain>({ maxBytes: nodeBytes / 2, bytesOf: bytesOfDomain, shareBuilds });
  const indexes = createMemo<DomainIndex>({ maxBytes: indexBytes, bytesOf: (index) => index.bytes, shareBuilds });
  let feed: string | undefined;
  /** How many changes were taken in. */
  let changes = 0;
  let askedCompactionAtMs = 0;

  function readDomain(layer: ReportLayer, domain: string, atMs: number): Promise<Domain> {
    const key = `${layer}/${domain}`;
    return domains.get(key, key, atMs, async () => {
      const found = await slices.read(layer, domain);
      const ages = [...found.values()].map((cells) => cells?.staleAtMs ?? Infinity);
      const believedUntil = Math.min(...ages) + BELIEVE_AFTER_MS;
      return { slices: found, staleAtMs: Math.max(believedUntil, atMs + READ_AGAIN_AFTER_MS) };
    });
  }

  function node(layer: ReportLayer, geohash: string, atMs: number): Promise<MicroCells> {
    const key = `${layer}/${geohash}`;
    return nodes.get(key, key, atMs, async () => {
      if (geohash.length === CELL_PRECISION) {
        return microCellsOfReports(await cells.read({ layer, geohash5: geohash }), CELL_PRECISION + 2, atMs);
      }
      return addMicroCells(await children(layer, geohash, atMs), geohash.length + 2);
    });
  }

  /** The nodes right below a geohash, where there are reports. */
  async function children(layer: ReportLayer, geohash: string, atMs: number): Promise<MicroCells[]> {
    const stored = (await readDomain(layer, geohash, atMs)).slices;
    const names = [...new Set([...stored.keys(), ...pending.below(layer, geohash)])].sort();
    return mapLimited(names, PARALLEL_READS, async (name) => {
      const slice = stored.get(name);
      if (slice === undefined || pending.has(layer, name)) return node(layer, name, atMs);
      const believedUntil = slice.staleAtMs + BELIEVE_AFTER_MS;
      return believedUntil > atMs ? { ...slice, staleAtMs: believedUntil } : node(layer, name, atMs);
    });
  }

  async function buildIndex(layer: ReportLayer, domain: string, level: Level, window: TimeWindow, atMs: number) {
    const micro = level.microPrecision;
    const cell = { layer, geohash5: domain.slice(0, CELL_PRECISION) };
    if (micro === undefined) return indexReports(await cells.read(cell), domain, level, layer, window, atMs);
    if (level.precision === CELL_PRECISION) {
      return indexMicroCells(microCellsOfReports(await cells.read(cell), micro, atMs), level, layer, window);
    }
    return indexMicroCells(addMicroCells(await children(layer, domain, atMs), micro), level, layer, window);
  }

  function changed({ layer, geohash5 }: LogCell): void {
    changes++;
    for (const prefix of prefixes(layer, geohash5)) {
      nodes.touch(prefix, [prefix]);
      indexes.touch(prefix, indexKeys(prefix));
    }
  }

  /** The slices above a cell were written anew: those that are held are older than what was just forgotten. */
  function compacted({ layer, geohash5 }: LogCell): void {
    for (const prefix of prefixes(layer, geohash5)) domains.touch(prefix, [prefix]);
  }

  async function noteChange(change: LogChange): Promise<void> {
    pending.add(change, change.from, clock.now());
    const brought = await cells.refresh(change, change.from);
    if (brought?.length === 0) return;
    changed(change);
    for (const geohash of placesOf(brought) ?? [change.geohash5]) options.onChange?.(change.layer, geohash);
  }

  async function dropCompacted(): Promise<void> {
    const now = clock.now();
    if (now - askedCompactionAtMs < ASK_COMPACTION_EVERY_MS) return;
    askedCompactionAtMs = now;
    const atMs = (await state.read())?.atMs;
    if (atMs !== undefined) for (const cell of pending.drop(atMs - COMPACTED_MARGIN_MS)) compacted(cell);
  }

  async function poll(): Promise<void> {
    if (feed !== undefined) await dropCompacted();
    const from = feed ?? (await state.read())?.cursor ?? "0";
    const { changes, cursor } = await store.readChanges(from);
    // The cursor moves on only when all of them were taken in, so a failure in between is told again.
    await mapLimited(changes, PARALLEL_READS, noteChange);
    feed = cursor;
  }

  function heldDomains(layer: ReportLayer, tile: TileAddress, window: TimeWindow): HeldDomains | undefined {
    const met = domainsOfTile(tile);
    if (feed === undefined || met.length > MANY_DOMAINS) return undefined;
    const level = levelOfZoom(tile.z);
    const nowMs = clock.now();
    const atMs = timeOfLevel(level, nowMs);
    const held: DomainIndex[] = [];
    for (const domain of met) {
      const index = indexes.peek(indexKey(layer, domain, window), atMs);
      if (index === undefined) return undefined;
      held.push(index);
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
      if (feed === undefined) await poll();
      const level = levelOfZoom(tile.z);
      const atMs = timeOfLevel(level, clock.now());
      const met = await withReports(store, layer, domainsOfTile(tile));
      return mapLimited(met, PARALLEL_READS, (domain) => {
        const prefix = `${layer}/${domain.slice(0, CELL_PRECISION)}`;
        return indexes.get(indexKey(layer, domain, window), prefix, atMs, () =>
          buildIndex(layer, domain, level, window, atMs),
        );
      });
    },
    async cells(layer, geohash) {
      if (feed === undefined) await poll();
      return node(layer, geohash, coarseTime(clock.now()));
    },
    async reports(cell) {
      if (feed === undefined) await poll();
      return cells.read(cell);
    },
    noteReport(report) {
      const cell = { layer: report.layer, geohash5: encodeGeohash(report.lonDeg, report.latDeg, CELL_PRECISION) };
      pending.add(cell, report.id, clock.now());
      cells.add(report, cell.geohash5);
      changed(cell);
      options.onChange?.(report.layer, encodeGeohash(report.lonDeg, report.latDeg, PLACE_PRECISION));
    },
    noteHidden(report) {
      const cell = { layer: report.layer, geohash5: encodeGeohash(report.lonDeg, report.latDeg, CELL_PRECISION) };
      pending.add(cell, report.id, clock.now());
      cells.hide(cell, report.id);
      changed(cell);
      options.onChange?.(report.layer, encodeGeohash(report.lonDeg, report.latDeg, PLACE_PRECISION));
    },
    poll,
  };
}

/** The small cells that rows lie in; undefined when there are many, or the rows are not known. */
function placesOf(rows: ReportColumns | undefined): string[] | undefined {
  const places = new Set<string>();
  for (let i = 0; i < (rows?.length ?? 0) && places.size <= MAX_PLACES; i++) {
    const { lonE6, latE6 } = rows as ReportColumns;
    places.add(encodeGeohash((lonE6[i] as number) / 1e6, (latE6[i] as number) / 1e6, PLACE_PRECISION));
  }
  return rows === undefined || places.size > MAX_PLACES ? undefined : [...places];
}

/** Keeps of very many domains those that lie in cells with reports. */
async function withReports(
  store: ReportStore,
  layer: ReportLayer,
  domains: readonly string[],
): Promise<readonly string[]> {
  if (domains.length <= MANY_DOMAINS) return domains;
  const shared = commonPrefix(domains[0] ?? "", domains.at(-1) ?? "").slice(0, CELL_PRECISION);
  const length = Math.min(CELL_PRECISION, domains[0]?.length ?? 0);
  const known = new Set((await store.listCells(layer, shared)).map((cell) => cell.slice(0, length)));
  return domains.filter((domain) => known.has(domain.slice(0, length)));
}

function commonPrefix(a: string, b: string): string {
  let length = 0;
  while (length < a.length && a[length] === b[length]) length++;
  return a.slice(0, length);
}

const indexKey = (layer: ReportLayer, domain: string, window: TimeWindow): string => `${layer}/${domain}/${window}`;

/** A cell and everything above it, as keys. */
function prefixes(layer: ReportLayer, geohash5: string): string[] {
  return Array.from({ length: CELL_PRECISION + 1 }, (_, length) => `${layer}/${geohash5.slice(0, length)}`);
}

/** Keys of all indexes that a change below a prefix makes wrong; the finest level's domains are one character longer. */
function indexKeys(prefix: string): string[] {
  const isCell = prefix.length - prefix.indexOf("/") - 1 === CELL_PRECISION;
  const domains = isCell ? [prefix, ...[...BASE32].map((char) => prefix + char)] : [prefix];
  return domains.flatMap((domain) => TIME_WINDOWS.map((window) => `${domain}/${window}`));
}

const bytesOfCells = (cells: MicroCells): number => cells.length * BYTES_PER_MICRO_CELL;

function bytesOfDomain({ slices }: Domain): number {
  let bytes = 0;
  for (const cells of slices.values()) bytes += cells === undefined ? 0 : bytesOfCells(cells);
  return bytes;
}
