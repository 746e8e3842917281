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

/** Origins of cells by key. Each row's and each column's is computed once: an item's cells share them. */
export function createOrigins(precision: number): (key: number) => Origin {
  const grid = gridOf(precision);
  const width = 360 / columnCount(precision);
  const height = 180 / rowCount(precision);
  const columns = new Map<number, { x: number; lon: number }>();
  const rows = new Map<number, { y: number; lat: number }>();
  const origin = { x: 0, y: 0, lon: 0, lat: 0 };
  return (key) => {
    const column = columnOfKey(key, precision);
    const row = rowOfKey(key, precision);
    let west = columns.get(column);
    if (west === undefined) {
      const deg = column * width - 180;
      west = { x: Math.floor(worldX(deg) * grid), lon: Math.floor(deg * 1e6) };
      columns.set(column, west);
    }
    let south = rows.get(row);
    if (south === undefined) {
      const northDeg = (row + 1) * height - 90;
      south = { y: Math.floor(worldY(northDeg) * grid), lat: Math.floor((row * height - 90) * 1e6) };
      rows.set(row, south);
    }
    // One object for all: it is used up before the next key.
    origin.x = west.x;
    origin.lon = west.lon;
    origin.y = south.y;
    origin.lat = south.lat;
    return origin;
  };
}
