import { type AreaFilter, cellsOf, citiesOf, NEIGHBORHOOD, runOf } from "./area.ts";

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
 * Conditions on the neighbourhoods' rows of an area, in a table called `cell`. Without a box or a geohash the rows come by city,
 * from the index that begins with it; else from the primary key. A box is a list of cells there: joined to ranges, as they
 * would be fewer, PostgreSQL guesses the rows wrong a hundredfold and reads them all, 11 s instead of 0.3.
 */
export function inArea(area: AreaFilter, values: Values): string {
  const { city, bbox, geohash } = area;
  if (bbox === undefined && geohash === undefined) {
    return `cell.city = ANY (${values.bind(citiesOf(city))}::text[])`;
  }
  const inCity = city === undefined ? "" : ` AND cell.city = ${values.bind(city.id)}`;
  if (bbox !== undefined)
    return `cell.geohash = ANY (${values.bind(cellsOf(area, NEIGHBORHOOD) ?? [])}::text[])${inCity}`;
  const { low, high } = runOf(geohash);
  return `cell.geohash BETWEEN ${values.bind(low)} AND ${values.bind(high)}${inCity}`;
}

/** Where reports are counted: in cells, or in an area with borders, exactly. */
export interface CountedPlace {
  readonly area: AreaFilter;
  /** Id of the area with borders, in place of cells: of each neighbourhood the part inside. */
  readonly areaId?: string;
  /** Whether that is an area of an account, whose owner asks. */
  readonly isOwn?: boolean;
}

/** The rows of counts by neighbourhood, layer and day of a place, in a table called `cell`. */
export function countsIn({ area, areaId, isOwn = false }: CountedPlace, values: Values): string {
  if (areaId === undefined) return `report_counts AS cell WHERE ${inArea(area, values)}`;
  return `${isOwn ? "own_area_counts" : "area_counts"} AS cell WHERE cell.area = ${values.bind(areaId)}`;
}

/** Rounds for people: more digits than anybody reads, fewer than sums of floating point go wrong in. */
export function roundTo(digits: number, value: unknown): number | null {
  return typeof value === "number" ? Math.round(value * 10 ** digits) / 10 ** digits : null;
}
