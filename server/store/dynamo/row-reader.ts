import type { Report } from "../../../tiles/report.ts";
import { parseReportId } from "../../../tiles/report-id.ts";
import type { Clock } from "../../ports/clock.ts";
import type { LogCell } from "../../ports/report-store.ts";
import { shownReport } from "../edits.ts";
import { editedKey, editedOfSortKey, idOfSortKey, logKey } from "../keys.ts";
import type { EditedRow, ReportRow } from "../rows.ts";
import type { Requests } from "./requests.ts";
import type { UnappliedRows } from "./unapplied-rows.ts";

/** Reads reports by their ids. */
export interface RowReader {
  /** Rows, and what edits made of them, by id. */
  readRows(ids: readonly string[], consistent: boolean): Promise<ReadRows>;
  /** Those of many shown reports that there are, in the order of the ids. */
  getMany(ids: readonly string[]): Promise<Report[]>;
}

export interface ReadRows {
  readonly rows: ReadonlyMap<string, ReportRow>;
  readonly edited: ReadonlyMap<string, EditedRow>;
}

export interface RowReaderOptions {
  readonly clock: Clock;
  readonly requests: Requests;
  readonly unapplied: UnappliedRows;
  /** Whether a cell must be read strongly. */
  readonly isConsistent: (cell: LogCell) => boolean;
}

export function createRowReader({ clock, requests, unapplied, isConsistent }: RowReaderOptions): RowReader {
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

  return {
    readRows,
    async getMany(ids) {
      const lately = ids.map(parseReportId).some((parts) => parts !== undefined && isConsistent(parts));
      const { rows, edited } = await readRows(ids, lately);
      return ids.flatMap((id) => {
        const row = rows.get(id);
        return (row && shownReport(row, edited.get(id), clock.now())) ?? [];
      });
    },
  };
}
