import type { EditedColumns } from "../../tiles/codec/report-codec.ts";
import { REPORT_LAYERS } from "../../tiles/layers.ts";
import {
  columnsOfReports,
  mergeAllColumns,
  mergeColumns,
  type ReportColumns,
  rowsMissing,
  withoutIds,
} from "../../tiles/report-columns.ts";
import { weighRows } from "../../tiles/weigh-rows.ts";
import type { CellRows, LogCell, ReportStore } from "../ports/report-store.ts";
import type { LogSegments } from "./log-segments.ts";
import { isTorn, newestEdited, type StoredRows } from "./stored-rows.ts";
import type { PlainRows, StreetCompaction } from "./street-compaction.ts";

export interface CompactedRows extends PlainRows {
  readonly rows: ReportColumns;
  readonly hasEdited: boolean;
}

const MAX_TRIES = 8;

/**
 * All shown rows of a cell: those in its log segments and those that came since, which are put into log segments. And whether reports of it
 * were edited; not told where only ages changed.
 */
export type RowCompaction = (cell: LogCell, changedFrom: string | undefined) => Promise<CompactedRows>;

export interface RowCompactionOptions {
  readonly store: ReportStore;
  readonly logSegments: LogSegments;
  readonly streets: StreetCompaction;
}

export function createRowCompaction({ store, logSegments, streets }: RowCompactionOptions): RowCompaction {
  async function readLog(cell: LogCell, from: string | undefined, stored: StoredRows): Promise<CellRows> {
    const found = await store.readCell(cell, from === undefined ? {} : { from });
    // What an edited report says lies before what was read: it was published without its place, or the state is an old one.
    const lacks = [...found.edited.values()].some(
      ({ id, version, isShown, report }) =>
        isShown && report === undefined && (stored.edited.versions.get(id) ?? 0) < version,
    );
    return lacks && from !== undefined ? store.readCell(cell) : found;
  }

  return async function compactRows(cell, changedFrom) {
    const layerIndex = REPORT_LAYERS.indexOf(cell.layer);
    for (let tries = 0; tries < MAX_TRIES; tries++) {
      const stored = await logSegments.read(cell, { consistent: true });
      const torn = isTorn(stored, layerIndex);
      if (stored.complete && !torn && changedFrom === undefined) return unchanged(stored, layerIndex);
      const found = await readLog(cell, stored.complete ? changedFrom : undefined, stored);
      const { versions, rows: reworded } = newestEdited(stored.edited, editedColumns(found, stored), layerIndex);
      const ids = [...versions.keys()];
      const left = withoutIds(mergeColumns(stored.sealed, stored.tail), ids, layerIndex);
      const put = withoutIds(columnsOfReports(found.reports), ids, layerIndex);
      const rows = weighRows(mergeAllColumns([left, put, reworded]));
      const all = withoutIds(rows, ids, layerIndex);
      const unmerged = rowsMissing(all, left);
      const edited = { versions, rows: rowsMissing(rows, all) };
      // Before anything that is made of them, so that nobody undoes it who has not seen them.
      const isNoted = knows(stored, found) && weighAlike(edited.rows, stored.edited.rows);
      if (!isNoted && !(await logSegments.edit(cell, edited, stored))) continue;
      const compacted = {
        rows,
        hasEdited: versions.size > 0,
        plain: plainRows(all, stored, ids, layerIndex),
        editedIds: ids,
        stored,
      };
      const isReweighed = torn || !weighAlike(rowsMissing(all, unmerged), left);
      if (unmerged.length === 0 && !isReweighed) return compacted;
      if (!(await streets.takeLate(cell, unmerged, stored))) continue;
      const anew = stored.damaged || stored.scattered || isReweighed;
      if (await (anew ? logSegments.replace(cell, all, stored) : logSegments.add(cell, unmerged, stored)))
        return compacted;
    }
    throw new Error(`log segments of ${cell.layer}/${cell.geohash5} were changed by others ${MAX_TRIES} times`);
  };
}

/** Whether rows weigh what they weighed; of the same reports. */
function weighAlike(a: ReportColumns, b: ReportColumns): boolean {
  return a.length === b.length && a.quarters.every((quarters, row) => quarters === b.quarters[row]);
}

/** A cell of which only ages changed. */
function unchanged(stored: StoredRows, layerIndex: number): CompactedRows {
  const editedIds = [...stored.edited.versions.keys()];
  const plain = plainRows(mergeColumns(stored.sealed, stored.tail), stored, editedIds, layerIndex);
  return { rows: stored.columns, hasEdited: false, plain, editedIds, stored };
}

/** Also those that a head was told of by a compaction that was cut off before it put them into a log segment. */
function plainRows(
  rows: ReportColumns,
  { head }: StoredRows,
  editedIds: readonly string[],
  layerIndex: number,
): ReportColumns {
  return head === undefined ? rows : mergeColumns(rows, withoutIds(head.rows, editedIds, layerIndex));
}

/** Those that a read of the log tells more of than `stored` knows. */
function editedColumns({ edited }: CellRows, stored: StoredRows): EditedColumns {
  const told = [...edited.values()].filter(
    ({ id, isShown, report }) => !isShown || report !== undefined || !stored.edited.versions.has(id),
  );
  return {
    versions: new Map(told.map(({ id, version }) => [id, version])),
    rows: columnsOfReports(told.flatMap(({ report }) => report ?? [])),
  };
}

function knows(stored: StoredRows, { edited }: CellRows): boolean {
  return (
    !stored.damaged && [...edited.values()].every(({ id, version }) => (stored.edited.versions.get(id) ?? 0) >= version)
  );
}
