import {
  addMicroCells,
  BYTES_PER_MICRO_CELL,
  type MicroCells,
  microCellsOfReports,
} from "../../tiles/cells/micro-cells.ts";
import { CELL_PRECISION } from "../../tiles/cluster/cluster-cells.ts";
import type { StoredMicroCells } from "../../tiles/codec/micro-cell-codec.ts";
import type { ReportLayer } from "../../tiles/layers.ts";
import { createMemo } from "../kit/build-cache.ts";
import { mapLimited } from "../kit/map-limited.ts";
import type { LogCell } from "../ports/report-store.ts";
import { type Slices, withFresh } from "./cell-aggregates.ts";
import type { CellCache } from "./cell-cache.ts";
import { BELIEVE_AFTER_MS } from "./coarse-time.ts";
import type { PendingChanges } from "./pending-changes.ts";
import { type FreshRows, freshNames } from "./unmerged-rows.ts";

/**
 * Nodes of the pyramid: the micro cells of a geohash at one level. They are read as stored slices, to which the rows are added
 * that the feed has brought since. Where it told of changes without the rows, and where slices are damaged or too old, nodes are
 * made here: those of a geohash-5 cell from its reports, those of a shorter geohash as the sum of its children.
 */
export interface Nodes {
  /** Micro cells two characters finer than a geohash of at most 5. */
  node(layer: ReportLayer, geohash: string, atMs: number): Promise<MicroCells>;
  /** The nodes right below a geohash, where there are reports. */
  children(layer: ReportLayer, geohash: string, atMs: number): Promise<MicroCells[]>;
  /** A domain's slices by geohash as they are stored, undefined where damaged: what came since is not in them. */
  slices(layer: ReportLayer, domain: string, atMs: number): Promise<Domain["slices"]>;
  /** Reports below these geohashes are others than before. */
  changed(prefixes: readonly string[]): void;
  /** The slices of these domains were written anew. */
  compacted(prefixes: readonly string[]): void;
}

/** A domain's slices by geohash, undefined where damaged. */
interface Domain {
  readonly slices: ReadonlyMap<string, StoredMicroCells | undefined>;
  readonly staleAtMs: number;
}

/** A domain's slices are not read again sooner, even if they are too old. */
const READ_AGAIN_AFTER_MS = 60_000;

/** Reads at once when a wide domain is built: enough to hide latency, few enough for a store's connections. */
export const PARALLEL_READS = 16;

export interface NodesOptions {
  readonly slices: Slices;
  readonly cells: CellCache;
  readonly pending: PendingChanges;
  readonly fresh: FreshRows;
  readonly maxBytes: number;
  readonly shareBuilds: boolean;
}

export function createNodes({ slices, cells, pending, fresh, maxBytes, shareBuilds }: NodesOptions): Nodes {
  const nodes = createMemo<MicroCells>({ maxBytes: maxBytes / 2, bytesOf: bytesOfCells, shareBuilds });
  const domains = createMemo<Domain>({ maxBytes: maxBytes / 2, bytesOf: bytesOfDomain, shareBuilds });

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

  async function children(layer: ReportLayer, geohash: string, atMs: number): Promise<MicroCells[]> {
    // Asked for before the slices: those may already hold what a compaction takes off these meanwhile, and tell so.
    const changed = new Set(pending.below(layer, geohash));
    const young = fresh.under(layer, geohash);
    const stored = (await readDomain(layer, geohash, atMs)).slices;
    const names = [...new Set([...stored.keys(), ...changed, ...freshNames(young, geohash)])].sort();
    return mapLimited(names, PARALLEL_READS, async (name) => {
      const slice = stored.get(name);
      if (changed.has(name) || (slice === undefined && stored.has(name))) return node(layer, name, atMs);
      const believedUntil = (slice?.staleAtMs ?? Infinity) + BELIEVE_AFTER_MS;
      if (believedUntil <= atMs) return node(layer, name, atMs);
      const believed = slice && { ...slice, staleAtMs: believedUntil };
      return withFresh(believed, young, name, atMs);
    });
  }

  return {
    node,
    children,
    slices: async (layer, domain, atMs) => (await readDomain(layer, domain, atMs)).slices,
    changed(prefixes) {
      for (const prefix of prefixes) nodes.touch(prefix, [prefix]);
    },
    compacted(prefixes) {
      for (const prefix of prefixes) domains.touch(prefix, [prefix]);
    },
  };
}

/** A cell and everything above it, as keys. */
export function prefixesOf({ layer, geohash5 }: LogCell): string[] {
  return Array.from({ length: CELL_PRECISION + 1 }, (_, length) => `${layer}/${geohash5.slice(0, length)}`);
}

const bytesOfCells = (cells: MicroCells): number => cells.length * BYTES_PER_MICRO_CELL;

function bytesOfDomain({ slices }: Domain): number {
  let bytes = 0;
  for (const cells of slices.values()) bytes += cells === undefined ? 0 : bytesOfCells(cells);
  return bytes;
}
