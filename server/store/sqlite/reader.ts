import type { DatabaseSync } from "node:sqlite";
import { setImmediate as yieldTurn } from "node:timers/promises";
import type { Report } from "../../../tiles/report.ts";
import { parseReportId } from "../../../tiles/report-id.ts";

import type { Clock } from "../../ports/clock.ts";
import type { CellRows, EditedReport, LogCell, LogRange } from "../../ports/report-store.ts";
import { type EditedVersion, editedReport } from "../edits.ts";
import { cellName } from "../keys.ts";
import { isLive } from "../log-changes.ts";
import { rowOfReport } from "../rows.ts";
import { arrays, cellNameOfId, cellOfName, REPORT_COLUMNS, reportOf, type SqliteRow } from "./report-rows.ts";
import { type StoredEdit, versionOf } from "./writes.ts";

/** Reads reports as they are now. A read takes the event loop for a millisecond at the most, then others come. */
export interface ReportReader {
  get(id: string): Report | undefined;
  /** Whether there is a row, shown or not. */
  has(id: string): boolean;
  readCell(cell: LogCell, range?: LogRange): Promise<CellRows>;
  readNewest(cell: LogCell, limit: number, range?: LogRange): Promise<Report[]>;
  cells(): AsyncIterable<LogCell>;
  isEmpty(): boolean;
}

/** Rows read in one turn; and the fewest, where the newest may be hidden or expired. */
const PAGE_ROWS = 1000;
const LEAST_PAGE_ROWS = 32;
const CELLS_A_TURN = 200;
/** Sorts after every id. */
const AFTER_IDS = "~";

export function createReportReader(db: DatabaseSync, clock: Clock): ReportReader {
  const rowOfId = arrays<SqliteRow>(db, `SELECT ${REPORT_COLUMNS} FROM reports WHERE cell = ? AND id = ?`);
  const rowsOf = (order: "ASC" | "DESC") =>
    arrays<SqliteRow>(
      db,
      `SELECT ${REPORT_COLUMNS} FROM reports WHERE cell = ? AND id >= ? AND id < ? ORDER BY id ${order} LIMIT ?`,
    );
  const [ascending, descending] = [rowsOf("ASC"), rowsOf("DESC")];
  const editOf = arrays<StoredEdit>(db, "SELECT version, state, content FROM edits WHERE cell = ? AND id = ?");
  const editsOf = arrays<readonly [...StoredEdit, ...SqliteRow]>(
    db,
    `SELECT edits.version, edits.state, edits.content, ${columnsOf("reports")}
       FROM edits JOIN reports USING (cell, id) WHERE edits.cell = ?`,
  );
  const nextCell = arrays<[string]>(db, "SELECT cell FROM reports WHERE cell > ? ORDER BY cell LIMIT 1");

  function edited(layer: Report["layer"], row: SqliteRow, version: EditedVersion): EditedReport {
    const report = reportOf(layer, row);
    return editedReport(row[0], version, report && rowOfReport(report));
  }

  function shown(cell: LogCell, row: SqliteRow, version: EditedVersion | undefined): Report[] {
    const report = version === undefined ? reportOf(cell.layer, row) : edited(cell.layer, row, version).report;
    return report !== undefined && isLive(report, clock.now()) ? [report] : [];
  }

  function versionsOf(cell: LogCell): Map<string, readonly [EditedVersion, SqliteRow]> {
    return new Map(
      editsOf.all(cellName(cell)).map(([version, state, content, ...row]) => {
        return [row[0], [versionOf([version, state, content]), row] as const];
      }),
    );
  }

  async function allRows(cell: LogCell, { from = "", before = AFTER_IDS }: LogRange): Promise<SqliteRow[][]> {
    const pages: SqliteRow[][] = [];
    for (let next = from; ; ) {
      const page = ascending.all(cellName(cell), next, before, PAGE_ROWS);
      pages.push(page);
      if (page.length < PAGE_ROWS) return pages;
      next = `${page.at(-1)?.[0]}0`;
      await yieldTurn();
    }
  }

  return {
    has(id) {
      const cell = cellNameOfId(id);
      return cell !== undefined && rowOfId.get(cell, id) !== undefined;
    },

    get(id) {
      const [cell, parts] = [cellNameOfId(id), parseReportId(id)];
      if (cell === undefined || parts === undefined) return undefined;
      const row = rowOfId.get(cell, id);
      if (row === undefined) return undefined;
      const edit = editOf.get(cell, id);
      return shown(parts, row, edit && versionOf(edit))[0];
    },

    async readCell(cell, range = {}) {
      const pages = await allRows(cell, range);
      // Behind the rows: whatever was edited before they were read is known.
      const versions = versionsOf(cell);
      const reports: Report[] = [];
      for (const page of pages) {
        for (const row of page) reports.push(...shown(cell, row, versions.get(row[0])?.[0]));
      }
      const known = [...versions].map(([id, [version, row]]) => [id, edited(cell.layer, row, version)] as const);
      return { reports, edited: new Map(known) };
    },

    async readNewest(cell, limit, { from = "", before = AFTER_IDS } = {}) {
      const versions = versionsOf(cell);
      const newest: Report[] = [];
      for (let end = before; newest.length < limit; ) {
        const asked = Math.min(PAGE_ROWS, Math.max(LEAST_PAGE_ROWS, limit - newest.length));
        const page = descending.all(cellName(cell), from, end, asked);
        for (const row of page) newest.push(...shown(cell, row, versions.get(row[0])?.[0]));
        if (page.length < asked) break;
        end = page.at(-1)?.[0] ?? from;
        await yieldTurn();
      }
      return newest.slice(0, Math.max(0, limit));
    },

    async *cells() {
      for (let name = "", count = 1; ; count++) {
        const next = nextCell.get(name)?.[0];
        if (next === undefined) return;
        name = next;
        const cell = cellOfName(name);
        if (cell !== undefined) yield cell;
        if (count % CELLS_A_TURN === 0) await yieldTurn();
      }
    },

    isEmpty: () => nextCell.get("") === undefined,
  };
}

const columnsOf = (table: string): string =>
  REPORT_COLUMNS.split(", ")
    .map((column) => `${table}.${column}`)
    .join(", ");
