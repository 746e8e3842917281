import { LRUCache } from "lru-cache";
import { REPORT_LAYERS } from "../../tiles/layers.ts";
import { columnsOfReports, mergeColumns, type ReportColumns, withoutIds } from "../../tiles/report-columns.ts";
import type { EditedReport, LogCell } from "../ports.ts";

/**
 * What this process knows of edited reports, each in its highest version, whatever brought it: an own request, or a read of the
 * log. A read that began before an edit, or that was not strongly consistent, does not undo it.
 */
export interface KnownEdits {
  /** Takes in edited reports of a cell; returns those that were not known so. */
  note(cell: LogCell, edited: Iterable<EditedReport>): EditedReport[];
  /** Rows of a cell as they read now. */
  apply(cell: LogCell, columns: ReportColumns): ReportColumns;
}

/** Cells with edited reports; of one that is forgotten they are read again with it. */
const MAX_CELLS = 10_000;

export function createKnownEdits(): KnownEdits {
  const cells = new LRUCache<string, Map<string, EditedReport>>({ max: MAX_CELLS });
  const keyOf = ({ layer, geohash5 }: LogCell): string => `${layer}/${geohash5}`;

  return {
    note(cell, edited) {
      const known = cells.get(keyOf(cell)) ?? new Map<string, EditedReport>();
      const news: EditedReport[] = [];
      for (const each of edited) {
        const before = known.get(each.id);
        if (before !== undefined && !tellsMore(each, before)) continue;
        known.set(each.id, each);
        news.push(each);
      }
      if (news.length > 0) cells.set(keyOf(cell), known);
      return news;
    },

    apply(cell, columns) {
      const known = cells.get(keyOf(cell));
      if (known === undefined) return columns;
      // Of a shown one whose content was not read the row stands as something else brought it.
      const told = [...known.values()].filter(({ isShown, report }) => !isShown || report !== undefined);
      const ids = told.map(({ id }) => id);
      const left = withoutIds(columns, ids, REPORT_LAYERS.indexOf(cell.layer));
      const rows = told.flatMap(({ report }) => report ?? []);
      return rows.length === 0 ? left : mergeColumns(left, columnsOfReports(rows));
    },
  };
}

function tellsMore(a: EditedReport, b: EditedReport): boolean {
  if (a.version !== b.version) return a.version > b.version;
  return a.report !== undefined && b.report === undefined;
}
