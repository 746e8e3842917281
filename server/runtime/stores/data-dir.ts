import { accessSync, constants, mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { z } from "zod";
import { errorCode, OperatorError } from "../../console/operator-error.ts";

/**
 * LevelDB and PGlite take one writer, so DATA_DIR belongs to one process: whoever holds the lock on `owner.lock`. It is an
 * SQLite file because SQLite's is the one file lock in Node's own library that the kernel drops when its holder dies, however
 * it dies; a process id alone may be somebody else's by then. `owner.json` tells others where the owner's stores listen.
 */
const LOCK_FILE = "owner.lock";
const OWNER_FILE = "owner.json";

const ownerSchema = z.object({
  pid: z.number(),
  /** `server` lives until it is stopped, `command` (import, seed, migrate) only until its work is done. */
  role: z.enum(["server", "command"]),
  started_at: z.string(),
  endpoints: z.object({ dynamodb: z.string().optional(), postgres: z.string().optional() }),
});

export type Owner = z.infer<typeof ownerSchema>;
export type Role = Owner["role"];
export type StoreName = keyof Owner["endpoints"];

export interface Claim {
  /** Lets other processes find one of the owner's stores. */
  announce(store: StoreName, url: string): void;
  release(): void;
}

/** A collected lock would be a lock let go. */
const held = new Set<DatabaseSync>();

/**
 * Makes the directory where needed and takes it for this process. `undefined`: another living process has it.
 * @throws OperatorError when it cannot be a directory or be written.
 */
export function claimDataDir(dir: string, role: Role): Claim | undefined {
  makeWritable(dir);
  const lock = takeLock(dir);
  if (lock === undefined) return undefined;
  held.add(lock);
  let owner: Owner = { pid: process.pid, role, started_at: new Date().toISOString(), endpoints: {} };
  writeOwner(dir, owner);
  return {
    announce(store, url) {
      owner = { ...owner, endpoints: { ...owner.endpoints, [store]: url } };
      writeOwner(dir, owner);
    },
    release() {
      if (!held.delete(lock)) return;
      rmSync(join(dir, OWNER_FILE), { force: true });
      lock.close();
    },
  };
}

/** What the owner has announced; `undefined` when nothing is to be read. Says nothing about whether it lives. */
export function readOwner(dir: string): Owner | undefined {
  try {
    return ownerSchema.parse(JSON.parse(readFileSync(join(dir, OWNER_FILE), "utf8")));
  } catch {
    return undefined;
  }
}

function writeOwner(dir: string, owner: Owner): void {
  const path = join(dir, OWNER_FILE);
  writeFileSync(`${path}.new`, `${JSON.stringify(owner, undefined, 2)}\n`);
  renameSync(`${path}.new`, path);
}

/** Makes the directory where needed. @throws OperatorError when it cannot be a directory or be written. */
export function makeWritable(dir: string): void {
  try {
    makeDirectories(dir);
    accessSync(dir, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch (error) {
    if (error instanceof OperatorError) throw error;
    throw new OperatorError(
      `DATA_DIR ${dir} cannot be written by this user (${errorCode(error)}): make it writable, or set DATA_DIR to a directory of ` +
        "your own (DATA_DIR=memory keeps nothing).",
    );
  }
}

/** Node's own recursive mkdir never returns where the file system makes no directories (`/proc`). */
function makeDirectories(dir: string): void {
  const kind = statSync(dir, { throwIfNoEntry: false });
  if (kind?.isDirectory()) return;
  if (kind !== undefined) {
    throw new OperatorError(
      `DATA_DIR needs a directory, but ${dir} is a file: set DATA_DIR to another path, or move the file away.`,
    );
  }
  makeDirectories(dirname(dir));
  try {
    mkdirSync(dir);
  } catch (error) {
    // Another process that starts at the same moment.
    if (errorCode(error) !== "EEXIST") throw error;
  }
}

const SQLITE_BUSY = 5;

function takeLock(dir: string): DatabaseSync | undefined {
  const path = join(dir, LOCK_FILE);
  let database: DatabaseSync | undefined;
  try {
    database = new DatabaseSync(path);
    database.exec("BEGIN EXCLUSIVE");
    return database;
  } catch (error) {
    database?.close();
    if (error instanceof Error && "errcode" in error && error.errcode === SQLITE_BUSY) return undefined;
    const reason = error instanceof Error ? error.message : String(error);
    throw new OperatorError(
      `${path} cannot be locked (${reason}): delete that file, or give it to the user that runs this.`,
    );
  }
}
