import type { DatabaseSync } from "node:sqlite";
import type { KeptFlag } from "../../ports/report-store.ts";
import { arrays } from "./report-rows.ts";

/** Reads the flags of a report. */
export function createFlagReader(db: DatabaseSync): (reportId: string) => KeptFlag[] {
  const read = arrays<[flagger: string, reason: string | null]>(
    db,
    "SELECT flagger, reason FROM flags WHERE report_id = ?",
  );
  return (reportId) => read.all(reportId).map(([flagger, reason]) => ({ flagger, ...(reason && { reason }) }));
}
