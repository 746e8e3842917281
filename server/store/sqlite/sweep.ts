import type { DatabaseSync } from "node:sqlite";
import { REPORT_LIFETIME_MS } from "../../../tiles/layers.ts";
import { idTimePrefix } from "../../../tiles/report-id.ts";
import { arrays } from "./report-rows.ts";

/**
 * Deletes what has expired, one bounded step a call: the cells from one on, and what lies beside them once all cells are done. Readers
 * do not wait for it, they filter by the time.
 * @returns the cell to go on from; "" when the next call begins again
 */
export type Sweep = (from: string, nowMs: number) => { readonly from: string };

const CELLS_A_STEP = 100;
/** Rows that one statement deletes: a few milliseconds. */
const ROWS_A_STEP = 2000;
/** Expired reports stay a day longer, so that nobody who is late is told that there never was one. */
const SPARE_MS = 86_400_000;

export function createSweep(db: DatabaseSync): Sweep {
  const nextCell = arrays<[string]>(db, "SELECT cell FROM reports WHERE cell > ? ORDER BY cell LIMIT 1");
  const deleteRows = (table: string, where: string) =>
    db.prepare(`DELETE FROM ${table} WHERE (cell, id) IN
      (SELECT cell, id FROM ${table} WHERE cell = ? AND id < ? ${where} ORDER BY id LIMIT ${ROWS_A_STEP})`);
  const reports = deleteRows("reports", "AND coalesce(expires_ms, 0) < ?");
  const edits = db.prepare(`DELETE FROM edits WHERE cell = ? AND id < ? AND NOT EXISTS
    (SELECT 1 FROM reports WHERE reports.cell = edits.cell AND reports.id = edits.id)`);
  const beside = [
    `DELETE FROM flags WHERE until_ms < ?1`,
    `DELETE FROM kept WHERE until_ms <= ?1`,
    `DELETE FROM derived WHERE expires_s * 1000 <= ?1`,
  ].map((sql) => db.prepare(sql));

  return (from, nowMs) => {
    const before = idTimePrefix(Math.max(0, nowMs - REPORT_LIFETIME_MS - SPARE_MS));
    let cell = from;
    for (let cells = 0, rows = 0; cells < CELLS_A_STEP && rows < ROWS_A_STEP; cells++) {
      const next = nextCell.get(cell)?.[0];
      if (next === undefined) {
        for (const statement of beside) statement.run(nowMs);
        return { from: "" };
      }
      const deleted = Number(reports.run(next, before, nowMs - SPARE_MS).changes);
      edits.run(next, before);
      rows += deleted;
      if (deleted < ROWS_A_STEP) cell = next;
    }
    return { from: cell };
  };
}
