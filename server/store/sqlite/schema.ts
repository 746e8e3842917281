import { accessSync, constants, existsSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";

/**
 * The tables of the one file. A cell is named as everywhere (`safety#9v6kp`), ids sort by time within it, so that a cell's reports, or
 * the newest of them, are one range of one B-tree:
 *
 *     reports   a report as it was put; of a removed one only the id is left
 *     edits     the newest version of a report that was edited
 *     changes   the change feed; `seq` grows in the order of the commits, so that no reader can miss one that is committed later
 *     flags     who flagged a report
 *     kept      idempotency keys and remembered values, each until a time
 *     derived   derived data by group and name
 *
 * Reports, edits and derived data have no rowid: their key is the tree, which is half the size and three times as fast to read.
 */
const SCHEMA = `
  CREATE TABLE reports (
    cell TEXT NOT NULL, id TEXT NOT NULL, category TEXT NOT NULL, severity INTEGER NOT NULL,
    lon_e6 INTEGER NOT NULL, lat_e6 INTEGER NOT NULL, text TEXT, expires_ms INTEGER,
    reporter INTEGER,
    PRIMARY KEY (cell, id)
  ) WITHOUT ROWID;
  CREATE TABLE edits (
    cell TEXT NOT NULL, id TEXT NOT NULL, version INTEGER NOT NULL, state TEXT NOT NULL, content TEXT,
    PRIMARY KEY (cell, id)
  ) WITHOUT ROWID;
  CREATE TABLE changes (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, at_ms INTEGER NOT NULL, cell TEXT NOT NULL, from_id TEXT NOT NULL,
    brings INTEGER NOT NULL
  );
  CREATE TABLE flags (
    report_id TEXT NOT NULL, flagger TEXT NOT NULL, reason TEXT, until_ms INTEGER NOT NULL,
    PRIMARY KEY (report_id, flagger)
  ) WITHOUT ROWID;
  CREATE TABLE kept (name TEXT PRIMARY KEY, value TEXT NOT NULL, until_ms INTEGER NOT NULL) WITHOUT ROWID;
  CREATE TABLE derived (
    grp TEXT NOT NULL, name TEXT NOT NULL, version INTEGER NOT NULL, expires_s INTEGER, body BLOB NOT NULL,
    PRIMARY KEY (grp, name)
  ) WITHOUT ROWID;
  CREATE TABLE versions (last INTEGER NOT NULL);
  INSERT INTO versions VALUES (0);
`;

/** Which tables these are; a file of another version is refused. */
export const SCHEMA_VERSION = 2;

/** What makes the tables of a version those of the next. */
const UPGRADES: readonly string[] = ["", "ALTER TABLE reports ADD COLUMN reporter INTEGER"];

/** The file in DATA_DIR. SQLite keeps its log (`-wal`) and its index (`-shm`) beside it. */
export const SQLITE_FILE = "reports.sqlite";

/** In place of a path: a database of the one connection that opens it. */
export const IN_MEMORY = ":memory:";

/** How long a connection waits for another process's lock where it does not try again itself. */
const LOCK_PATIENCE_MS = 10_000;

/** Pages that a connection keeps: 32 MB, on top of what the system's page cache holds. */
const CACHE_KB = 32 * 1024;

/** The log keeps no more than this of what it grew to while readers held it up. */
const KEPT_LOG_BYTES = 32 * 1024 * 1024;

/**
 * Opens the file, and makes its tables if there are none. What is committed survives a power cut: the log is synchronised with each
 * commit (`FULL`). Checkpoints are the writer's work (`write-thread.ts`), not that of whoever commits.
 * @throws Error when it is no database of ours, or of a later program, or may not be written
 */
export function openSqlite(path: string): DatabaseSync {
  assertWritable(path);
  const db = new DatabaseSync(path, { timeout: LOCK_PATIENCE_MS });
  try {
    db.exec(`
      PRAGMA journal_mode = WAL;
      PRAGMA synchronous = FULL;
      PRAGMA fullfsync = ON;
      PRAGMA secure_delete = FAST;
      PRAGMA wal_autocheckpoint = 0;
      PRAGMA journal_size_limit = ${KEPT_LOG_BYTES};
      PRAGMA cache_size = -${CACHE_KB};
    `);
    makeTables(db);
  } catch (error) {
    db.close();
    throw error;
  }
  return db;
}

/** SQLite opens what it may only read, and fails with the first write. */
function assertWritable(path: string): void {
  for (const file of [path, `${path}-wal`, `${path}-shm`]) {
    if (existsSync(file)) accessSync(file, constants.R_OK | constants.W_OK);
  }
}

function makeTables(db: DatabaseSync): void {
  if (versionOf(db) === SCHEMA_VERSION) return;
  db.exec("BEGIN IMMEDIATE");
  try {
    const version = versionOf(db);
    if (version > SCHEMA_VERSION)
      throw new Error(`its tables are of version ${version}, this program knows ${SCHEMA_VERSION}`);
    if (version === 0 && holdsTables(db)) throw new Error("it is another program's database");
    db.exec(version === 0 ? SCHEMA : UPGRADES.slice(version).join(";"));
    db.exec(`PRAGMA user_version = ${SCHEMA_VERSION}`);
    db.exec("COMMIT");
  } catch (error) {
    if (db.isTransaction) db.exec("ROLLBACK");
    throw error;
  }
}

const holdsTables = (db: DatabaseSync): boolean =>
  db.prepare("SELECT 1 FROM sqlite_schema LIMIT 1").get() !== undefined;

function versionOf(db: DatabaseSync): number {
  return Number(db.prepare("PRAGMA user_version").get()?.user_version ?? 0);
}
