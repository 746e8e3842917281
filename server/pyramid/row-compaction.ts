import { REPORT_LAYERS } from "../../tiles/layers.ts";
import {
  columnsOfReports,
  mergeColumns,
  type ReportColumns,
  rowsMissing,
  withoutIds,
} from "../../tiles/report-columns.ts";
import type { LogCell, ReportStore } from "../ports.ts";
import type { Segments, StoredRows } from "./segments.ts";

export interface CompactedRows {
  readonly rows: ReportColumns;
  readonly hasHidden: boolean;
}

const MAX_TRIES = 8;

/**
 * All rows of a cell that are not hidden: those in its segments and those that came since, which are put into segments. And
 * whether reports of it are hidden; not told where only ages changed.
 */
export type RowCompaction = (cell: LogCell, changedFrom: string | undefined) => Promise<CompactedRows>;

export function createRowCompaction({ store, segments }: { store: ReportStore; segments: Segments }): RowCompaction {
  return async function compactRows(cell, changedFrom) {
    for (let tries = 0; tries < MAX_TRIES; tries++) {
      const stored = await segments.read(cell, { consistent: true });
      if (stored.complete && changedFrom === undefined) return { rows: stored.columns, hasHidden: false };
      const from = stored.complete ? changedFrom : undefined;
      const rows = columnsOfReports(await store.readCell(cell, from === undefined ? {} : { from }));
      const hidden = await store.readHidden(cell);
      // Before anything that is made without them, so that nobody undoes it who has not seen them.
      if (!knows(stored, hidden) && !(await segments.hide(cell, hidden, stored))) continue;
      const left = withoutIds(stored.columns, hidden, REPORT_LAYERS.indexOf(cell.layer));
      const fresh = rowsMissing(rows, left);
      const all = mergeColumns(left, fresh);
      const compacted = { rows: all, hasHidden: hidden.length > 0 };
      if (fresh.length === 0) return compacted;
      const anew = stored.damaged || stored.scattered;
      if (await (anew ? segments.replace(cell, all, stored) : segments.add(cell, fresh, stored))) return compacted;
    }
    throw new Error(`segments of ${cell.layer}/${cell.geohash5} were changed by others ${MAX_TRIES} times`);
  };
}

function knows(stored: StoredRows, hidden: readonly string[]): boolean {
  const known = new Set(stored.hidden);
  return !stored.damaged && hidden.every((id) => known.has(id));
}
