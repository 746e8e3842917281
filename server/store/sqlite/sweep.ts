import type { DatabaseSync } from "node:sqlite";
import { REPORT_LIFETIME_MS } from "../../../tiles/layers.ts";
import { idTimePrefix } from "../../../tiles/report-id.ts";
import { FEED_LIFETIME_MS } from "../log-changes.ts";
import { arrays } from "./report-rows.ts";

/**
 * Deletes what has expired, one bounded step a call, table by table. Readers do not wait for it, they filter by the time.
 * @returns where to go on; "" when the next call begins again
 */
export type Sweep = (from: string, nowMs: number) => { readonly from: string };

const CELLS_A_STEP = 100;
/** Rows that one statement looks at, or deletes: a few milliseconds. */
const ROWS_A_STEP = 2000;
/** Bodies of derived items lie on pages of their own. */
const ITEMS_A_STEP = 200;
/** Expired reports stay a day longer, so that nobody who is late is told that there never was one. */
const SPARE_MS = 86_400_000;

type Key = readonly string[];
/** One step behind a key; where the next one goes on, undefined when it is done. */
type Step = (behind: Key, nowMs: number) => Key | undefined;

export function createSweep(db: DatabaseSync): Sweep {
  const steps: readonly Step[] = [
    sweepCells(db),
    sweepTable(db, "flags", ["report_id", "flagger"], "until_ms", ROWS_A_STEP),
    sweepTable(db, "kept", ["name"], "until_ms", ROWS_A_STEP),
    sweepTable(db, "derived", ["grp", "name"], "expires_s * 1000", ITEMS_A_STEP),
    sweepChanges(db),
  ];
  return (from, nowMs) => {
    const [index, ...behind] = from === "" ? [0] : (JSON.parse(from) as [number, ...string[]]);
    const next = steps[index]?.(behind, nowMs);
    if (next !== undefined) return { from: JSON.stringify([index, ...next]) };
    return { from: index + 1 < steps.length ? JSON.stringify([index + 1]) : "" };
  };
}

/** Reports and what edits made of them; also of cells of which nothing but edits is left. */
function sweepCells(db: DatabaseSync): Step {
  const first = (table: string) => `SELECT * FROM (SELECT cell FROM ${table} WHERE cell > ? ORDER BY cell LIMIT 1)`;
  const nextCell = arrays<[string | null]>(
    db,
    `SELECT min(cell) FROM (${first("reports")} UNION ALL ${first("edits")})`,
  );
  const reports = db.prepare(`DELETE FROM reports WHERE (cell, id) IN (SELECT cell, id FROM reports
    WHERE cell = ? AND id < ? AND coalesce(expires_ms, 0) < ? ORDER BY id LIMIT ${ROWS_A_STEP})`);
  const edits = db.prepare(`DELETE FROM edits WHERE cell = ? AND id < ? AND NOT EXISTS
    (SELECT 1 FROM reports WHERE reports.cell = edits.cell AND reports.id = edits.id)`);

  return ([behind = ""], nowMs) => {
    const before = idTimePrefix(Math.max(0, nowMs - REPORT_LIFETIME_MS - SPARE_MS));
    let cell = behind;
    for (let cells = 0, rows = 0; cells < CELLS_A_STEP && rows < ROWS_A_STEP; cells++) {
      const next = nextCell.get(cell, cell)?.[0] ?? undefined;
      if (next === undefined) return undefined;
      const deleted = Number(reports.run(next, before, nowMs - SPARE_MS).changes);
      edits.run(next, before);
      rows += deleted;
      if (deleted < ROWS_A_STEP) cell = next;
    }
    return [cell];
  };
}

/** Walks a table along its key: an index of the times would be written with every row. */
function sweepTable(db: DatabaseSync, table: string, key: readonly string[], untilMs: string, rows: number): Step {
  const [columns, marks] = [`(${key.join(", ")})`, `(${key.map(() => "?").join(", ")})`];
  const lastOfStep = arrays<string[]>(
    db,
    `SELECT ${key.join(", ")} FROM ${table} WHERE ${columns} > ${marks} ORDER BY ${key.join(", ")} LIMIT 1 OFFSET ${rows - 1}`,
  );
  const deleteAll = (end: string) =>
    db.prepare(`DELETE FROM ${table} WHERE ${columns} > ${marks} ${end} AND ${untilMs} <= ?`);
  const [upTo, toTheEnd] = [deleteAll(`AND ${columns} <= ${marks}`), deleteAll("")];
  return (behind, nowMs) => {
    const from = behind.length === 0 ? key.map(() => "") : behind;
    const last = lastOfStep.get(...from);
    if (last === undefined) toTheEnd.run(...from, nowMs);
    else upTo.run(...from, ...last, nowMs);
    return last;
  };
}

/** Each new change takes old ones with it, but where none is published any more the last ones would stay. */
function sweepChanges(db: DatabaseSync): Step {
  const forget = db.prepare(
    `DELETE FROM changes WHERE at_ms < ? AND seq < (SELECT min(seq) FROM changes) + ${ROWS_A_STEP}`,
  );
  return (_, nowMs) => (Number(forget.run(nowMs - FEED_LIFETIME_MS).changes) < ROWS_A_STEP ? undefined : []);
}
