import { keptFrom } from "../../tiles/kept.ts";
import type { ReportLayer } from "../../tiles/layers.ts";
import type { Report } from "../../tiles/report.ts";
import type { ReportColumns } from "../../tiles/report-columns.ts";

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

/** "This cell has changes at or after `from` that you may not have seen." */
export interface LogChange extends LogCell {
  /** Smallest id, or `idTimePrefix`, that a reader must read again from. */
  readonly from: string;
  /**
   * All rows that this tells of, where they are known to be stored: then nothing need be read. Each was stored, and published,
   * within `FRESH_ROW_MS` of when it was created, whatever its time is cut to: see `youngFrom`.
   */
  readonly rows?: ReportColumns;
}

/** From so long after its creation on, everybody who reads the changes has been told of a report that came with its row. */
export const FRESH_ROW_MS = 10_000;

/** The least time of the reports of a layer that everybody may not have been told of by now: as times of the layer are cut, one of a time that is as old may still come. */
export const youngFrom = (layer: ReportLayer, nowMs: number): number => keptFrom(layer, nowMs - FRESH_ROW_MS);

/** So long after it was stored nothing is told any more to whoever takes a cursor then. */
export const TOLD_FOR_MS = 8_000;

export type PutOutcome = "created" | "exists";

export interface PutManyOptions {
  /** Is told once, before any of them is stored, which are not there, unless all are; when it rejects, nothing is stored. */
  onMissing?(missing: readonly Report[]): Promise<void>;
}

/** What can be done to a report after it was put. It keeps its id, and with it its layer, cell and time. */
export type ReportEdit =
  | { readonly kind: "replace"; readonly report: Report }
  | { readonly kind: "hide" | "restore" | "remove" };

/** A report after its newest edit. Of two that are known of one report the one of the higher version holds. */
export interface EditedReport {
  readonly id: string;
  /** Counts the report's edits, from 1. */
  readonly version: number;
  /** False: hidden or removed. */
  readonly isShown: boolean;
  /** As it reads now; undefined when it is not shown, and of a cell that was read in part where it lies outside that. */
  readonly report: Report | undefined;
}

/** What a read of a cell found. */
export interface CellRows {
  /** Shown reports of the range, oldest first. */
  readonly reports: readonly Report[];
  /** Reports that were edited, by id, whatever the range; also some that expired within the last day. */
  readonly edited: ReadonlyMap<string, EditedReport>;
}

/**
 * The report log. It knows five changes: put, replace, hide, restore, remove. Whatever was acknowledged is stored and was
 * published before: nobody who follows the changes can miss it, wherever a process died. Readers never see an expired report:
 * stores delete late, so every adapter filters by `expiresAtMs` against the injected clock.
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
   * Stores one report under an id that was drawn for it just now, so that nobody else can have stored it: one round trip.
   * When it rejects, the report may be stored. @throws RangeError when the id is not of the report's time, place and layer.
   */
  append(report: Report): Promise<void>;
  /**
   * Stores one report unless its id is taken. "exists": a report with that id was there and was left as it is; it may be this
   * very one, when the store tried again after an answer that was lost. It is published all the same: whoever stored it may
   * have died before that. @throws RangeError as `append`.
   */
  put(report: Report): Promise<PutOutcome>;
  /**
   * Puts many, in requests as large as the store takes, retrying what comes back unprocessed. Counts what was new. When it
   * rejects, some may be stored: call it again with the same reports. @throws RangeError as `append`, before anything is stored.
   */
  putMany(reports: readonly Report[], options?: PutManyOptions): Promise<{ written: number; existing: number }>;
  /**
   * Replaces, hides, restores or removes a report, and returns what it is then; undefined when there is no such report, or it
   * was removed. Safe to repeat, and to be repeated when it rejected: then it may be done. A replaced report that is hidden
   * stays hidden; a removed one stays removed, so that no retry and no import brings it back.
   */
  edit(id: string, edit: ReportEdit): Promise<EditedReport | undefined>;
  get(id: string): Promise<Report | undefined>;
  /** Those of many shown reports that there are, in the order of the ids. */
  getMany(ids: readonly string[]): Promise<Report[]>;
  /** The reports of a cell. */
  readCell(cell: LogCell, range?: LogRange): Promise<CellRows>;
  /** The newest `limit` shown reports of a cell, newest first. */
  readNewest(cell: LogCell, limit: number, range?: LogRange): Promise<Report[]>;
  /** Notes that somebody flagged a report, once for each; returns all flags of it. The store forgets it at `untilMs`. */
  flag(reportId: string, flag: Flag): Promise<readonly KeptFlag[]>;
  /** Flags of a report. */
  flagsOf(reportId: string): Promise<readonly KeptFlag[]>;
  /** Every cell that holds a row, each once, found by reading the whole store: for what is made anew from the rows. */
  cells(): AsyncIterable<LogCell>;
  /** Whether the store never held a report, or none that is left. */
  isEmpty(): Promise<boolean>;
  /**
   * What changed since a cursor of an earlier call, for other processes than the writer; every change is told at least once.
   * A change may be told in several calls over some seconds, and each time the cell must be read again: one telling stands
   * for writes that come shortly after it too. Without a cursor: nothing but a cursor for now; take it before reading cells.
   * @throws RangeError when the cursor is none.
   */
  readChanges(cursor?: string): Promise<{ changes: LogChange[]; cursor: string }>;
  /**
   * Looks for what was stored by processes that died so long ago that the changes since a cursor cannot be told any more, and
   * publishes it. Does nothing unless everybody slept for over a day; then it takes some hundred requests.
   */
  recover(cursor: string): Promise<void>;
  /**
   * Publishes which rows are known to be stored, so that readers of the changes need not read them, and what an earlier
   * request failed to publish. To be called some times a second while there are writes, and before the store is closed, when
   * `isLast` has it store all rows that have not followed their intents yet; whatever is not confirmed is read instead.
   */
  confirm(options?: { readonly isLast?: boolean }): Promise<void>;
  /**
   * Remembers for a day that an idempotency key belongs to a request (`fingerprint`) and the report id it made. Returns what is remembered: the caller's own pair if the key is new,
   * else the earlier one.
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

/** A flag as it is kept. */
export interface KeptFlag {
  /** Who, as a hash. */
  readonly flagger: string;
  readonly reason?: string;
}

export interface Flag extends KeptFlag {
  /** Unix milliseconds. */
  readonly untilMs: number;
}

export interface RememberOptions {
  /** Unix milliseconds; from then on the key is free again. */
  readonly untilMs: number;
  readonly replace?: boolean;
}

/** The store is throttled, away or timed out: 503 with Retry-After. Nothing was acknowledged; what was to be stored may be. */
export class StoreUnavailableError extends Error {
  override readonly name = "StoreUnavailableError";
  /** For the client, where there is more to say than that the store is away. */
  readonly detail: string | undefined;

  constructor(message: string, options: ErrorOptions & { readonly detail?: string } = {}) {
    super(message, options);
    this.detail = options.detail;
  }
}
