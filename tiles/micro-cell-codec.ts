import type { ByteReader, Bytes } from "./bytes.ts";
import { columnCount, rowCount } from "./geohash.ts";
import { BAND_COUNT, MAX_SEVERITY, MIN_SEVERITY } from "./layers.ts";
import { columnOfKey, gridOf, type MicroCells, rowOfKey } from "./micro-cells.ts";
import { dictionaryOf, lookUp, readDictionary, restBytesOf, writeDictionary } from "./report-codec.ts";
import { allocateColumns } from "./report-columns.ts";
import { readItem, writeItem } from "./stored-item.ts";
import { worldX, worldY } from "./tile-address.ts";

/**
 * Micro cells as a stored item. A cell's newest report is written whole only if some time window may show it alone, that
 * is if its band holds no second report: otherwise its time is enough, and a third of the bytes are saved.
 */
const VERSION = 1;

/** Bit of the band mask that says "the newest report follows". */
const HAS_NEWEST = 1 << BAND_COUNT;

export function encodeMicroCells(cells: MicroCells): Uint8Array<ArrayBuffer> {
  return writeItem("micro-cells", VERSION, (out) => {
    out.byte(cells.precision);
    out.varint(cells.length);
    out.double(cells.staleAtMs);
    const categories = dictionaryOf(cells.newest.category.filter((_, cell) => standsAlone(cells, cell)));
    writeDictionary(out, categories);
    const restBytes = restBytesOf(cells.newest.idRest.filter((_, cell) => standsAlone(cells, cell)));
    out.byte(restBytes);
    // One more than the last second, so that it comes out alike from times that were cut to seconds.
    const end = Math.floor(cells.newest.createdAtMs.reduce((max, time) => Math.max(max, time), 0) / 1000) + 1;
    out.varint(end);
    const originOf = createOrigins(cells.precision);
    let before = 0;
    for (let cell = 0; cell < cells.length; cell++) {
      const key = cells.key[cell] as number;
      out.varint(key - before);
      before = key;
      const origin = originOf(key);
      const count = writeBands(out, cells, cell);
      out.varint((cells.sumX[cell] as number) - count * origin.x);
      out.varint((cells.sumY[cell] as number) - count * origin.y);
      const newestMs = cells.newest.createdAtMs[cell] as number;
      if (!standsAlone(cells, cell)) out.varint(end - Math.floor(newestMs / 1000));
      else {
        out.varint(end * 1000 - newestMs);
        writeNewest(out, cells, cell, { origin, categories, restBytes });
      }
    }
  });
}

/** @throws StoredItemError when the bytes are not a whole item of this kind; `name` says which */
export function decodeMicroCells(bytes: Uint8Array, name: string): MicroCells {
  return readItem("micro-cells", VERSION, name, bytes, (from) => {
    const precision = from.byte();
    const length = from.varint();
    if (length > bytes.length) throw new RangeError(`${length} cells in ${bytes.length} bytes`);
    const staleAtMs = from.double();
    const categories = readDictionary(from);
    const restBytes = from.byte();
    const end = from.varint();
    const cells: MicroCells = {
      precision,
      length,
      staleAtMs,
      key: new Float64Array(length),
      bandCount: new Uint32Array(length * BAND_COUNT),
      bandSeverity: new Uint32Array(length * BAND_COUNT),
      sumX: new Float64Array(length),
      sumY: new Float64Array(length),
      newest: allocateColumns(length),
    };
    const originOf = createOrigins(precision);
    for (let cell = 0, key = 0; cell < length; cell++) {
      key += from.varint();
      cells.key[cell] = key;
      const origin = originOf(key);
      const { count, hasNewest } = readBands(from, cells, cell);
      cells.sumX[cell] = from.varint() + count * origin.x;
      cells.sumY[cell] = from.varint() + count * origin.y;
      const before = from.varint();
      cells.newest.createdAtMs[cell] = hasNewest ? end * 1000 - before : (end - before) * 1000;
      if (hasNewest) readNewest(from, cells, cell, { origin, categories, restBytes });
    }
    return cells;
  });
}

function standsAlone(cells: MicroCells, cell: number): boolean {
  for (let band = 0; band < BAND_COUNT; band++) {
    const count = cells.bandCount[cell * BAND_COUNT + band] as number;
    if (count > 0) return count === 1 && cells.newest.category[cell] !== "";
  }
  return false;
}

function writeBands(out: Bytes, cells: MicroCells, cell: number): number {
  let mask = standsAlone(cells, cell) ? HAS_NEWEST : 0;
  let total = 0;
  for (let band = 0; band < BAND_COUNT; band++) {
    const count = cells.bandCount[cell * BAND_COUNT + band] as number;
    if (count > 0) mask |= 1 << band;
    total += count;
  }
  out.byte(mask);
  for (let band = 0; band < BAND_COUNT; band++) {
    const count = cells.bandCount[cell * BAND_COUNT + band] as number;
    if (count === 0) continue;
    out.varint(pairCode(count, cells.bandSeverity[cell * BAND_COUNT + band] as number));
  }
  return total;
}

function readBands(from: ByteReader, cells: MicroCells, cell: number): { count: number; hasNewest: boolean } {
  const mask = from.byte();
  let total = 0;
  for (let band = 0; band < BAND_COUNT; band++) {
    if ((mask & (1 << band)) === 0) continue;
    const code = from.varint();
    const count = countOfPair(code);
    total += count;
    cells.bandCount[cell * BAND_COUNT + band] = count;
    cells.bandSeverity[cell * BAND_COUNT + band] = code - firstPair(count) + count;
  }
  return { count: total, hasNewest: (mask & HAS_NEWEST) !== 0 };
}

/**
 * A count and the sum of its severities as one number: the pairs in order of count, then of sum. A count c has 4c + 1 sums, so
 * counts up to 7 with any sum fit one byte.
 */
function pairCode(count: number, severity: number): number {
  if (severity < count * MIN_SEVERITY || severity > count * MAX_SEVERITY) {
    throw new RangeError(`severities of ${count} reports cannot sum to ${severity}`);
  }
  return firstPair(count) + severity - count;
}

const firstPair = (count: number): number => (count - 1) * (2 * count + 1);

function countOfPair(code: number): number {
  const count = Math.floor((1 + Math.sqrt(9 + 8 * code)) / 4);
  // The root of a large code is rounded.
  if (firstPair(count) > code) return count - 1;
  return firstPair(count + 1) <= code ? count + 1 : count;
}

interface NewestFormat<C> {
  readonly origin: Origin;
  readonly categories: C;
  readonly restBytes: number;
}

function writeNewest(out: Bytes, cells: MicroCells, cell: number, format: NewestFormat<Map<string, number>>): void {
  const { newest } = cells;
  const { origin, categories, restBytes } = format;
  out.uint(newest.idRest[cell] as number, restBytes);
  out.varint((newest.lonE6[cell] as number) - origin.lon);
  out.varint((newest.latE6[cell] as number) - origin.lat);
  out.varint((categories.get(newest.category[cell] as string) ?? 0) * 8 + (newest.severity[cell] as number));
}

function readNewest(from: ByteReader, cells: MicroCells, cell: number, format: NewestFormat<readonly string[]>): void {
  const { newest } = cells;
  const { origin, categories, restBytes } = format;
  newest.idRest[cell] = from.uint(restBytes);
  newest.lonE6[cell] = origin.lon + from.varint();
  newest.latE6[cell] = origin.lat + from.varint();
  const packed = from.varint();
  newest.severity[cell] = packed % 8;
  newest.category[cell] = lookUp(categories, Math.floor(packed / 8));
}

/** A cell's corner, which its sums and its newest report count up from. */
interface Origin {
  /** North-west, on the grid that places are summed on. */
  readonly x: number;
  readonly y: number;
  /** South-west, millionths of a degree. */
  readonly lon: number;
  readonly lat: number;
}

/** Origins of cells by key. Each row's and each column's is computed once: an item's cells share them. */
function createOrigins(precision: number): (key: number) => Origin {
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
