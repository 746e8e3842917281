import { BASE32, type Bounds, columnCount, formatCell, rowCount } from "../../tiles/geo/geohash.ts";
import type { SCORE_PRECISIONS } from "../../tiles/scores/scores.ts";
import { CITIES, type City } from "../areas/cities.ts";

/** A precision at which there are scores. */
export type ScorePrecision = (typeof SCORE_PRECISIONS)[number];
/** A neighbourhood is a geohash-6 cell. */
export const NEIGHBORHOOD = 6;

/** Most cells that a box may hold: at precision 6 about 2 x 1 degrees. */
export const MAX_BOX_CELLS = 32_768;

/** Cells from `low` to `high`, both inside, in the order of their bytes. */
export interface CellRun {
  readonly low: string;
  readonly high: string;
}

/** What a question may be narrowed to; everything given must hold. */
export interface AreaFilter {
  readonly city?: City;
  /** A cell belongs to a box when its centre does. Half open: its north and east edges lie outside. */
  readonly bbox?: Bounds;
  /** A prefix. */
  readonly geohash?: string;
}

/** Every cell there is. */
const EVERYWHERE: CellRun = { low: "0", high: "zzzzzz" };

/**
 * Runs of cells that hold exactly those of a filter at one precision, ascending and apart. A city is its box here, as it is
 * for whoever wrote the rows.
 * @throws RangeError when a box holds more than MAX_BOX_CELLS.
 */
export function runsOf(filter: AreaFilter, precision: ScorePrecision): CellRun[] {
  const cells = cellsOf(filter, precision);
  return cells === undefined ? [runOf(filter.geohash)] : joinCells(cells);
}

/** Cells under a geohash, itself among them; all without one. */
export function runOf(geohash = ""): CellRun {
  return geohash === "" ? EVERYWHERE : { low: geohash, high: geohash.padEnd(6, "z") };
}

/**
 * The cells that a filter's boxes leave over, or `undefined` when it has none.
 * @throws RangeError when a box holds more than MAX_BOX_CELLS.
 */
export function cellsOf({ city, bbox, geohash = "" }: AreaFilter, precision: ScorePrecision): string[] | undefined {
  const boxes = [...(city === undefined ? [] : [boundsOf(city)]), ...(bbox === undefined ? [] : [bbox])];
  if (boxes.length === 0) return undefined;
  const spans = intersect(boxes.map((box) => spansOf(box, precision)));
  return listCells(spans, precision).filter((cell) => cell.startsWith(geohash));
}

/** Number of cells of a precision whose centres lie in a box, without listing them. */
export function countCentres(bbox: Bounds, precision: ScorePrecision): number {
  return spansOf(bbox, precision).reduce((sum, span) => sum + sizeOf(span), 0);
}

function boundsOf({ bbox: [west, south, east, north] }: City): Bounds {
  return { west, south, east, north };
}

/** The cities that a question about cities is asked of: one, or all that are known. */
export function citiesOf(city: City | undefined): string[] {
  return city === undefined ? CITIES.map(({ id }) => id) : [city.id];
}

/** Columns and rows, the last ones inside. */
interface Span {
  readonly columns: readonly [from: number, to: number];
  readonly rows: readonly [from: number, to: number];
}

const sizeOf = ({ columns, rows }: Span): number =>
  Math.max(0, columns[1] - columns[0] + 1) * Math.max(0, rows[1] - rows[0] + 1);

/** Two when the box crosses the antimeridian. */
function spansOf({ west, south, east, north }: Bounds, precision: number): Span[] {
  const rows = centresIn(south, north, -90, 180 / rowCount(precision), rowCount(precision));
  const width = 360 / columnCount(precision);
  const parts =
    west <= east
      ? [[west, east]]
      : [
          [west, 180],
          [-180, east],
        ];
  return parts.map(([from = 0, to = 0]) => ({
    columns: centresIn(from, to, -180, width, columnCount(precision)),
    rows,
  }));
}

/** Cells of a size whose centres lie in [from, to). */
function centresIn(from: number, to: number, origin: number, size: number, count: number): [number, number] {
  const first = Math.ceil((from - origin) / size - 0.5);
  const after = Math.ceil((to - origin) / size - 0.5);
  return [Math.max(0, first), Math.min(count, after) - 1];
}

function intersect(groups: readonly (readonly Span[])[]): Span[] {
  const [first = [], ...rest] = groups;
  return rest
    .reduce<readonly Span[]>((spans, others) => spans.flatMap((a) => others.map((b) => common(a, b))), first)
    .filter((span) => sizeOf(span) > 0);
}

function common(a: Span, b: Span): Span {
  const both = (x: readonly [number, number], y: readonly [number, number]): [number, number] => [
    Math.max(x[0], y[0]),
    Math.min(x[1], y[1]),
  ];
  return { columns: both(a.columns, b.columns), rows: both(a.rows, b.rows) };
}

function listCells(spans: readonly Span[], precision: number): string[] {
  const count = spans.reduce((sum, span) => sum + sizeOf(span), 0);
  if (count > MAX_BOX_CELLS) throw new RangeError(`${count} cells, the limit is ${MAX_BOX_CELLS}`);
  const cells: string[] = [];
  for (const { columns, rows } of spans) {
    for (let row = rows[0]; row <= rows[1]; row++) {
      for (let column = columns[0]; column <= columns[1]; column++) cells.push(formatCell(column, row, precision));
    }
  }
  return cells;
}

/** Joins cells that follow each other in the order of geohashes. */
function joinCells(cells: string[]): CellRun[] {
  const runs: { low: string; high: string }[] = [];
  let last: { low: string; high: string } | undefined;
  for (const cell of cells.sort()) {
    if (last !== undefined && codeOf(cell) === codeOf(last.high) + 1) last.high = cell;
    else {
      last = { low: cell, high: cell };
      runs.push(last);
    }
  }
  return runs;
}

const codeOf = (geohash: string): number => [...geohash].reduce((code, char) => code * 32 + BASE32.indexOf(char), 0);
