import { readItem, StoredItemError, writeItem } from "../../../tiles/codec/stored-item.ts";
import { REPORT_LIFETIME_MS } from "../../../tiles/layers.ts";
import type { DerivedItem, DerivedStore } from "../../ports/derived-store.ts";

export const RUNS_GROUP = "imports/runs";
/** Segments of all runs of a source, which are read together; those of runs without row ids are of no source. */
export const journalGroup = (source: string | undefined): string =>
  source === undefined ? "imports/journal" : `imports/journal/${source}`;
/** Reports of runs that are undone which were left as moderators had them. */
export const LEFT_GROUP = "imports/left";

/**
 * running: or ended without a word. stopped: interrupted, or its journal holds no more than what was done.
 * undoing: an undo was interrupted.
 */
export type RunState = "running" | "done" | "stopped" | "undoing" | "undone";

/** What an import did that stored something. */
export interface Run {
  /** As the operator names it; sorts by time. */
  readonly id: string;
  readonly startedMs: number;
  readonly state: RunState;
  /** Whose row ids its file has; left out where rows have none. */
  readonly source?: string | undefined;
  /** The file's name, without its folder. */
  readonly file: string;
  readonly counts: RunCounts;
  readonly alive: Alive;
  readonly undone?: Undone | undefined;
}

export interface RunCounts {
  readonly written: number;
  readonly replaced: number;
  readonly existing: number;
  readonly rejected: number;
}

/** By which others tell whether a process is still at it. */
export interface Alive {
  /** Unix milliseconds; a process that says nothing anew until then has died. */
  readonly untilMs: number;
  readonly host: string;
  readonly pid: number;
}

export interface Undone {
  readonly atMs: number;
  readonly removed: number;
  readonly restored: number;
  /** As moderators had hidden or removed them. */
  readonly left: number;
}

const VERSION = 1;

export const encodeRun = (run: Run): Uint8Array<ArrayBuffer> =>
  writeItem("import-run", VERSION, (out) => out.text(JSON.stringify(run)));

/** @throws StoredItemError */
export const decodeRun = ({ name, body }: Pick<DerivedItem, "name" | "body">): Run =>
  readItem("import-run", VERSION, name, body, (from) => JSON.parse(from.text()) as Run);

export interface KeptRun {
  readonly run: Run;
  /** What a write must name. */
  readonly version: number;
}

/**
 * Runs whose reports have not all expired, oldest first; those that cannot be read are left out.
 * @param newest not more than so many, the newest
 * @throws StoreUnavailableError
 */
export async function listRuns(derived: Pick<DerivedStore, "list">, newest?: number): Promise<KeptRun[]> {
  const limits = newest === undefined ? {} : { limit: newest, descending: true };
  const items = await derived.list(RUNS_GROUP, { consistent: true, ...limits });
  const runs = items.flatMap((item): KeptRun[] => {
    try {
      return [{ run: decodeRun(item), version: item.version }];
    } catch (error) {
      if (error instanceof StoredItemError) return [];
      throw error;
    }
  });
  return newest === undefined ? runs : runs.reverse();
}

/** @throws StoreUnavailableError, StoredItemError */
export async function findRun(derived: Pick<DerivedStore, "get">, id: string): Promise<KeptRun | undefined> {
  const item = await derived.get(RUNS_GROUP, id, { consistent: true });
  return item && { run: decodeRun(item), version: item.version };
}

/**
 * Keeps a run until the last report that it can have made has expired.
 * @param expected version of the item that it takes the place of
 * @returns false when another process was faster
 * @throws StoreUnavailableError
 */
export const putRun = (derived: Pick<DerivedStore, "put">, run: Run, expected: number | undefined): Promise<boolean> =>
  derived.put(RUNS_GROUP, run.id, encodeRun(run), { expected, expiresAtMs: run.startedMs + RUN_LIFETIME_MS });

/** A run may take some days, and its reports are as young as its end. */
const RUN_LIFETIME_MS = REPORT_LIFETIME_MS + 10 * 86_400_000;
