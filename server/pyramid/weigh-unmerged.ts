import { columnsOfReports, type ReportColumns, rowsMissing, rowsWhere } from "../../tiles/report-columns.ts";
import { idTimePrefix } from "../../tiles/report-id.ts";
import { weighRows } from "../../tiles/weigh-rows.ts";
import { mapLimited } from "../kit/map-limited.ts";
import { startOfDay } from "../kit/utc-time.ts";
import type { LogCell, ReportStore } from "../ports/report-store.ts";
import { createUnmergedRows, type UnmergedCells, type UnmergedRows } from "./unmerged-rows.ts";

/** More cells are merged by one of the next compactions, which weighs all that is in them. */
const MOST_CELLS = 80;
const PARALLEL_READS = 8;

/**
 * The same unmerged rows with what they weigh among all of their reporters' of that day, which may long be merged: those that a compaction
 * leaves unmerged for the first time are looked up, a small read for each of their cells.
 * @param weighed those that the compaction before left
 */
export async function weighUnmerged(
  store: Pick<ReportStore, "readCell">,
  unmerged: UnmergedRows,
  weighed: UnmergedCells = [],
): Promise<UnmergedRows> {
  const known = new Map(weighed.map(({ cell, rows }) => [`${cell.layer}/${cell.geohash5}`, rows]));
  const cells = unmerged.all();
  const open = cells.flatMap(({ cell, rows }) => {
    const { length, createdAtMs } = openRows(rows, known.get(`${cell.layer}/${cell.geohash5}`));
    return length === 0 ? [] : [{ cell, rows, fromMs: startOfDay(createdAtMs[0] as number) }];
  });
  const found = await mapLimited(open.slice(0, MOST_CELLS), PARALLEL_READS, async ({ cell, rows, fromMs }) => {
    return { cell, rows: await weighAmongAll(store, cell, rows, fromMs) };
  });
  const all = createUnmergedRows();
  for (const { cell, rows } of [...found, ...cells]) all.add(cell, rows);
  return all;
}

/** Those of which it is not known what they weigh. */
function openRows(rows: ReportColumns, weighed: ReportColumns | undefined): ReportColumns {
  // Also those that weigh less among the unmerged: among all their reporter's of the day they may weigh less still.
  const bounded = rowsWhere(rows, (row) => rows.reporter[row] !== 0 && (rows.quarters[row] as number) > 0);
  return weighed === undefined ? bounded : rowsMissing(bounded, weighed);
}

async function weighAmongAll(
  store: Pick<ReportStore, "readCell">,
  cell: LogCell,
  rows: ReportColumns,
  fromMs: number,
): Promise<ReportColumns> {
  const { reports } = await store.readCell(cell, { from: idTimePrefix(fromMs) });
  const all = weighRows(columnsOfReports(reports));
  // Of rows that were read, those that are among these.
  const among = rowsMissing(all, rowsMissing(all, rows));
  return rowsMissing(rows, among).length > 0 ? rows : { ...rows, quarters: among.quarters };
}
