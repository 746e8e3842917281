import type { ReportLayer } from "../tiles/layers.ts";
import type { Report } from "../tiles/report.ts";
import type { ReportColumns } from "../tiles/report-columns.ts";

/** What the app needs of the world outside. Adapters are factories in the folders beside; `node.ts` and `worker.ts` choose. */

/** Time is injected: tests move it. */
export interface Clock {
  /** Unix milliseconds. */
  now(): number;
}

/** A partition of the report log: all reports of one layer in one geohash-5 cell (about 4.9 x 4.9 km). */
export interface LogCell {
  readonly layer: ReportLayer;
  readonly geohash5: string;
}

/** A span of one cell's log by report id, `from` inclusive, `before` exclusive; ids sort by time. */
export interface LogRange {
  readonly from?: string;
  readonly before?: string;
}

/** "This cell has rows at or after `from` that you may not have seen." */
export interface LogChange extends LogCell {
  /** Smallest id, or `idTimePrefix`, that a reader must read again from. */
  readonly from: string;
  /**
   * All rows that this tells of, where they are known: then nothing need be read. Each was stored, and told, within
   * `FRESH_ROW_MS` of when it was created.
   */
  readonly rows?: ReportColumns;
}

/** From so long after its creation on, everybody who reads the changes has been told of a report that came with its row. */
export const FRESH_ROW_MS = 10_000;

export type PutOutcome = "created" | "exists";

/**
 * The report log. Appends are conditional on the id, so a retry is harmless. Readers never see an expired or a hidden report: stores
 * delete late, so every adapter filters by `expiresAtMs` against the injected clock.
 */
export interface ReportStore {
  /** Creates what the store needs; safe to repeat. */
  migrate(): Promise<void>;
  /**
   * The write shard for the id of a report that is about to be put: 0, unless the cell is hot. Counts as a write. Any shard
   * is found again, so whoever makes ids of what they stand for, as the import does, may name 0 instead.
   */
  shardFor(cell: LogCell): number;
  /**
   * Appends one report. "exists": a report with that id was there and was left as it is; it may be this very one, when the
   * store tried again after an answer that was lost. @throws RangeError when the id is not of the report's time, place and layer.
   */
  put(report: Report): Promise<PutOutcome>;
  /**
   * Appends many, in requests as large as the store takes, retrying what comes back unprocessed. Counts what was new. When it
   * rejects, some may be stored: call it again with the same reports. @throws RangeError as `put`, before anything is stored.
   */
  putMany(reports: readonly Report[]): Promise<{ written: number; existing: number }>;
  get(id: string): Promise<Report | undefined>;
  /** Those of many live reports that there are, in the order of the ids. */
  getMany(ids: readonly string[]): Promise<Report[]>;
  /** All live reports of a cell, oldest first. */
  readCell(cell: LogCell, range?: LogRange): Promise<Report[]>;
  /**
   * Ids of the cell's hidden reports, also of some that expired within the last day. Costs nothing right after `readCell` without an end, and then
   * stands for the same moment.
   */
  readHidden(cell: LogCell): Promise<string[]>;
  /** The newest `limit` live reports of a cell, newest first. */
  readNewest(cell: LogCell, limit: number, range?: LogRange): Promise<Report[]>;
  /**
   * Hides a report from every read from now on, and tells of it as of a write at its id. It stays in the log, so that no retry
   * or import brings it back. Safe to repeat, and to be repeated when it rejected: then it may be half done.
   */
  hide(report: Report): Promise<void>;
  /** Notes that somebody flagged a report, once for each; returns how many have. The store forgets it at `untilMs`. */
  flag(reportId: string, flag: Flag): Promise<number>;
  /** Geohash-5 cells of a layer that ever held a report, ascending; optionally only those with a prefix. */
  listCells(layer: ReportLayer, prefix?: string): Promise<string[]>;
  /**
   * What changed since a cursor of an earlier call, for other processes than the writer; every change is told at least once.
   * A change may be told in several calls over some seconds, and each time the cell must be read again: one telling stands
   * for writes that come shortly after it too. Without a cursor: nothing but a cursor for now; take it before reading cells.
   * @throws RangeError when the cursor is none.
   */
  readChanges(cursor?: string): Promise<{ changes: LogChange[]; cursor: string }>;
  /**
   * Remembers for a day that an idempotency key belongs to a request (`fingerprint`) and the report id it made.
   * Returns what is remembered: the caller's own pair if the key is new, else the earlier one.
   */
  claimKey(keyHash: string, claim: KeyClaim): Promise<KeyClaim>;
  /**
   * Keeps a small value under a key until a time and returns what is kept: the caller's value if none was, else the earlier
   * one. With `replace` the caller's takes its place. The import keeps here which "now" a file was dated by.
   */
  remember(key: string, value: string, options: RememberOptions): Promise<string>;
  /** Resolves when the store answers; rejects when it does not. */
  ping(): Promise<void>;
  close(): Promise<void>;
}

export interface KeyClaim {
  readonly fingerprint: string;
  readonly reportId: string;
}

export interface Flag {
  /** Who, as a hash. */
  readonly flagger: string;
  readonly reason?: string;
  /** Unix milliseconds. */
  readonly untilMs: number;
}

export interface RememberOptions {
  /** Unix milliseconds; from then on the key is free again. */
  readonly untilMs: number;
  readonly replace?: boolean;
}

/** The store is throttled, away or timed out: 503 with Retry-After. Nothing was acknowledged. */
export class StoreUnavailableError extends Error {
  override readonly name = "StoreUnavailableError";
}

/** One stored item of derived data. */
export interface DerivedItem {
  readonly name: string;
  readonly body: Uint8Array;
  /** Changes with every write; what a conditional write must name. */
  readonly version: number;
}

/**
 * Data made from the report log, kept because it is cheaper to read: never truth, so losing any of it costs time only.
 * Items live in named groups that are read together, in the order of their names.
 */
export interface DerivedStore {
  /** Items of a group, ascending by name. `consistent` also sees what was written a moment ago, at twice the price. */
  list(group: string, options?: { consistent?: boolean }): Promise<DerivedItem[]>;
  get(group: string, name: string, options?: { consistent?: boolean }): Promise<DerivedItem | undefined>;
  /**
   * Writes an item if its version is still `expected` (undefined: if there is none). False: another writer was faster, and
   * nothing was written. The store may drop the item from `expiresAtMs` on.
   */
  put(group: string, name: string, body: Uint8Array, condition: PutCondition): Promise<boolean>;
  /** Removes those items whose versions are still these; what another writer wrote meanwhile stays. */
  remove(group: string, items: readonly Pick<DerivedItem, "name" | "version">[]): Promise<void>;
}

export interface PutCondition {
  readonly expected: number | undefined;
  readonly expiresAtMs?: number;
}
