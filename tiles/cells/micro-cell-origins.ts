import { columnOfKey, rowOfKey } from "../geo/cell-key.ts";
import { columnCount, MAX_PRECISION, rowCount } from "../geo/geohash.ts";
import { worldX, worldY } from "../geo/tile-address.ts";
import { gridOf } from "./micro-cells.ts";

/** Bits of a key's low part: two characters, as many as an item's cells differ in. */
const LOW_BITS = 10;
const LOW_KEYS = 2 ** LOW_BITS;
/** Columns, and rows, that keys of one high part lie in. */
const SIDE = 2 ** (LOW_BITS / 2);

/**
 * Corners of the cells of a precision, which their sums and newest reports count up from: those of all cells whose keys differ
 * in the low part only are computed together, by column and by row.
 *
 *     const low = origins.lowOf(key);
 *     const x = xOf(origins, low);
 */
export interface Origins {
  /** The low part of a key, whose high part the columns and rows are of from now on. */
  lowOf(key: number): number;
  /** Column and row of a low part. */
  readonly column: Uint8Array;
  readonly row: Uint8Array;
  /** North-west corners on the grid that places are summed on, by column and by row. */
  readonly x: Float64Array;
  readonly y: Float64Array;
  /** South-west corners, millionths of a degree. */
  readonly lon: Float64Array;
  readonly lat: Float64Array;
}

export const xOf = ({ column, x }: Origins, low: number): number => x[column[low] as number] as number;
export const yOf = ({ row, y }: Origins, low: number): number => y[row[low] as number] as number;
export const lonOf = ({ column, lon }: Origins, low: number): number => lon[column[low] as number] as number;
export const latOf = ({ row, lat }: Origins, low: number): number => lat[row[low] as number] as number;

const kept = new Array<Origins | undefined>(MAX_PRECISION + 1);

/** Shared by all that ask: to be used up without waiting. */
export function originsOf(precision: number): Origins {
  kept[precision] ??= new PrecisionOrigins(precision);
  return kept[precision];
}

class PrecisionOrigins implements Origins {
  readonly column = new Uint8Array(LOW_KEYS);
  readonly row = new Uint8Array(LOW_KEYS);
  readonly x = new Float64Array(SIDE);
  readonly y = new Float64Array(SIDE);
  readonly lon = new Float64Array(SIDE);
  readonly lat = new Float64Array(SIDE);
  private readonly precision: number;
  /** First key of the high part. */
  private first = Number.NaN;

  constructor(precision: number) {
    this.precision = precision;
    for (let low = 0; low < LOW_KEYS; low++) {
      this.column[low] = columnOfKey(low, precision);
      this.row[low] = rowOfKey(low, precision);
    }
  }

  lowOf(key: number): number {
    const low = key - this.first;
    if (low >= 0 && low < LOW_KEYS) return low;
    this.startAt(key - (key % LOW_KEYS));
    return key - this.first;
  }

  private startAt(first: number): void {
    const { precision } = this;
    const grid = gridOf(precision);
    const width = 360 / columnCount(precision);
    const height = 180 / rowCount(precision);
    const column = columnOfKey(first, precision);
    const row = rowOfKey(first, precision);
    for (let i = 0; i < SIDE; i++) {
      const westDeg = (column + i) * width - 180;
      this.x[i] = Math.floor(worldX(westDeg) * grid);
      this.lon[i] = Math.floor(westDeg * 1e6);
      this.y[i] = Math.floor(worldY((row + i + 1) * height - 90) * grid);
      this.lat[i] = Math.floor(((row + i) * height - 90) * 1e6);
    }
    this.first = first;
  }
}
