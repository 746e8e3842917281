import { cellKey } from "./geo/cell-key.ts";
import { columnAt, rowAt } from "./geo/geohash.ts";
import { DAY_MS } from "./layers.ts";
import { FULL_QUARTERS, firstRowFrom, type ReportColumns } from "./report-columns.ts";

/**
 * One person's effect is bounded: of the reports of one reporter in one neighbourhood, layer and UTC day the first, in the order of ids,
 * weighs 1, the second 1/2, the third 1/4 and further ones nothing, so all together 1.75 at most. What a report weighs follows from the
 * rows alone: it is the same on every machine, and whoever comes later, or is hidden, changes it everywhere alike.
 */
const QUARTERS = [FULL_QUARTERS, 2, 1] as const;

/** What a report weighs before which its reporter has sent so many. */
export const quartersOfRank = (rank: number): number => QUARTERS[rank] ?? 0;

/** Precision of a neighbourhood. */
const NEIGHBORHOOD_PRECISION = 6;

/** Buckets of reporters, and that of nobody. */
export const REPORTERS = 256;
/** In place of the day: one number tells reporters, days and neighbourhoods apart. */
const DAYS = 128;

/**
 * The same rows with what each weighs; the same object where that is what it says.
 * @param rows all of a layer's that lie in the neighbourhoods that they lie in, ascending by id
 * @param fromMs those of earlier UTC days weigh what they weigh already, Unix milliseconds
 */
export function weighRows(rows: ReportColumns, fromMs = 0): ReportColumns {
  return withQuarters(rows, ranksOf(rows, fromMs));
}

/** The same of rows some of whose neighbours are not known: none weighs more than it did. */
export function boundRows(rows: ReportColumns): ReportColumns {
  const ranked = ranksOf(rows, 0);
  return withQuarters(
    rows,
    ranked.map((quarters, row) => Math.min(quarters, rows.quarters[row] as number)),
  );
}

function withQuarters(rows: ReportColumns, quarters: Uint8Array): ReportColumns {
  return quarters.every((each, row) => each === rows.quarters[row]) ? rows : { ...rows, quarters };
}

function ranksOf(rows: ReportColumns, fromMs: number): Uint8Array {
  const { length, reporter, createdAtMs, lonE6, latE6 } = rows;
  const before = new Map<number, number>();
  const quarters = rows.quarters.slice();
  for (let row = firstRowFrom(rows, startOfDay(fromMs)); row < length; row++) {
    quarters[row] = FULL_QUARTERS;
    if (reporter[row] === 0) continue;
    const column = columnAt((lonE6[row] as number) / 1e6, NEIGHBORHOOD_PRECISION);
    const cell = cellKey(column, rowAt((latE6[row] as number) / 1e6, NEIGHBORHOOD_PRECISION), NEIGHBORHOOD_PRECISION);
    // Live reports are of fewer days than these.
    const day = Math.floor((createdAtMs[row] as number) / DAY_MS) % DAYS;
    const who = (cell * DAYS + day) * REPORTERS + (reporter[row] as number);
    const rank = before.get(who) ?? 0;
    before.set(who, rank + 1);
    quarters[row] = quartersOfRank(rank);
  }
  return quarters;
}

const startOfDay = (timeMs: number): number => Math.floor(timeMs / DAY_MS) * DAY_MS;
