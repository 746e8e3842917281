import { type MicroCells, microCellsOfReports } from "../../tiles/cells/micro-cells.ts";
import type { AreaTally, StoredAreaTally } from "../../tiles/codec/area-tally-codec.ts";
import { AGE_BANDS, ageBand } from "../../tiles/layers.ts";
import { type ReportColumns, rowsWhere } from "../../tiles/report-columns.ts";
import type { AreasNear } from "../areas/area-shapes.ts";

/** Precision of what areas' scores are made of: neighbourhoods. */
export const AREA_PRECISION = 6;

/** Ages can be told for so long at the least, however many reports change bands meanwhile. */
const LEAST_MS = 3 * 3_600_000;
/** So many reports at the least, or this share of all, are told one by one, so that the others stay right for longer. */
const LEAST_ROWS = 12;
const SHARE = 1 / 64;
/** More are not: the item must stay small. */
const MOST_ROWS = 12_000;

/** Number of the area that each row lies in; -1: in none. */
export function areasOfRows(rows: ReportColumns, near: AreasNear): Int32Array {
  return Int32Array.from({ length: rows.length }, (_, row) => {
    const found = near.find(rows.lonE6[row] as number, rows.latE6[row] as number);
    return near.areas[found]?.number ?? -1;
  });
}

/** Rows by the numbers of the areas that they lie in, ascending. */
export function splitByArea(rows: ReportColumns, areaOfRow: ArrayLike<number>): Map<number, ReportColumns> {
  const numbers = new Set<number>();
  for (let row = 0; row < rows.length; row++)
    if ((areaOfRow[row] as number) >= 0) numbers.add(areaOfRow[row] as number);
  const ascending = [...numbers].sort((a, b) => a - b);
  return new Map(ascending.map((number) => [number, rowsWhere(rows, (row) => areaOfRow[row] === number)]));
}

/** Neighbourhoods' micro cells by area, of rows as they are at a time. */
export const cellsByArea = (rows: ReportColumns, areaOfRow: ArrayLike<number>, atMs: number): Map<number, MicroCells> =>
  new Map(
    [...splitByArea(rows, areaOfRow)].map(([number, inside]) => [
      number,
      microCellsOfReports(inside, AREA_PRECISION, atMs),
    ]),
  );

/** The tally of a cell's rows. @param rows all those created before `beforeMs` */
export function makeTally(
  rows: ReportColumns,
  near: AreasNear,
  { beforeMs, atMs }: { readonly beforeMs: number; readonly atMs: number },
): AreaTally {
  const located = areasOfRows(rows, near);
  const nextMs = Float64Array.from(rows.createdAtMs, (createdAtMs) => nextBandMs(createdAtMs, atMs));
  const isLive = (row: number): boolean => (located[row] as number) >= 0 && nextMs[row] !== -Infinity;
  const changes = nextMs.filter((_, row) => isLive(row)).sort();
  const { untilMs, told } = boundOf(changes, atMs);
  const isTold = (row: number): boolean => isLive(row) && (nextMs[row] as number) < told;
  const single = rowsWhere(rows, isTold);
  return {
    beforeMs,
    untilMs,
    cells: cellsByArea(
      rows,
      located.map((number, row) => (isLive(row) && !isTold(row) ? number : -1)),
      atMs,
    ),
    rows: single,
    areaOfRow: [...located].filter((_, row) => isTold(row)),
  };
}

/** When a report is in another band than at a time, or expires; -Infinity when it has. */
function nextBandMs(createdAtMs: number, atMs: number): number {
  const band = ageBand(atMs - createdAtMs);
  return band < 0 ? -Infinity : createdAtMs + (AGE_BANDS[band]?.untilMs ?? 0) + 1;
}

/** Reports that change before `told` are told one by one, so the others are right until then. @param changes ascending */
function boundOf(changes: Float64Array, atMs: number): { untilMs: number; told: number } {
  const wanted = Math.max(LEAST_ROWS, Math.floor(changes.length * SHARE));
  const byCount = changes[wanted] ?? Infinity;
  const told = Math.max(byCount, Math.min(atMs + LEAST_MS, changes[MOST_ROWS] ?? Infinity));
  return { told, untilMs: told };
}

/** What a tally tells of a time before its `untilMs`, by area, of those that are wanted. @throws StoredItemError */
export function* tallyAt(
  { numbers, cellsOf, rows, areaOfRow }: StoredAreaTally,
  atMs: number,
  isWanted: (number: number) => boolean,
): Generator<[number, MicroCells]> {
  for (const number of numbers) {
    const cells = isWanted(number) ? cellsOf(number) : undefined;
    if (cells !== undefined) yield [number, cells];
  }
  const wanted = areaOfRow.map((number) => (isWanted(number) ? number : -1));
  if (wanted.some((number) => number >= 0)) yield* cellsByArea(rows, wanted, atMs);
}
