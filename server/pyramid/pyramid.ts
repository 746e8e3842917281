import { LRUCache } from "lru-cache";
import { type DomainIndex, indexMicroCells, indexReports } from "../../tiles/domain-index.ts";
import { domainsOfTile, type Level, levelOfZoom } from "../../tiles/domains.ts";
import { encodeGeohash } from "../../tiles/geohash.ts";
import { type ReportLayer, TIME_WINDOWS, type TimeWindow } from "../../tiles/layers.ts";
import { addMicroCells, BYTES_PER_MICRO_CELL, type MicroCells, microCellsOfReports } from "../../tiles/micro-cells.ts";
import type { Report } from "../../tiles/report.ts";
import type { TileAddress } from "../../tiles/tile-address.ts";
import type { Clock, LogChange, ReportStore } from "../ports.ts";
import { createCellCache } from "./cell-cache.ts";
import { createDirectory } from "./directory.ts";
import { mapLimited } from "./map-limited.ts";

/**
 * The geohash pyramid over a report log. A node is the micro cells of one geohash at one level: those of a geohash-5 cell come
 * from its reports, those of a shorter geohash are the sum of its children. A domain index clusters the nodes of one
 * domain. Both are kept until a change below them, or until time moves a report into another age band.
 */
export interface Pyramid {
  /** Indexes of the domains that a tile meets and that ever held a report, ascending. An index object is replaced, never changed. */
  domains(layer: ReportLayer, tile: TileAddress, window: TimeWindow): Promise<DomainIndex[]>;
  /** This process wrote a report: it is in the tiles from now on. */
  noteReport(report: Report): void;
  /** Another process wrote: reads what is new. */
  noteChange(change: LogChange): Promise<void>;
}

export interface PyramidOptions {
  readonly store: ReportStore;
  readonly clock: Clock;
  /** Bounds of the three caches, bytes. */
  readonly cellBytes?: number;
  readonly nodeBytes?: number;
  readonly indexBytes?: number;
}

/** Precision of the log's cells. */
const CELL_PRECISION = 5;

/**
 * Zooms up to 13 see ages as they will be at the end of the running ten minutes: exact to within an hour, as promised, and
 * the same bytes on every machine for ten minutes instead of new ones with every report that ages. Closer zooms are exact.
 */
const COARSE_CLOCK_MS = 10 * 60_000;

/** Cells read at once when a wide domain is built: enough to hide latency, few enough for a store's connections. */
const PARALLEL_READS = 16;

interface Kept<T> {
  readonly value: T;
  /** Valid for times in [fromMs, staleAtMs). */
  readonly fromMs: number;
  readonly staleAtMs: number;
}

export function createPyramid(options: PyramidOptions): Pyramid {
  const { store, clock } = options;
  const cells = createCellCache(store, clock, options.cellBytes ?? 256 * 2 ** 20);
  const directory = createDirectory(store);
  const nodes = createMemo<MicroCells>(
    options.nodeBytes ?? 128 * 2 ** 20,
    (node) => node.length * BYTES_PER_MICRO_CELL,
  );
  const indexes = createMemo<DomainIndex>(options.indexBytes ?? 256 * 2 ** 20, (index) => index.bytes);

  async function node(layer: ReportLayer, geohash: string, atMs: number): Promise<MicroCells> {
    return nodes.get(`${layer}/${geohash}`, `${layer}/${geohash}`, atMs, async () => {
      if (geohash.length === CELL_PRECISION) {
        return microCellsOfReports(await cells.read({ layer, geohash5: geohash }), CELL_PRECISION + 2, atMs);
      }
      return addMicroCells(await children(layer, geohash, atMs), geohash.length + 2);
    });
  }

  /** The nodes right below a geohash, where there are reports. */
  async function children(layer: ReportLayer, geohash: string, atMs: number): Promise<MicroCells[]> {
    const below = await directory.cells(layer, geohash);
    const names = [...new Set(below.map((cell) => cell.slice(0, geohash.length + 1)))];
    return mapLimited(names, PARALLEL_READS, (name) => node(layer, name, atMs));
  }

  async function buildIndex(
    layer: ReportLayer,
    domain: string,
    level: Level,
    window: TimeWindow,
    atMs: number,
  ): Promise<DomainIndex> {
    const micro = level.microPrecision;
    const cell = { layer, geohash5: domain.slice(0, CELL_PRECISION) };
    if (micro === undefined) return indexReports(await cells.read(cell), domain, level, layer, window, atMs);
    if (level.precision === CELL_PRECISION) {
      return indexMicroCells(microCellsOfReports(await cells.read(cell), micro, atMs), level, layer, window);
    }
    return indexMicroCells(addMicroCells(await children(layer, domain, atMs), micro), level, layer, window);
  }

  function invalidate(layer: ReportLayer, geohash5: string): void {
    for (let length = 0; length <= CELL_PRECISION; length++) {
      const prefix = `${layer}/${geohash5.slice(0, length)}`;
      nodes.touch(prefix, [prefix]);
      indexes.touch(prefix, indexKeys(prefix, length));
    }
  }

  return {
    async domains(layer, tile, window) {
      const level = levelOfZoom(tile.z);
      const now = clock.now();
      const atMs = level.precision < CELL_PRECISION ? Math.ceil(now / COARSE_CLOCK_MS) * COARSE_CLOCK_MS : now;
      const domains = await directory.having(layer, domainsOfTile(tile));
      return mapLimited(domains, PARALLEL_READS, (domain) => {
        const prefix = `${layer}/${domain.slice(0, CELL_PRECISION)}`;
        return indexes.get(indexKey(layer, domain, window), prefix, atMs, () =>
          buildIndex(layer, domain, level, window, atMs),
        );
      });
    },
    noteReport(report) {
      const geohash5 = encodeGeohash(report.lonDeg, report.latDeg, CELL_PRECISION);
      directory.add(report.layer, geohash5);
      cells.add(report, geohash5);
      invalidate(report.layer, geohash5);
    },
    async noteChange({ layer, geohash5, from }) {
      directory.add(layer, geohash5);
      if (await cells.refresh({ layer, geohash5 }, from)) invalidate(layer, geohash5);
    },
  };
}

const indexKey = (layer: ReportLayer, domain: string, window: TimeWindow): string => `${layer}/${domain}/${window}`;

/** Keys of all indexes that a change below a prefix makes wrong; the finest level's domains are one character longer. */
function indexKeys(prefix: string, length: number): string[] {
  const domains =
    length === CELL_PRECISION ? [prefix, ...[..."0123456789bcdefghjkmnpqrstuvwxyz"].map((c) => prefix + c)] : [prefix];
  return domains.flatMap((domain) => TIME_WINDOWS.map((window) => `${domain}/${window}`));
}

interface Memo<T> {
  /** What was built for a key and still holds at a time, or builds it; one build at a time for each key. */
  get(key: string, prefix: string, atMs: number, build: () => Promise<T>): Promise<T>;
  /** Something below a prefix changed: forgets the keys, and keeps builds under way from being kept. */
  touch(prefix: string, keys: readonly string[]): void;
}

function createMemo<T extends { readonly staleAtMs: number }>(
  maxBytes: number,
  bytesOf: (value: T) => number,
): Memo<T> {
  const kept = new LRUCache<string, Kept<T>>({
    maxSize: maxBytes,
    sizeCalculation: ({ value }) => bytesOf(value) + 400,
  });
  const building = new Map<string, { readonly atMs: number; readonly result: Promise<T> }>();
  const touchedAt = new Map<string, number>();
  let touches = 0;

  async function build(key: string, prefix: string, atMs: number, make: () => Promise<T>): Promise<T> {
    const startedAt = touches;
    const value = await make();
    if ((touchedAt.get(prefix) ?? -1) < startedAt) kept.set(key, { value, fromMs: atMs, staleAtMs: value.staleAtMs });
    return value;
  }

  return {
    get(key, prefix, atMs, make) {
      const entry = kept.get(key);
      if (entry !== undefined && atMs >= entry.fromMs && atMs < entry.staleAtMs) return Promise.resolve(entry.value);
      const running = building.get(key);
      if (running !== undefined && running.atMs === atMs) return running.result;
      const result = build(key, prefix, atMs, make).finally(() => {
        if (building.get(key)?.result === result) building.delete(key);
      });
      building.set(key, { atMs, result });
      return result;
    },
    touch(prefix, keys) {
      touchedAt.set(prefix, touches++);
      for (const key of keys) {
        kept.delete(key);
        building.delete(key);
      }
    },
  };
}
