import { type AreaFilter, citiesOf, NEIGHBORHOOD, runsOf } from "./area.ts";

/** Collects the values of a statement while its text is put together. */
export interface Values {
  readonly all: unknown[];
  /** Adds a value. @returns the placeholder that stands for it. */
  bind(value: unknown): string;
}

export function createValues(): Values {
  const all: unknown[] = [];
  return { all, bind: (value) => `$${all.push(value)}` };
}

/**
 * FROM and WHERE of the neighbourhoods' rows in an area, `cell` being the table's name in it. Without a box or a geohash the
 * rows come by city, from the index that begins with it; else cell by cell, from the primary key.
 */
export function rowsInArea(table: string, area: AreaFilter, values: Values): { from: string; where: string } {
  if (area.bbox === undefined && area.geohash === undefined) {
    const cities = values.bind(citiesOf(area.city));
    return { from: `${table} AS cell`, where: `cell.city = ANY (${cities}::text[])` };
  }
  const runs = runsOf(area, NEIGHBORHOOD);
  const lows = values.bind(runs.map(({ low }) => low));
  const highs = values.bind(runs.map(({ high }) => high));
  const run = `unnest(${lows}::text[], ${highs}::text[]) AS run (low, high)`;
  const city = area.city === undefined ? "" : ` AND cell.city = ${values.bind(area.city.id)}`;
  return { from: `${run} JOIN ${table} AS cell ON cell.geohash BETWEEN run.low AND run.high`, where: `true${city}` };
}

/** Rounds for people: more digits than anybody reads, fewer than sums of floating point go wrong in. */
export function roundTo(digits: number, value: unknown): number | null {
  return typeof value === "number" ? Math.round(value * 10 ** digits) / 10 ** digits : null;
}
