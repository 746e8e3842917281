import type { DatabaseSync } from "node:sqlite";
import { setImmediate as yieldTurn } from "node:timers/promises";
import { columnsOfReports } from "../../../tiles/report-columns.ts";

import type { LogCell, LogChange, ReportStore } from "../../ports/report-store.ts";
import { FROM_THE_BEGINNING } from "../keys.ts";
import { mergeChanges, parseCursor } from "../log-changes.ts";
import { arrays, cellOfName, REPORT_COLUMNS, reportOf, type SqliteRow } from "./report-rows.ts";

type ChangeRow = readonly [seq: number, cell: string, from: string, brings: number, ...row: Partial<SqliteRow>];

/** Changes read in one turn. */
const PAGE_CHANGES = 2000;

/**
 * The change feed: a cursor is the number of the last change that was read. Numbers are given within transactions, of which there is one
 * at a time, so whoever has read a number has missed none below it.
 * @param cells every cell that holds a report, for a reader who slept longer than the feed remembers
 */
export function createChangeReader(db: DatabaseSync, cells: () => AsyncIterable<LogCell>): ReportStore["readChanges"] {
  const lastSeq = arrays<[number]>(db, "SELECT seq FROM sqlite_sequence WHERE name = 'changes'");
  const firstSeq = arrays<[number]>(db, "SELECT seq FROM changes ORDER BY seq LIMIT 1");
  const since = arrays<ChangeRow>(
    db,
    `SELECT changes.seq, changes.cell, changes.from_id, changes.brings, ${prefixed(REPORT_COLUMNS)}
       FROM changes LEFT JOIN reports
         ON changes.brings = 1 AND reports.cell = changes.cell AND reports.id = changes.from_id
      WHERE changes.seq > ? AND changes.seq <= ? ORDER BY changes.seq LIMIT ${PAGE_CHANGES}`,
  );

  /** Every cell, from a number on that is known before: what changes meanwhile is told again. */
  async function everything(last: number) {
    const changes: LogChange[] = [];
    for await (const cell of cells()) changes.push({ ...cell, from: FROM_THE_BEGINNING });
    return { changes, cursor: String(last) };
  }

  return async (cursor) => {
    const last = lastSeq.get()?.[0] ?? 0;
    if (cursor === undefined) return { changes: [], cursor: String(last) };
    const seen = parseCursor(cursor);
    const isForgotten = () => seen < (firstSeq.get()?.[0] ?? last + 1) - 1;
    // Beyond the last one: of another file, or of one that a backup was put in place of.
    if (seen > last || isForgotten()) return everything(last);
    const changes: LogChange[] = [];
    for (let at = seen; at < last; ) {
      const page = since.all(at, last);
      for (const row of page) changes.push(...changeOf(row));
      at = page.length < PAGE_CHANGES ? last : (page.at(-1)?.[0] ?? last);
      if (at < last) await yieldTurn();
    }
    // Also of what was forgotten while it was read.
    return isForgotten() ? everything(last) : { changes: mergeChanges(changes), cursor: String(last) };
  };
}

function changeOf([, name, from, brings, ...row]: ChangeRow): LogChange[] {
  const cell = cellOfName(name);
  if (cell === undefined) return [];
  // Removed or expired meanwhile: then there is a later change, or nothing to show.
  const report =
    brings === 1 && typeof row[0] === "string" ? reportOf(cell.layer, row as unknown as SqliteRow) : undefined;
  return [{ ...cell, from, ...(report !== undefined && { rows: columnsOfReports([report]) }) }];
}

const prefixed = (columns: string): string => columns.replaceAll(/\w+/g, "reports.$&");
