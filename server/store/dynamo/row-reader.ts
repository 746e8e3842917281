import type { Report } from "../../../tiles/report.ts";
import { parseReportId } from "../../../tiles/report-id.ts";
import type { Clock } from "../../ports/clock.ts";
import type { LogCell } from "../../ports/report-store.ts";
import { shownReport } from "../edits.ts";
import { editedKey, editedOfSortKey, idOfSortKey, logKey } from "../keys.ts";
import { type EditedRow, type ReportRow, rowOfReport } from "../rows.ts";
import type { Requests } from "./requests.ts";
import type { UnappliedRows } from "./unapplied-rows.ts";

/** Reads reports by their ids. */
export interface RowReader {
  /** A report's row, wherever it is, and what edits made of it. */
  readRow(id: string, consistent: boolean): Promise<ReadRow>;
  get(id: string): Promise<Report | undefined>;
  /** Those of many shown reports that there are, in the order of the ids. */
  getMany(ids: readonly string[]): Promise<Report[]>;
}

export interface ReadRow {
  readonly row: ReportRow | undefined;
  readonly edited: EditedRow | undefined;
}

/** Rows, and what edits made of them, by id. */
interface ReadRows {
  readonly rows: ReadonlyMap<string, ReportRow>;
  readonly edited: ReadonlyMap<string, EditedRow>;
}

export interface RowReaderOptions {
  readonly clock: Clock;
  readonly requests: Requests;
  readonly unapplied: UnappliedRows;
  /** Whether a cell must be read strongly. */
  readonly isConsistent: (cell: LogCell) => boolean;
  /** Looks elsewhere for a report that has no row. */
  readonly find: (id: string) => Promise<Report | undefined>;
}

export function createRowReader({ clock, requests, unapplied, isConsistent, find }: RowReaderOptions): RowReader {
  async function readRows(ids: readonly string[], consistent: boolean): Promise<ReadRows> {
    // DynamoDB refuses a request that names a key twice.
    const keys = [...new Set(ids)].flatMap((id) => {
      const parts = parseReportId(id);
      const key = logKey(id);
      return parts === undefined || key === undefined ? [] : [key, editedKey(parts, id)];
    });
    // Taken before the store is asked: a row that arrives meanwhile is in one of both.
    const waiting = ids.flatMap((id) => unapplied.get(id) ?? []);
    const rows = new Map<string, ReportRow>();
    const edited = new Map<string, EditedRow>();
    for (const item of await requests.getAll<ReportRow & EditedRow>(keys, consistent)) {
      const ofEdited = editedOfSortKey(item.sk);
      if (ofEdited === undefined) rows.set(idOfSortKey(item.sk), item);
      else edited.set(ofEdited, item);
    }
    for (const row of waiting) rows.set(idOfSortKey(row.sk), row);
    return { rows, edited };
  }

  async function readRow(id: string, consistent: boolean): Promise<ReadRow> {
    const { rows, edited } = await readRows([id], consistent);
    const row = rows.get(id);
    if (row !== undefined) return { row, edited: edited.get(id) };
    const found = await find(id);
    return { row: found && rowOfReport(found), edited: edited.get(id) };
  }

  const isLately = (ids: readonly string[]) =>
    ids.map(parseReportId).some((parts) => parts !== undefined && isConsistent(parts));

  return {
    readRow,
    async get(id) {
      const { row, edited } = await readRow(id, isLately([id]));
      return row && shownReport(row, edited, clock.now());
    },
    async getMany(ids) {
      const { rows, edited } = await readRows(ids, isLately(ids));
      return ids.flatMap((id) => {
        const row = rows.get(id);
        return (row && shownReport(row, edited.get(id), clock.now())) ?? [];
      });
    },
  };
}
