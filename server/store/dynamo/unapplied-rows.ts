import type { Report } from "../../../tiles/report.ts";
import type { LogCell } from "../../ports/report-store.ts";
import { cellName, cellOfReport } from "../keys.ts";
import type { ReportRow } from "../rows.ts";

/**
 * Reports that are stored in their intents, and whose rows are on their way: reads of this process take them from here. They are
 * plain data, so that in a Worker no request waits for another one's I/O.
 */
export interface UnappliedRows {
  add(report: Report, row: ReportRow): void;
  /** The row is stored. */
  remove(report: Report): void;
  of(cell: LogCell): Iterable<ReportRow>;
  get(id: string): ReportRow | undefined;
  /** No more should be added before some are gone. */
  isFull(): boolean;
}

const MOST = 5000;

export function createUnappliedRows(): UnappliedRows {
  const rows = new Map<string, ReportRow>();
  const byCell = new Map<string, Map<string, ReportRow>>();
  return {
    add(report, row) {
      const name = cellName(cellOfReport(report));
      rows.set(report.id, row);
      byCell.set(name, (byCell.get(name) ?? new Map<string, ReportRow>()).set(report.id, row));
    },
    remove(report) {
      const name = cellName(cellOfReport(report));
      rows.delete(report.id);
      const ofCell = byCell.get(name);
      ofCell?.delete(report.id);
      if (ofCell?.size === 0) byCell.delete(name);
    },
    of: (cell) => byCell.get(cellName(cell))?.values() ?? [],
    get: (id) => rows.get(id),
    isFull: () => rows.size >= MOST,
  };
}
