import { createHash } from "node:crypto";
import { type FileHandle, link, open, readdir, rename, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { errorCode } from "../console/operator-error.ts";
import type { Clock } from "../ports/clock.ts";
import type { DerivedStore } from "../ports/derived-store.ts";
import { formatOfName } from "./files/file-name.ts";
import type { RejectFormat, Row } from "./files/row.ts";
import { createWrittenRejects, type WrittenRejects } from "./keeping/written-rejects.ts";
import {
  cannotWrite,
  findRejectsTarget,
  hashFile,
  numberedPath,
  type RejectsTarget,
  statOf,
} from "./rejects-target.ts";

/** The rows that were not imported, as a file that the same options import once it is mended. */
export interface Rejects {
  /** Resolves when there is room for the next. @throws OperatorError when they cannot be written */
  add(row: Row, reason: string): Promise<void>;
  /**
   * Puts the file in its place, and takes an earlier run's away, unless somebody has changed it.
   * @returns its path, nothing when there are no rows
   * @throws OperatorError when it cannot be written
   */
  finish(): Promise<string | undefined>;
  /** Leaves everything as it was. */
  discard(): Promise<void>;
}

const HELD_BYTES = 1 << 18;

/** Nothing is written, as in a dry run that names no file. */
export const NO_REJECTS: Rejects = { async add() {}, finish: async () => undefined, async discard() {} };

export interface RejectsOptions {
  readonly target: RejectsTarget;
  readonly format: RejectFormat;
  readonly written: WrittenRejects;
}

export interface RejectsOfImport {
  readonly path: string;
  readonly rejectsPath?: string | undefined;
  readonly rejectsBase?: string | undefined;
  readonly dryRun?: boolean | undefined;
  readonly derived: DerivedStore;
  readonly clock: Clock;
}

/** What came of the rejects, as sentences. */
export interface PreparedRejects {
  open(format: RejectFormat): Rejects;
  /** @param path what `finish` gave; @param rejected rows */
  notes(path: string | undefined, rejected: number): string[];
}

/**
 * Finds where an import's rejects may go, before anything is read. A dry run writes none unless it names a file.
 * @throws OperatorError as `findRejectsTarget`
 */
export async function prepareRejects(options: RejectsOfImport, ending: string): Promise<PreparedRejects> {
  const { path, rejectsPath: named, rejectsBase: base, dryRun } = options;
  if (dryRun && named === undefined) {
    const unwritten = "Rejected rows are not written in a dry run: --rejects FILE writes them with their reasons.";
    return { open: () => NO_REJECTS, notes: (_, rejected) => (rejected > 0 ? [unwritten] : []) };
  }
  const written = createWrittenRejects(options.derived, options.clock);
  const target = await findRejectsTarget({ inputPath: path, named, base, ending, written });
  return {
    open: (format) => openRejects({ target, format, written }),
    notes(finished) {
      if (finished === undefined) return [];
      const left =
        target.leaves === undefined
          ? []
          : [`${target.leaves} was changed since an import wrote it, and is left as it is.`];
      const isTold = target.isStream || formatOfName(finished) === "ndjson" || ending !== "ndjson";
      return isTold ? left : [...left, `${finished} is newline-delimited JSON: import it with --format ndjson.`];
    },
  };
}

/** Rows go into a file beside the target, which takes its name at the end: so that what is there stays whole until then. */
export function openRejects({ target, format, written }: RejectsOptions): Rejects {
  const { path, isStream } = target;
  const partPath = isStream ? path : `${path}.${process.pid}.part`;
  const hash = createHash("sha256");
  let held: Buffer[] = [];
  let heldBytes = 0;
  let file: FileHandle | undefined;

  const orCannot = <T>(act: Promise<T>): Promise<T> =>
    act.catch((error: unknown) => {
      throw cannotWrite(path, error);
    });

  async function begin(): Promise<FileHandle> {
    if (!isStream) await removeLeftParts(path);
    file = await orCannot(open(partPath, "w"));
    hold(format.head());
    return file;
  }

  function hold(bytes: Buffer): void {
    held.push(bytes);
    heldBytes += bytes.length;
  }

  async function flush(into: FileHandle): Promise<void> {
    const bytes = Buffer.concat(held);
    held = [];
    heldBytes = 0;
    hash.update(bytes);
    await orCannot(into.writeFile(bytes));
  }

  return {
    async add(row, reason) {
      const into = file ?? (await begin());
      hold(format.line(row, reason));
      if (heldBytes >= HELD_BYTES) await flush(into);
    },
    async finish() {
      if (file === undefined) {
        // One that is empty may be another's, who made it to be written to.
        if ((await statOf(path))?.size !== 0 && (await isStill(target))) await orCannot(rm(path));
        return undefined;
      }
      await flush(file);
      await orCannot(file.close());
      if (isStream) return path;
      // Before it is in its place: whatever comes between, the next run knows it.
      await written.add(hash.digest("hex"));
      return orCannot(place(partPath, target));
    },
    async discard() {
      if (file === undefined) return;
      await file.close().catch(() => {});
      if (!isStream) await rm(partPath, { force: true });
    },
  };
}

/** The earlier rejects are there as they were. */
async function isStill({ path, replaces }: RejectsTarget): Promise<boolean> {
  return replaces !== undefined && (await statOf(path)) !== undefined && (await hashFile(path)) === replaces;
}

/** Gives a file its name, or one beside it where another file has come meanwhile. @returns the name */
async function place(partPath: string, target: RejectsTarget): Promise<string> {
  if (await isStill(target)) {
    await rename(partPath, target.path);
    return target.path;
  }
  for (let n = 1; ; n++) {
    const path = n === 1 ? target.path : numberedPath(target.path, n);
    if (await moveToFree(partPath, path)) return path;
  }
}

/** False when there is something. A link is made only where there is nothing; some file systems have none. */
async function moveToFree(partPath: string, path: string): Promise<boolean> {
  try {
    await link(partPath, path);
    await rm(partPath);
    return true;
  } catch (error) {
    if (errorCode(error) === "EEXIST") return false;
    if ((await statOf(path)) !== undefined) return false;
    await rename(partPath, path);
    return true;
  }
}

/** Removes what runs left behind that were killed. */
async function removeLeftParts(path: string): Promise<void> {
  const names = await readdir(dirname(path)).catch((): string[] => []);
  for (const name of names) {
    if (!name.startsWith(`${basename(path)}.`)) continue;
    const pid = Number(/^\.(\d{1,10})\.part$/.exec(name.slice(basename(path).length))?.[1] ?? 0);
    if (pid > 0 && !isRunning(pid)) await rm(join(dirname(path), name), { force: true });
  }
}

function isRunning(pid: number): boolean {
  if (pid === process.pid) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return errorCode(error) !== "ESRCH";
  }
}
