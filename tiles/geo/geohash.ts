/**
 * Geohash on integer cell coordinates. A geohash of precision p has ceil(5p/2) bits of longitude and floor(5p/2) of
 * latitude, interleaved, longitude first, five bits a character. Cells are half open: a point on a border belongs to the
 * cell east or north of it, and the world's last column and row also own their outer edge. That is exact up to precision 10
 * for every coordinate that a report can have (multiples of 1e-6 degrees). Beyond, what lies within 1e-13 degrees of a border
 * may fall on either side of it, as it may in the tile projection.
 */

/** Base 32 of geohash; its characters ascend in ASCII, so strings sort as their bits do. */
export const BASE32 = "0123456789bcdefghjkmnpqrstuvwxyz";

const VALUE_OF_CHAR = new Map([...BASE32].map((char, value) => [char, value]));

/** Precision up to which column and row stay exact 32-bit integers. */
export const MAX_PRECISION = 12;

export interface Bounds {
  readonly west: number;
  readonly south: number;
  readonly east: number;
  readonly north: number;
}

/** Column (west to east) and row (south to north) of a cell at some precision. */
export interface CellXY {
  readonly column: number;
  readonly row: number;
}

export const lonBits = (precision: number): number => Math.ceil((5 * precision) / 2);
export const latBits = (precision: number): number => Math.floor((5 * precision) / 2);
export const columnCount = (precision: number): number => COLUMN_COUNTS[precision] ?? 2 ** lonBits(precision);
export const rowCount = (precision: number): number => ROW_COUNTS[precision] ?? 2 ** latBits(precision);

// Powers are slow, and every report asks.
const COLUMN_COUNTS = Array.from({ length: MAX_PRECISION + 1 }, (_, precision) => 2 ** lonBits(precision));
const ROW_COUNTS = Array.from({ length: MAX_PRECISION + 1 }, (_, precision) => 2 ** latBits(precision));

/** Column of a longitude in degrees; values outside [-180, 180] are clamped. */
export function columnAt(lonDeg: number, precision: number): number {
  const n = columnCount(precision);
  return Math.min(n - 1, Math.max(0, Math.floor(((lonDeg + 180) / 360) * n)));
}

/** Row of a latitude in degrees; values outside [-90, 90] are clamped. */
export function rowAt(latDeg: number, precision: number): number {
  const n = rowCount(precision);
  return Math.min(n - 1, Math.max(0, Math.floor(((latDeg + 90) / 180) * n)));
}

/** Geohash of a point. */
export function encodeGeohash(lonDeg: number, latDeg: number, precision: number): string {
  return formatCell(columnAt(lonDeg, precision), rowAt(latDeg, precision), precision);
}

/** Geohash of a cell given by column and row. */
export function formatCell(column: number, row: number, precision: number): string {
  let hash = "";
  let lonLeft = lonBits(precision);
  let latLeft = latBits(precision);
  for (let bit = 0, value = 0; bit < 5 * precision; bit++) {
    const fromLon = bit % 2 === 0;
    const set = fromLon ? Math.floor(column / 2 ** --lonLeft) % 2 : Math.floor(row / 2 ** --latLeft) % 2;
    value = value * 2 + set;
    if (bit % 5 === 4) {
      hash += BASE32[value];
      value = 0;
    }
  }
  return hash;
}

/** Column and row of a geohash. @throws RangeError on a character outside base 32 or more than 12 characters. */
export function parseCell(geohash: string): CellXY {
  if (geohash.length > MAX_PRECISION) throw new RangeError(`geohash longer than ${MAX_PRECISION}: ${geohash}`);
  let column = 0;
  let row = 0;
  for (let i = 0; i < geohash.length; i++) {
    const value = VALUE_OF_CHAR.get(geohash.charAt(i));
    if (value === undefined) throw new RangeError(`not a geohash: ${geohash}`);
    for (let bit = 0; bit < 5; bit++) {
      const set = (value >> (4 - bit)) & 1;
      if ((5 * i + bit) % 2 === 0) column = column * 2 + set;
      else row = row * 2 + set;
    }
  }
  return { column, row };
}

/** True for 1..12 characters of the geohash alphabet. */
export function isGeohash(text: string): boolean {
  return /^[0-9b-hjkmnp-z]{1,12}$/.test(text);
}

/** Degrees that a cell spans. The empty geohash is the world. */
export function cellBounds(geohash: string): Bounds {
  const { column, row } = parseCell(geohash);
  const width = 360 / columnCount(geohash.length);
  const height = 180 / rowCount(geohash.length);
  return {
    west: column * width - 180,
    south: row * height - 90,
    east: (column + 1) * width - 180,
    north: (row + 1) * height - 90,
  };
}

/**
 * Number of cells of a precision that meet a bounding box, without listing them. A box with west > east crosses the
 * antimeridian.
 */
export function countCells(box: Bounds, precision: number): number {
  const rows = rowAt(box.north, precision) - rowAt(box.south, precision) + 1;
  return rows * columnRuns(box, precision).reduce((sum, [from, to]) => sum + to - from + 1, 0);
}

/**
 * Geohashes of a precision that meet a bounding box, south-west first.
 * @throws RangeError when there are more than `limit`.
 */
export function coverBounds(box: Bounds, precision: number, limit: number): string[] {
  const count = countCells(box, precision);
  if (count > limit) throw new RangeError(`${count} cells of precision ${precision}, over the limit of ${limit}`);
  const cells: string[] = [];
  for (let row = rowAt(box.south, precision); row <= rowAt(box.north, precision); row++) {
    for (const [from, to] of columnRuns(box, precision)) {
      for (let column = from; column <= to; column++) cells.push(formatCell(column, row, precision));
    }
  }
  return cells;
}

function columnRuns(box: Bounds, precision: number): [number, number][] {
  const from = columnAt(box.west, precision);
  const to = columnAt(box.east, precision);
  if (box.west <= box.east) return [[from, to]];
  const last = columnCount(precision) - 1;
  return to >= from
    ? [[0, last]]
    : [
        [from, last],
        [0, to],
      ];
}
