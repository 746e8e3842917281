import type { Report } from "../../../tiles/report.ts";
import { parseReportId } from "../../../tiles/report-id.ts";
import type { Clock } from "../../ports/clock.ts";
import type { EditedReport, LogCell, LogRange, PutOutcome, ReportEdit } from "../../ports/report-store.ts";
import { type EditedVersion, editedReport, nextVersion } from "../edits.ts";
import { cellName, cellOfReport, idOfSortKey, logSpan } from "../keys.ts";
import { isLive } from "../log-changes.ts";
import { rowOfReport } from "../rows.ts";

/** The rows of all cells, and what edits made of them. */
export interface MemoryLog {
  /** Adds a report's row, unless there is one. */
  append(report: Report): PutOutcome;
  /** Edits a report, and returns what it is then; undefined when there is none to edit. */
  edit(id: string, edit: ReportEdit): EditedReport | undefined;
  /** Whether there is a row, shown or not. */
  has(id: string): boolean;
  /** A report as it reads now; undefined when it is not shown. */
  find(id: string): Report | undefined;
  /** Shown reports of a range, oldest first. */
  shownIn(cell: LogCell, range?: LogRange): Report[];
  /** Edited reports of a cell that are live, by id. */
  editedIn(cell: LogCell): Map<string, EditedReport>;
  /** Every cell that holds a row. */
  cells(): Iterable<LogCell>;
}

interface CellLog {
  readonly cell: LogCell;
  /** Sorted by id; here nothing is gained by shards. */
  readonly rows: Report[];
  /** What edits made of reports, by id. */
  readonly versions: Map<string, EditedVersion>;
}

export function createMemoryLog({ clock }: { clock: Clock }): MemoryLog {
  /** By the cell's name. */
  const logs = new Map<string, CellLog>();

  const logOf = (cell: LogCell): CellLog | undefined => logs.get(cellName(cell));

  function rowOf(id: string): Report | undefined {
    const cell = parseReportId(id);
    const rows = cell && logOf(cell)?.rows;
    const row = rows?.[lowerBound(rows, id)];
    return row?.id === id ? row : undefined;
  }

  function shown(row: Report): Report | undefined {
    const version = logOf(cellOfReport(row))?.versions.get(row.id);
    const report = version === undefined ? row : editedReport(row.id, version, rowOfReport(row)).report;
    return report !== undefined && isLive(report, clock.now()) ? report : undefined;
  }

  return {
    append(report) {
      const cell = cellOfReport(report);
      const log = logOf(cell) ?? { cell, rows: [], versions: new Map() };
      const at = lowerBound(log.rows, report.id);
      if (log.rows[at]?.id === report.id) return "exists";
      log.rows.splice(at, 0, { ...report });
      logs.set(cellName(cell), log);
      return "created";
    },

    edit(id, edit) {
      const row = rowOf(id);
      if (row === undefined) return undefined;
      const { versions } = logOf(cellOfReport(row)) as CellLog;
      const next = nextVersion(versions.get(id), edit);
      if (next === undefined) return undefined;
      versions.set(id, next);
      return editedReport(id, next, rowOfReport(row));
    },

    has: (id) => rowOf(id) !== undefined,

    find(id) {
      const row = rowOf(id);
      return row && shown(row);
    },

    shownIn: (cell, range) => rowsIn(logOf(cell)?.rows ?? [], range).flatMap((row) => shown(row) ?? []),

    editedIn(cell) {
      const edited = new Map<string, EditedReport>();
      for (const [id, version] of logOf(cell)?.versions ?? []) {
        const row = rowOf(id);
        if (row !== undefined && isLive(row, clock.now())) edited.set(id, editedReport(id, version, rowOfReport(row)));
      }
      return edited;
    },

    *cells() {
      for (const { cell } of logs.values()) yield cell;
    },
  };
}

function rowsIn(rows: readonly Report[], range?: LogRange): readonly Report[] {
  const span = logSpan(range);
  if (span === undefined) return [];
  return rows.slice(lowerBound(rows, idOfSortKey(span.from)), lowerBound(rows, idOfSortKey(span.to)));
}

/** Index of the first row whose id is not below `id`. */
function lowerBound(rows: readonly Report[], id: string): number {
  let low = 0;
  let high = rows.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((rows[middle]?.id ?? "") < id) low = middle + 1;
    else high = middle;
  }
  return low;
}
