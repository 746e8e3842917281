import { REPORT_LAYERS, type ReportLayer } from "../../tiles/layers.ts";
import type { ReportStore } from "../ports.ts";

/** Which geohash-5 cells of a layer hold reports: read once, then kept up by the changes. */
export interface Directory {
  /** Cells with a prefix, ascending. */
  cells(layer: ReportLayer, prefix: string): Promise<readonly string[]>;
  /** Those of some geohashes that hold a cell, lie in one, or are one; in the order given. */
  having(layer: ReportLayer, geohashes: readonly string[]): Promise<readonly string[]>;
  add(layer: ReportLayer, geohash5: string): void;
}

const CELL_PRECISION = 5;

interface Listing {
  readonly known: Set<string>;
  /** `known` in order; undefined when it must be sorted again. */
  sorted: readonly string[] | undefined;
  loaded: boolean;
}

export function createDirectory(store: ReportStore): Directory {
  const listings = new Map<ReportLayer, Listing>(
    REPORT_LAYERS.map((layer) => [layer, { known: new Set<string>(), sorted: undefined, loaded: false }]),
  );
  const listingOf = (layer: ReportLayer): Listing => listings.get(layer) as Listing;

  async function sortedCells(layer: ReportLayer): Promise<readonly string[]> {
    const listing = listingOf(layer);
    if (!listing.loaded) {
      for (const cell of await store.listCells(layer)) listing.known.add(cell);
      listing.loaded = true;
      listing.sorted = undefined;
    }
    listing.sorted ??= [...listing.known].sort();
    return listing.sorted;
  }

  return {
    async cells(layer, prefix) {
      const sorted = await sortedCells(layer);
      // "~" sorts after every character of a geohash.
      return sorted.slice(lowerBound(sorted, prefix), lowerBound(sorted, `${prefix}~`));
    },
    async having(layer, geohashes) {
      const sorted = await sortedCells(layer);
      return geohashes.filter((geohash) => {
        const prefix = geohash.slice(0, CELL_PRECISION);
        return sorted[lowerBound(sorted, prefix)]?.startsWith(prefix) ?? false;
      });
    },
    add(layer, geohash5) {
      const listing = listingOf(layer);
      if (listing.known.has(geohash5)) return;
      listing.known.add(geohash5);
      listing.sorted = undefined;
    },
  };
}

function lowerBound(sorted: readonly string[], text: string): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((sorted[middle] as string) < text) low = middle + 1;
    else high = middle;
  }
  return low;
}
