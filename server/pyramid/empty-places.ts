import { LRUCache } from "lru-cache";
import { CELL_PRECISION } from "../../tiles/cluster/cluster-cells.ts";
import type { ReportLayer } from "../../tiles/layers.ts";
import type { Clock } from "../ports/clock.ts";
import type { Aggregates } from "./aggregates.ts";
import { coarseTime } from "./coarse-time.ts";
import type { PendingChanges } from "./pending-changes.ts";
import type { UnmergedRows } from "./unmerged-rows.ts";

/**
 * Tells by what is in memory of the levels above that nothing lies in a cell, so that a tile of the sea need not be read. It keeps nothing itself:
 * a wide tile over the same place is made of the very same things, so wherever this errs, that is wrong, too, for as long.
 */
export interface EmptyPlaces {
  /** Whether no report lies below a geohash, as far as is known without reading anything. False: there may be some. */
  isKnown(layer: ReportLayer, geohash: string): boolean;
  /**
   * Reads the cell aggregates above a cell that was found empty, upwards until some tell of reports: from then on other empty cells below these
   * are known. Never rejects.
   */
  learn(layer: ReportLayer, geohash: string): Promise<void>;
}

/** What is above is read so often for this at the most: near a busy city it is written anew every few seconds, and the widest is large. */
const LEARN_EVERY_MS = 60_000;
/** Groups whose last reading is remembered. One that is forgotten is read once more. */
const MAX_LEARNED = 10_000;

export interface EmptyPlacesOptions {
  readonly aggregates: Aggregates;
  readonly pending: PendingChanges;
  readonly unmerged: UnmergedRows;
  readonly clock: Clock;
}

export function createEmptyPlaces({ aggregates, pending, unmerged, clock }: EmptyPlacesOptions): EmptyPlaces {
  const learnedAt = new LRUCache<string, number>({ max: MAX_LEARNED });

  /** Those of a group when they are in memory, as wide tiles find them. */
  const held = (layer: ReportLayer, group: string) =>
    aggregates.heldCellAggregates(layer, group, coarseTime(clock.now()));

  /** Lengths of the groups above a geohash, the nearest first. */
  const above = (geohash: string): number[] =>
    Array.from({ length: Math.min(geohash.length, CELL_PRECISION) }, (_, i) => i).reverse();

  /** Undefined when that was done a moment ago, or cannot be done now. */
  async function read(layer: ReportLayer, group: string) {
    const key = `${layer}/${group}`;
    const now = clock.now();
    if (now - (learnedAt.get(key) ?? -Infinity) < LEARN_EVERY_MS) return undefined;
    learnedAt.set(key, now);
    return aggregates.cellAggregates(layer, group, coarseTime(now)).catch(() => undefined);
  }

  return {
    isKnown: (layer, geohash) =>
      above(geohash).some((length) => {
        const stored = held(layer, geohash.slice(0, length));
        const name = geohash.slice(0, length + 1);
        if (stored === undefined || stored.has(name)) return false;
        // Nothing is waited for between these: together they are all that `children` of aggregates.ts adds up.
        return !pending.has(layer, name) && unmerged.under(layer, name).length === 0;
      }),

    async learn(layer, geohash) {
      for (const length of above(geohash)) {
        const group = geohash.slice(0, length);
        const found = held(layer, group) ?? (await read(layer, group));
        if (found === undefined || found.size > 0) return;
      }
    },
  };
}
