import type { DatabaseSync } from "node:sqlite";
import { earlierId, parseReportId } from "../../../tiles/report-id.ts";
import type { EditedReport, Flag, KeptFlag, PutOutcome, ReportEdit } from "../../ports/report-store.ts";
import { isKept } from "../derived.ts";
import { type EditedVersion, editedReport, nextVersion } from "../edits.ts";
import { FEED_LIFETIME_MS } from "../log-changes.ts";
import { type EditedState, type ReportContent, rowOfReport } from "../rows.ts";
import { createFlagReader } from "./flags.ts";
import { arrays, BLANK_ROW, cellNameOfId, REPORT_COLUMNS, reportOf, type SqliteRow } from "./report-rows.ts";
import { createSweep, type Sweep } from "./sweep.ts";

/** Rows of a cell that are to be stored, one at least. */
export interface CellPut {
  readonly cell: string;
  readonly rows: readonly SqliteRow[];
}

export interface DerivedPut {
  readonly group: string;
  readonly name: string;
  readonly body: Uint8Array;
  readonly expected: number | undefined;
  readonly expiresAtSeconds: number | undefined;
  readonly nowMs: number;
}

/** A value to be kept under a name, unless another is. */
export interface KeptValue {
  readonly name: string;
  readonly value: string;
  readonly untilMs: number;
  readonly nowMs: number;
  readonly replaces: boolean;
}

/**
 * Everything that changes the file. Each call is a part of a transaction that somebody else begins and ends, so what it reads stays
 * true until what it writes is committed; inputs and results are plain data, which go from thread to thread.
 */
export interface Writes {
  /** Stores rows that are not there, and publishes each cell from its oldest on. Counts what was new. */
  putMany(puts: readonly CellPut[], nowMs: number): number;
  /** Stores one, and publishes it. */
  put(cell: string, row: SqliteRow, isFresh: boolean, nowMs: number): PutOutcome;
  edit(id: string, edit: ReportEdit, nowMs: number): EditedReport | undefined;
  /** Publishes again what was brought by rows, in the plain way. */
  republish(cell: string, from: string, nowMs: number): void;
  flag(reportId: string, flag: Flag): KeptFlag[];
  keep(value: KeptValue): string;
  putDerived(item: DerivedPut): boolean;
  removeDerived(group: string, items: readonly { readonly name: string; readonly version: number }[]): void;
  sweep(from: string, nowMs: number): ReturnType<Sweep>;
}

export function createWrites(db: DatabaseSync): Writes {
  const insert = db.prepare(
    `INSERT INTO reports (cell, ${REPORT_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`,
  );
  const publish = createPublish(db);
  const putRow = (cell: string, row: SqliteRow): boolean => insert.run(cell, ...row).changes === 1;

  return {
    putMany(puts, nowMs) {
      let written = 0;
      for (const { cell, rows } of puts) {
        for (const row of rows) if (putRow(cell, row)) written++;
        const ids = rows.map(([id]) => id);
        publish(
          cell,
          ids.reduce((least, id) => earlierId(least, id) ?? id),
          false,
          nowMs,
        );
      }
      return written;
    },
    put(cell, row, isFresh, nowMs) {
      const isNew = putRow(cell, row);
      publish(cell, row[0], isNew && isFresh, nowMs);
      return isNew ? "created" : "exists";
    },
    republish: (cell, from, nowMs) => publish(cell, from, false, nowMs),
    edit: createEdit(db, publish),
    ...createKeeping(db),
    ...createDerivedWrites(db),
    sweep: createSweep(db),
  };
}

/** A row of `edits`. */
export type StoredEdit = readonly [version: number, state: string, content: string | null];

/** What is known of an edited report; a state that this program does not know hides it. */
export const versionOf = ([version, state, content]: StoredEdit): EditedVersion => ({
  version,
  state: state === "shown" || state === "removed" ? state : ("hidden" satisfies EditedState),
  ...(content === null ? {} : { content: JSON.parse(content) as ReportContent }),
});

type Publish = (cell: string, from: string, brings: boolean, nowMs: number) => void;

/** Old changes that a new one takes away: more than one, so that the feed cannot but shrink to the changes of a day. */
const FORGOTTEN_EACH = 4;

function createPublish(db: DatabaseSync): Publish {
  const insert = db.prepare("INSERT INTO changes (at_ms, cell, from_id, brings) VALUES (?, ?, ?, ?)");
  const forget = db.prepare(
    `DELETE FROM changes WHERE at_ms < ? AND seq IN (SELECT seq FROM changes ORDER BY seq LIMIT ${FORGOTTEN_EACH})`,
  );
  return (cell, from, brings, nowMs) => {
    insert.run(nowMs, cell, from, brings ? 1 : 0);
    forget.run(nowMs - FEED_LIFETIME_MS);
  };
}

function createEdit(db: DatabaseSync, publish: Publish): Writes["edit"] {
  const readRow = arrays<SqliteRow>(db, `SELECT ${REPORT_COLUMNS} FROM reports WHERE cell = ? AND id = ?`);
  const readEdit = arrays<StoredEdit>(db, "SELECT version, state, content FROM edits WHERE cell = ? AND id = ?");
  const writeEdit = db.prepare(
    "INSERT OR REPLACE INTO edits (cell, id, version, state, content) VALUES (?, ?, ?, ?, ?)",
  );
  const blank = db.prepare(`UPDATE reports SET ${BLANK_ROW} WHERE cell = ? AND id = ?`);

  return (id, edit, nowMs) => {
    const [cell, parts] = [cellNameOfId(id), parseReportId(id)];
    if (cell === undefined || parts === undefined) return undefined;
    const row = readRow.get(cell, id);
    if (row === undefined) return undefined;
    const stored = readEdit.get(cell, id);
    const known = stored && versionOf(stored);
    const next = nextVersion(known, edit);
    if (next === undefined) return undefined;
    if (next !== known) {
      writeEdit.run(
        cell,
        id,
        next.version,
        next.state,
        next.content === undefined ? null : JSON.stringify(next.content),
      );
      if (next.state === "removed") blank.run(cell, id);
    }
    // Also when nothing changed: whoever asked before may not have been answered.
    publish(cell, id, false, nowMs);
    const report = reportOf(parts.layer, row);
    return editedReport(id, next, report && rowOfReport(report));
  };
}

function createKeeping(db: DatabaseSync): Pick<Writes, "flag" | "keep"> {
  const flag = db.prepare(
    "INSERT INTO flags (report_id, flagger, reason, until_ms) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING",
  );
  const readFlags = createFlagReader(db);
  const readKept = arrays<[value: string, untilMs: number]>(db, "SELECT value, until_ms FROM kept WHERE name = ?");
  const writeKept = db.prepare("INSERT OR REPLACE INTO kept (name, value, until_ms) VALUES (?, ?, ?)");
  return {
    flag(reportId, { flagger, reason, untilMs }) {
      flag.run(reportId, flagger, reason ?? null, untilMs);
      return readFlags(reportId);
    },
    keep({ name, value, untilMs, nowMs, replaces }) {
      const [held, heldUntilMs = 0] = readKept.get(name) ?? [];
      if (held !== undefined && heldUntilMs > nowMs && !replaces) return held;
      writeKept.run(name, value, untilMs);
      return value;
    },
  };
}

function createDerivedWrites(db: DatabaseSync): Pick<Writes, "putDerived" | "removeDerived"> {
  const readVersion = arrays<[version: number, expiresAtSeconds: number | null]>(
    db,
    "SELECT version, expires_s FROM derived WHERE grp = ? AND name = ?",
  );
  const nextVersionOf = arrays<[number]>(db, "UPDATE versions SET last = last + 1 RETURNING last");
  const write = db.prepare(
    "INSERT OR REPLACE INTO derived (grp, name, version, expires_s, body) VALUES (?, ?, ?, ?, ?)",
  );
  const remove = db.prepare("DELETE FROM derived WHERE grp = ? AND name = ? AND version = ?");
  return {
    putDerived({ group, name, body, expected, expiresAtSeconds, nowMs }) {
      const [version, expiry] = readVersion.get(group, name) ?? [];
      const known = isKept(expiry ?? undefined, nowMs) ? version : undefined;
      if (known !== expected) return false;
      write.run(group, name, nextVersionOf.all()[0]?.[0] ?? 0, expiresAtSeconds ?? null, body);
      return true;
    },
    removeDerived(group, items) {
      for (const { name, version } of items) remove.run(group, name, version);
    },
  };
}
