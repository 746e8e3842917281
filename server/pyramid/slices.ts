import { REPORT_LIFETIME_MS, type ReportLayer } from "../../tiles/layers.ts";
import { decodeMicroCells, encodeMicroCells } from "../../tiles/micro-cell-codec.ts";
import type { MicroCells } from "../../tiles/micro-cells.ts";
import { StoredItemError } from "../../tiles/stored-item.ts";
import type { Log } from "../app-parts.ts";
import type { DerivedStore } from "../ports.ts";

/**
 * Slices: the pyramid's nodes as stored items. The slices of one domain, one for each geohash a character longer, are one
 * group and one request.
 */
export interface Slices {
  /** Slices of a domain by geohash; undefined in place of a damaged one, which must be made from below. */
  read(
    layer: ReportLayer,
    domain: string,
    options?: { consistent?: boolean },
  ): Promise<Map<string, MicroCells | undefined>>;
  /** Versions of a domain's slices by geohash, as they are this moment; what a slice holds is decoded when asked for. */
  readVersions(layer: ReportLayer, domain: string): Promise<Map<string, SliceVersion>>;
  /**
   * Makes a slice anew until nobody else wrote it meanwhile. `make` must read what is below after it was called, so that of
   * two compactors the one that writes last has seen everything. Returns the slice.
   */
  rewrite(
    layer: ReportLayer,
    geohash: string,
    make: () => Promise<MicroCells>,
    options?: RewriteOptions,
  ): Promise<MicroCells>;
}

export interface RewriteOptions {
  /**
   * Asked after `make`: whether the slice must get another version although its bytes are the same, even if it is empty. Where
   * a report was hidden that was never in it, another compactor may be about to put it in.
   */
  readonly isAnew: () => boolean;
  /** How long an empty slice is kept that is written for this, Unix milliseconds. */
  readonly emptyUntilMs: number;
}

export interface SliceVersion {
  /** Another one whenever the slice was written. */
  readonly version: number;
  /** Undefined when it is damaged. */
  decode(): MicroCells | undefined;
}

const MAX_TRIES = 8;

const groupOf = (layer: ReportLayer, domain: string): string => `slices/${layer}/${domain}`;

export function createSlices(derived: DerivedStore, log: Log): Slices {
  function decode(body: Uint8Array, name: string): MicroCells | undefined {
    try {
      return decodeMicroCells(body, name);
    } catch (error) {
      if (!(error instanceof StoredItemError)) throw error;
      log.warn("damaged slice: making it from below", { item: error.message });
      return undefined;
    }
  }

  return {
    async read(layer, domain, options) {
      const group = groupOf(layer, domain);
      const items = await derived.list(group, options);
      return new Map(items.map(({ name, body }) => [name, decode(body, `${group} ${name}`)]));
    },

    async readVersions(layer, domain) {
      const group = groupOf(layer, domain);
      const items = await derived.list(group, { consistent: true });
      return new Map(
        items.map(({ name, body, version }) => [name, { version, decode: () => decode(body, `${group} ${name}`) }]),
      );
    },

    async rewrite(layer, geohash, make, { isAnew, emptyUntilMs } = { isAnew: () => false, emptyUntilMs: 0 }) {
      const group = groupOf(layer, geohash.slice(0, -1));
      for (let tries = 0; tries < MAX_TRIES; tries++) {
        const before = await derived.get(group, geohash, { consistent: true });
        const cells = await make();
        const anew = isAnew();
        if (cells.length === 0 && !anew) {
          if (before !== undefined) await derived.remove(group, [before]);
          return cells;
        }
        const body = encodeMicroCells(cells);
        if (before !== undefined && !anew && sameBytes(before.body, body)) return cells;
        const newest = cells.newest.createdAtMs.reduce((max, time) => Math.max(max, time), 0);
        const expiresAtMs = cells.length === 0 ? emptyUntilMs : newest + REPORT_LIFETIME_MS;
        const condition = { expected: before?.version, expiresAtMs };
        if (await derived.put(group, geohash, body, condition)) return cells;
      }
      throw new Error(`slice ${group} ${geohash} was rewritten by others ${MAX_TRIES} times while it was made`);
    },
  };
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}
