import { allocateColumns, columnsOfReports, mergeColumns, type ReportColumns } from "../../tiles/report-columns.ts";
import type { Clock } from "../ports/clock.ts";
import type { EditedReport, LogCell, ReportStore } from "../ports/report-store.ts";
import type { KnownEdits } from "./known-edits.ts";
import type { LogSegments } from "./log-segments.ts";
import type { StoredRows } from "./stored-rows.ts";

/** Reads cells from the stores: their log segments, and the log itself where these may lack something. */
export interface CellSource {
  /** All rows of a cell. */
  readAll(cell: LogCell): Promise<ReportColumns>;
  /** Of a cell that has a street base what is stored near; of any other all rows. */
  readNear(cell: LogCell): Promise<{ readonly near: StoredRows } | { readonly rows: ReportColumns }>;
  /** Rows of the log from an id on. */
  readFrom(cell: LogCell, from: string): Promise<LogRows>;
}

export interface LogRows {
  readonly rows: ReportColumns;
  /** Reports that are known to be edited since this read. */
  readonly edited: EditedReport[];
}

/** What of a cell its log segments may lack. */
export interface MissingRows {
  /** Smallest id that the log must be read again from; undefined when it need not be. */
  readonly from: string | undefined;
  /** Rows that need not be read. */
  readonly rows: ReportColumns | undefined;
}

export interface CellSourceOptions {
  readonly store: ReportStore;
  readonly logSegments: LogSegments;
  readonly clock: Clock;
  readonly missing: (cell: LogCell) => MissingRows;
  /** Takes in every edited report that is read. */
  readonly edits: KnownEdits;
}

/** Sorts before every id. */
const FIRST_ID = "";

export function createCellSource({ store, logSegments, clock, missing, edits }: CellSourceOptions): CellSource {
  async function readFrom(cell: LogCell, from: string): Promise<LogRows> {
    const { reports, edited } = await store.readCell(cell, { from });
    return { rows: columnsOfReports(reports), edited: edits.note(cell, edited.values()) };
  }

  async function withMissed(cell: LogCell, stored: StoredRows, missed: MissingRows): Promise<ReportColumns> {
    const { columns, complete, edited } = stored;
    edits.noteStored(cell, edited);
    const from = complete ? missed.from : FIRST_ID;
    const known = mergeColumns(columns, missed.rows ?? allocateColumns(0), clock.now());
    return from === undefined ? known : mergeColumns(known, (await readFrom(cell, from)).rows, clock.now());
  }

  return {
    async readAll(cell) {
      // Asked for first: what a compaction takes in meanwhile may be in neither later.
      const missed = missing(cell);
      return withMissed(cell, await logSegments.read(cell), missed);
    },
    async readNear(cell) {
      const missed = missing(cell);
      const near = await logSegments.readNear(cell);
      return near.head === undefined ? { rows: await withMissed(cell, near, missed) } : { near };
    },
    readFrom,
  };
}
