import { addMicroCells, type MicroCells, microCellsOfReports, NEWEST_STEP_MS } from "../../tiles/cells/micro-cells.ts";
import {
  decodeMicroCellGroup,
  encodeMicroCells,
  type NamedItem,
  type StoredMicroCells,
} from "../../tiles/codec/micro-cell-codec.ts";
import { StoredItemError } from "../../tiles/codec/stored-item.ts";
import { REPORT_LIFETIME_MS, type ReportLayer } from "../../tiles/layers.ts";
import type { ReportColumns } from "../../tiles/report-columns.ts";
import type { Log } from "../console/log.ts";
import type { Clock } from "../ports/clock.ts";
import type { DerivedItem, DerivedStore } from "../ports/derived-store.ts";
import { coarseTime } from "./coarse-time.ts";
import { type UnmergedCells, type UnmergedRows, unmergedBetween, unmergedNames } from "./unmerged-rows.ts";

/**
 * Cell aggregates: the pyramid's aggregates as stored items. The cell aggregates of one cluster cell, one for each geohash a character longer, are one
 * group and one request. A cell aggregate holds all reports below it that were created before a time that it tells, and no others: so
 * readers, who know of the younger ones, add these.
 */
export interface CellAggregates {
  /** Cell aggregates of a cluster cell by geohash; undefined in place of a damaged one, which must be made from below. */
  read(
    layer: ReportLayer,
    clusterCell: string,
    options?: { consistent?: boolean },
  ): Promise<Map<string, StoredMicroCells | undefined>>;
  /**
   * Versions of a cluster cell's cell aggregates by geohash, as they are this moment, each with the unmerged rows that it lacks; what a cell aggregate
   * holds is decoded when asked for.
   */
  readVersions(
    layer: ReportLayer,
    clusterCell: string,
    unmerged: UnmergedRows,
  ): Promise<Map<string, CellAggregateVersion>>;
  /**
   * Makes a cell aggregate of the reports created before a time anew, until nobody else wrote it meanwhile. `make` must read what is
   * below after it was called, so that of two compactors the one that writes last has seen everything.
   * @throws OvertakenError when the cell aggregate is that of a later time
   */
  rewrite(layer: ReportLayer, geohash: string, make: () => Promise<MicroCells>, options: RewriteOptions): Promise<void>;
}

export interface RewriteOptions {
  /** The reports were created before, Unix milliseconds. */
  readonly beforeMs: number;
  /**
   * Asked after `make`: whether the cell aggregate must get another version although its bytes are the same, even if it is empty. Where
   * a report was hidden that was never in it, another compactor may be about to put it in.
   */
  readonly isAnew: () => boolean;
  /** How long an empty cell aggregate is kept that is written for this, Unix milliseconds. */
  readonly emptyUntilMs: number;
}

/** Another compactor that began later is at work. */
export class OvertakenError extends Error {
  override readonly name = "OvertakenError";
}

export interface CellAggregateVersion {
  /** Another one whenever the cell aggregate was written, or other rows are fresh. */
  readonly version: string;
  /** Undefined when it is damaged. */
  decode(): MicroCells | undefined;
}

const MAX_TRIES = 8;

const groupOf = (layer: ReportLayer, clusterCell: string): string => `slices/${layer}/${clusterCell}`;

export interface CellAggregatesOptions {
  readonly derived: DerivedStore;
  readonly clock: Clock;
  readonly log: Log;
}

export function createCellAggregates({ derived, clock, log }: CellAggregatesOptions): CellAggregates {
  /** In the order of the items; undefined in place of what cannot be used. */
  function decode(group: string, items: readonly NamedItem[]): (StoredMicroCells | undefined)[] {
    const named = items.map(({ name, body }) => ({ name: `${group} ${name}`, body }));
    return decodeMicroCellGroup(named).map((cells, i) => {
      // A time to come was told by a clock that is wrong: the cell aggregate says to hold reports that are still to be made.
      const fault = cells instanceof StoredItemError ? cells.message : `${named[i]?.name}: from the future`;
      if (!(cells instanceof StoredItemError) && cells.beforeMs <= clock.now()) return cells;
      log.warn("damaged cell aggregate: making it from below", { item: fault });
      return undefined;
    });
  }

  /** False when another compactor was faster. */
  async function tryRewrite(group: string, name: string, make: () => Promise<MicroCells>, options: RewriteOptions) {
    const { beforeMs, isAnew, emptyUntilMs } = options;
    const before = await derived.get(group, name, { consistent: true });
    const known = before && decode(group, [before])[0];
    if (known !== undefined && known.beforeMs > beforeMs) throw new OvertakenError(`cell aggregate ${group} ${name}`);
    const cells = await make();
    const anew = isAnew();
    if (cells.length === 0 && !anew) {
      if (before !== undefined) await derived.remove(group, [before]);
      return true;
    }
    const body = encodeMicroCells(cells, beforeMs);
    if (!anew && before !== undefined && known !== undefined && before.body.length === body.length) {
      if (sameBytes(before.body, encodeMicroCells(cells, known.beforeMs))) return true;
    }
    const expiresAtMs = cells.length === 0 ? emptyUntilMs : newestMs(cells) + REPORT_LIFETIME_MS;
    return derived.put(group, name, body, { expected: before?.version, expiresAtMs });
  }

  return {
    async read(layer, clusterCell, options) {
      const group = groupOf(layer, clusterCell);
      const items = await derived.list(group, options);
      const decoded = decode(group, items);
      return new Map(items.map(({ name }, i) => [name, decoded[i]]));
    },

    async readVersions(layer, clusterCell, unmerged) {
      const group = groupOf(layer, clusterCell);
      const items = await derived.list(group, { consistent: true });
      const young = unmerged.under(layer, clusterCell);
      const agesAtMs = coarseTime(clock.now());
      const versions = new Map<string, CellAggregateVersion>();
      for (const item of items) {
        const decoded = (): StoredMicroCells | undefined => decode(group, [item])[0];
        versions.set(item.name, versionOf(item, decoded, young, agesAtMs));
      }
      for (const name of unmergedNames(young, clusterCell)) {
        if (versions.has(name)) continue;
        const rows = unmergedBetween(young, name, 0);
        const decode = (): MicroCells => withUnmerged(undefined, young, name, agesAtMs);
        versions.set(name, { version: `+${nameOf(rows)}`, decode });
      }
      return versions;
    },

    async rewrite(layer, geohash, make, options) {
      const group = groupOf(layer, geohash.slice(0, -1));
      for (let tries = 0; tries < MAX_TRIES; tries++) if (await tryRewrite(group, geohash, make, options)) return;
      throw new Error(
        `cell aggregate ${group} ${geohash} was rewritten by others ${MAX_TRIES} times while it was made`,
      );
    },
  };
}

/** The version of a stored cell aggregate with the unmerged rows below it. */
function versionOf(
  { name, version }: DerivedItem,
  decode: () => StoredMicroCells | undefined,
  unmerged: UnmergedCells,
  agesAtMs: number,
): CellAggregateVersion {
  const rows = unmergedBetween(unmerged, name, 0);
  if (rows.length === 0) return { version: String(version), decode };
  return {
    version: `${version}+${nameOf(rows)}`,
    decode() {
      const cells = decode();
      return cells && withUnmerged(cells, unmerged, name, agesAtMs);
    },
  };
}

/** No report is younger; times are to the minute, see the codec. */
const newestMs = ({ newest }: MicroCells): number =>
  newest.createdAtMs.reduce((max, time) => Math.max(max, time), 0) + NEWEST_STEP_MS;

/** A cell aggregate of a geohash, or none, with the unmerged rows that it lacks. */
export function withUnmerged(
  cellAggregate: StoredMicroCells | undefined,
  unmerged: UnmergedCells,
  geohash: string,
  agesAtMs: number,
  beforeMs = Infinity,
): MicroCells {
  const precision = geohash.length + 2;
  const rows = unmergedBetween(unmerged, geohash, cellAggregate?.beforeMs ?? 0, beforeMs);
  const young = microCellsOfReports(rows, precision, agesAtMs);
  if (cellAggregate === undefined) return young;
  return rows.length === 0 ? cellAggregate : addMicroCells([cellAggregate, young], precision);
}

/** Names rows by how many there are, and a sum over what tells them and their weights apart: they come in any order. */
function nameOf({ length, createdAtMs, idRest, quarters }: ReportColumns): string {
  let sum = 0;
  for (let row = 0; row < length; row++) {
    const rest = idRest[row] as number;
    for (const part of [createdAtMs[row] as number, rest, rest / 2 ** 32, quarters[row] as number])
      sum = Math.imul(sum ^ part, 0x01000193);
  }
  return `${length}.${(sum >>> 0).toString(36)}`;
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}
