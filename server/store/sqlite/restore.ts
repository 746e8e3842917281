import type { DatabaseSync } from "node:sqlite";
import { versionOfRow } from "../edits.ts";
import { cellName, cellOfPartition, editedOfSortKey, FROM_THE_BEGINNING, type Key, REPORT_PREFIX } from "../keys.ts";
import { type EditedRow, type ReportRow, reportOfRow } from "../rows.ts";
import { REPORT_COLUMNS, rowOf } from "./report-rows.ts";
import { KEY_CLAIM, REMEMBERED } from "./sqlite.ts";

/** An item of DynamoDB's table, with all its attributes. */
export type TableItem = Key & Readonly<Record<string, unknown>>;

/** Pages that the log grows to before it is moved into the file: 16 MB. */
const LOG_PAGES = 4096;

/**
 * Publishes every cell that was taken over, from its beginning on: whoever follows the feed has read none of them, and a feed that tells
 * of nothing would say that there was nothing to read.
 */
export function publishRestored(db: DatabaseSync, nowMs: number): void {
  db.prepare(
    "INSERT INTO changes (at_ms, cell, from_id, brings) SELECT DISTINCT ?, cell, ?, 0 FROM reports ORDER BY cell",
  ).run(nowMs, FROM_THE_BEGINNING);
}

/**
 * Takes over items of a DynamoDB table: reports, edits, flags, idempotency keys and remembered values. Derived data is made anew, and
 * the change feed begins anew; reports that only an item of the feed holds are the caller's to put. Returns how many items were taken.
 */
export function createRestore(db: DatabaseSync): (items: readonly TableItem[]) => number {
  // Nobody else has the file open who would move the log into it.
  db.exec(`PRAGMA wal_autocheckpoint = ${LOG_PAGES}`);
  const report = db.prepare(
    `INSERT INTO reports (cell, ${REPORT_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`,
  );
  const edit = db.prepare("INSERT OR REPLACE INTO edits (cell, id, version, state, content) VALUES (?, ?, ?, ?, ?)");
  const flag = db.prepare("INSERT OR REPLACE INTO flags (report_id, flagger, reason, until_ms) VALUES (?, ?, ?, ?)");
  const kept = db.prepare("INSERT OR REPLACE INTO kept (name, value, until_ms) VALUES (?, ?, ?)");

  function takeOfCell(cell: string, item: TableItem): boolean {
    const edited = editedOfSortKey(item.sk);
    if (edited !== undefined) {
      const { version, state, content } = versionOfRow(item as unknown as EditedRow);
      edit.run(cell, edited, version, state, content === undefined ? null : JSON.stringify(content));
      return true;
    }
    if (!item.sk.startsWith(REPORT_PREFIX)) return false;
    const row = item as unknown as ReportRow;
    // Of a removed one nothing is left but the id.
    if (row.removed === true) report.run(cell, item.sk.slice(REPORT_PREFIX.length), "", 0, 0, 0, null, null, null);
    else report.run(cell, ...rowOf(reportOfRow(row)));
    return true;
  }

  function take(item: TableItem): boolean {
    const cell = cellOfPartition(item.pk);
    if (cell !== undefined) return takeOfCell(cellName(cell), item);
    const [kind = "", name = ""] = splitOnce(item.pk, "#");
    const untilMs = Number(item.until_ms ?? Number(item.expires_at) * 1000);
    switch (kind) {
      case "flags":
        flag.run(name, item.sk, typeof item.reason === "string" ? item.reason : null, untilMs);
        return true;
      case "idem":
        kept.run(
          KEY_CLAIM + name,
          JSON.stringify({ fingerprint: item.fingerprint, reportId: item.report_id }),
          untilMs,
        );
        return true;
      case "memo":
        kept.run(REMEMBERED + name, String(item.value), untilMs);
        return true;
      default:
        return false;
    }
  }

  return (items) => {
    db.exec("BEGIN IMMEDIATE");
    try {
      const taken = items.filter(take).length;
      db.exec("COMMIT");
      return taken;
    } catch (error) {
      if (db.isTransaction) db.exec("ROLLBACK");
      throw error;
    }
  };
}

function splitOnce(text: string, mark: string): [string, string] {
  const at = text.indexOf(mark);
  return at < 0 ? [text, ""] : [text.slice(0, at), text.slice(at + mark.length)];
}
