import { LRUCache } from "lru-cache";
import type { EditedColumns } from "../../tiles/codec/report-codec.ts";
import { REPORT_LAYERS } from "../../tiles/layers.ts";
import {
  columnsOfReports,
  mergeAllColumns,
  type ReportColumns,
  rowsOfId,
  takeRows,
  withoutIds,
} from "../../tiles/report-columns.ts";
import type { EditedReport, LogCell } from "../ports/report-store.ts";

/**
 * What this process knows of edited reports, each in its highest version, whatever brought it: an own request, a read of the log, or
 * log segments. A read that began before an edit, or that was not strongly consistent, does not undo it; nor does what is known here
 * undo a later edit that somebody else compacted.
 */
export interface KnownEdits {
  /** Takes in edited reports of a cell; returns those that were not known so. */
  note(cell: LogCell, edited: Iterable<EditedReport>): EditedReport[];
  /** Takes in what log segments know. */
  noteStored(cell: LogCell, edited: EditedColumns): void;
  /** Rows of a cell as they read now. */
  apply(cell: LogCell, columns: ReportColumns): ReportColumns;
}

interface KnownEdit {
  readonly version: number;
  readonly isShown: boolean;
  /** Undefined when it is not shown, or when only its version was read: then the row stands as something else brought it. */
  readonly row: ReportColumns | undefined;
}

/** Cells with edited reports; of one that is forgotten they are read again with it. */
const MAX_CELLS = 10_000;

export function createKnownEdits(): KnownEdits {
  const cells = new LRUCache<string, Map<string, KnownEdit>>({ max: MAX_CELLS });
  const keyOf = ({ layer, geohash5 }: LogCell): string => `${layer}/${geohash5}`;

  /** Whether it was not known so. */
  function take(cell: LogCell, id: string, edit: KnownEdit): boolean {
    const known = cells.get(keyOf(cell)) ?? new Map<string, KnownEdit>();
    const before = known.get(id);
    if (before !== undefined && !tellsMore(edit, before)) return false;
    cells.set(keyOf(cell), known.set(id, edit));
    return true;
  }

  return {
    note: (cell, edited) =>
      [...edited].filter(({ id, version, isShown, report }) =>
        take(cell, id, { version, isShown, row: report && columnsOfReports([report]) }),
      ),

    noteStored(cell, { versions, rows }) {
      for (const [id, version] of versions) {
        const [at] = rowsOfId(rows, id, REPORT_LAYERS.indexOf(cell.layer));
        const row = at === undefined ? undefined : takeRows(rows, at, at + 1);
        take(cell, id, { version, isShown: row !== undefined, row });
      }
    },

    apply(cell, columns) {
      const known = cells.get(keyOf(cell));
      if (known === undefined) return columns;
      const told = [...known].filter(([, { isShown, row }]) => !isShown || row !== undefined);
      const ids = told.map(([id]) => id);
      const rows = told.flatMap(([, { row }]) => row ?? []);
      return mergeAllColumns([withoutIds(columns, ids, REPORT_LAYERS.indexOf(cell.layer)), ...rows]);
    },
  };
}

function tellsMore(a: KnownEdit, b: KnownEdit): boolean {
  if (a.version !== b.version) return a.version > b.version;
  return a.row !== undefined && b.row === undefined;
}
