import { columnCount, rowCount } from "./geohash.ts";
import { columnOfKey, gridOf, rowOfKey } from "./micro-cells.ts";
import { worldX, worldY } from "./tile-address.ts";

/** A cell's corner, which its sums and its newest report count up from. */
export interface Origin {
  /** North-west, on the grid that places are summed on. */
  readonly x: number;
  readonly y: number;
  /** South-west, millionths of a degree. */
  readonly lon: number;
  readonly lat: number;
}

/** Bits of a key's low part: two characters, as many as an item's cells differ in. */
const LOW_BITS = 10;
const LOW_KEYS = 2 ** LOW_BITS;
/** Columns, and rows, that keys of one high part lie in. */
const SIDE = 2 ** (LOW_BITS / 2);

/** Origins of cells by key. Each row's and each column's is computed once for all keys of the same high part. */
export function createOrigins(precision: number): (key: number) => Origin {
  const grid = gridOf(precision);
  const width = 360 / columnCount(precision);
  const height = 180 / rowCount(precision);
  const x = new Float64Array(SIDE);
  const y = new Float64Array(SIDE);
  const lon = new Float64Array(SIDE);
  const lat = new Float64Array(SIDE);
  /** Where the low part's column bits begin: at the first or the second. */
  const columnShift = precision % 2 === 1 ? 0 : 1;
  const origin = { x: 0, y: 0, lon: 0, lat: 0 };
  let high = -1;

  function startAt(key: number): void {
    const column = columnOfKey(key, precision);
    const row = rowOfKey(key, precision);
    for (let i = 0; i < SIDE; i++) {
      const westDeg = (column + i) * width - 180;
      x[i] = Math.floor(worldX(westDeg) * grid);
      lon[i] = Math.floor(westDeg * 1e6);
      y[i] = Math.floor(worldY((row + i + 1) * height - 90) * grid);
      lat[i] = Math.floor(((row + i) * height - 90) * 1e6);
    }
  }

  return (key) => {
    const keyHigh = Math.floor(key / LOW_KEYS);
    const low = key - keyHigh * LOW_KEYS;
    if (keyHigh !== high) {
      startAt(key - low);
      high = keyHigh;
    }
    const column = everySecondOf(low >>> columnShift);
    const row = everySecondOf(low >>> (1 - columnShift));
    // One object for all: it is used up before the next key.
    origin.x = x[column] as number;
    origin.lon = lon[column] as number;
    origin.y = y[row] as number;
    origin.lat = lat[row] as number;
    return origin;
  };
}

/** Bits 0, 2, 4, 6 and 8. */
const everySecondOf = (v: number): number =>
  (v & 1) | ((v >>> 1) & 2) | ((v >>> 2) & 4) | ((v >>> 3) & 8) | ((v >>> 4) & 16);
