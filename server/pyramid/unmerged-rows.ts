import { CELL_PRECISION } from "../../tiles/cluster/cluster-cells.ts";
import { keptFrom } from "../../tiles/kept.ts";
import type { ReportLayer } from "../../tiles/layers.ts";
import {
  allocateColumns,
  compareRows,
  mergeAllColumns,
  mergeColumns,
  type ReportColumns,
  rowsBetween,
  rowsMissing,
  rowsWhere,
  splitRows,
} from "../../tiles/report-columns.ts";
import { idTimePrefix } from "../../tiles/report-id.ts";
import { boundRows } from "../../tiles/weigh-rows.ts";
import type { LogCell } from "../ports/report-store.ts";

/**
 * Rows that the feed brought, or that a compaction left unmerged: they need not be in what is stored. A cell aggregate says which it has, by
 * the time before which they were created; the others are added to it.
 */
export type UnmergedCells = readonly { readonly cell: LogCell; readonly rows: ReportColumns }[];

export interface UnmergedRows {
  /** Takes in rows of a cell; returns those that were not known, or weigh less than was known. */
  add(cell: LogCell, rows: ReportColumns): ReportColumns;
  of(cell: LogCell): ReportColumns | undefined;
  /** The cells of a layer that lie below a geohash, as they are now. */
  under(layer: ReportLayer, geohash: string): UnmergedCells;
  all(): UnmergedCells;
  /** How many rows there are. */
  count(): number;
  /** Forgets a cell's rows, and returns them. */
  take(cell: LogCell): ReportColumns | undefined;
  /** Forgets rows that cell aggregates of a time have, but those that are kept; returns the cells of what it forgot. */
  drop(beforeMs: number, kept: UnmergedRows): LogCell[];
}

export function createUnmergedRows(): UnmergedRows {
  const layers = new Map<ReportLayer, Map<string, ReportColumns>>();
  let count = 0;

  function put({ layer, geohash5 }: LogCell, rows: ReportColumns): void {
    const cells = layers.get(layer) ?? new Map<string, ReportColumns>();
    layers.set(layer, cells);
    count += rows.length - (cells.get(geohash5)?.length ?? 0);
    if (rows.length > 0) cells.set(geohash5, rows);
    else cells.delete(geohash5);
  }

  const of = ({ layer, geohash5 }: LogCell): ReportColumns | undefined => layers.get(layer)?.get(geohash5);

  const under = (layer: ReportLayer, geohash: string): UnmergedCells =>
    Array.from(layers.get(layer) ?? []).flatMap(([geohash5, rows]) =>
      geohash5.startsWith(geohash) ? [{ cell: { layer, geohash5 }, rows }] : [],
    );

  const all = (): UnmergedCells => [...layers.keys()].flatMap((layer) => under(layer, ""));

  return {
    add(cell, rows) {
      const known = of(cell) ?? allocateColumns(0);
      const told = newsOf(rows, known);
      if (told.length > 0) put(cell, boundRows(mergeColumns(told, known)));
      return told;
    },
    of,
    under,
    all,
    count: () => count,
    take(cell) {
      const rows = of(cell);
      put(cell, allocateColumns(0));
      return rows;
    },
    drop(beforeMs, kept) {
      const dropped: LogCell[] = [];
      for (const { cell, rows } of all()) {
        const past = rowsBetween(rows, 0, keptFrom(cell.layer, beforeMs));
        const gone = rowsMissing(past, kept.of(cell) ?? allocateColumns(0));
        if (gone.length === 0) continue;
        put(cell, rowsMissing(rows, gone));
        dropped.push(cell);
      }
      return dropped;
    },
  };
}

/** Rows of many cells, by layer, as those of each. */
export function rowsByCell(layers: Iterable<readonly [ReportLayer, ReportColumns]>): UnmergedRows {
  const unmerged = createUnmergedRows();
  for (const [layer, rows] of layers)
    for (const [geohash5, ofCell] of splitRows(rows, CELL_PRECISION)) unmerged.add({ layer, geohash5 }, ofCell);
  return unmerged;
}

/** Those that are not known, or weigh less than is known. Nothing weighs more: whoever knows less of the others takes it for heavier. */
function newsOf(rows: ReportColumns, known: ReportColumns): ReportColumns {
  let at = 0;
  return rowsWhere(rows, (row) => {
    while (at < known.length && compareRows(known, at, rows, row) < 0) at++;
    const isKnown = at < known.length && compareRows(known, at, rows, row) === 0;
    return !isKnown || (rows.quarters[row] as number) < (known.quarters[at] as number);
  });
}

/** Rows of those cells that lie below a geohash, created from a time on and before another, ascending by id. */
export function unmergedBetween(
  cells: UnmergedCells,
  geohash: string,
  fromMs: number,
  beforeMs = Infinity,
): ReportColumns {
  const inside = cells.filter(({ cell }) => cell.geohash5.startsWith(geohash));
  const runs = inside.map(({ rows }) => rowsBetween(rows, fromMs, beforeMs));
  return mergeAllColumns(runs.filter(({ length }) => length > 0));
}

/** The geohashes one character longer than a cluster cell below which those cells lie. */
export const unmergedNames = (cells: UnmergedCells, clusterCell: string): string[] => [
  ...new Set(cells.map(({ cell }) => cell.geohash5.slice(0, clusterCell.length + 1))),
];

/** Sorts before the ids of rows, and not by much. */
export const firstId = ({ length, createdAtMs }: ReportColumns): string | undefined =>
  length === 0 ? undefined : idTimePrefix(createdAtMs[0] as number);
