import type { ByteReader, Bytes } from "./bytes.ts";
import { cellBounds } from "./geohash.ts";
import { BAND_COUNT } from "./layers.ts";
import { GRID, geohashOfKey, type MicroCells } from "./micro-cells.ts";
import { dictionaryOf, lookUp, originE6, REST_BYTES, readDictionary, writeDictionary } from "./report-codec.ts";
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
    const latest = cells.newest.createdAtMs.reduce((max, time) => Math.max(max, time), 0);
    out.varint(latest);
    let before = 0;
    for (let cell = 0; cell < cells.length; cell++) {
      const key = cells.key[cell] as number;
      out.varint(key - before);
      before = key;
      const origin = originOf(geohashOfKey(key, cells.precision));
      const count = writeBands(out, cells, cell);
      out.varint((cells.sumX[cell] as number) - count * origin.x);
      out.varint((cells.sumY[cell] as number) - count * origin.y);
      out.varint(latest - (cells.newest.createdAtMs[cell] as number));
      if (standsAlone(cells, cell)) writeNewest(out, cells, cell, origin, categories);
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
    const latest = from.varint();
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
    for (let cell = 0, key = 0; cell < length; cell++) {
      key += from.varint();
      cells.key[cell] = key;
      const origin = originOf(geohashOfKey(key, precision));
      const { count, hasNewest } = readBands(from, cells, cell);
      cells.sumX[cell] = from.varint() + count * origin.x;
      cells.sumY[cell] = from.varint() + count * origin.y;
      cells.newest.createdAtMs[cell] = latest - from.varint();
      if (hasNewest) readNewest(from, cells, cell, origin, categories);
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
    out.varint(count);
    out.varint(cells.bandSeverity[cell * BAND_COUNT + band] as number);
  }
  return total;
}

function readBands(from: ByteReader, cells: MicroCells, cell: number): { count: number; hasNewest: boolean } {
  const mask = from.byte();
  let total = 0;
  for (let band = 0; band < BAND_COUNT; band++) {
    if ((mask & (1 << band)) === 0) continue;
    const count = from.varint();
    total += count;
    cells.bandCount[cell * BAND_COUNT + band] = count;
    cells.bandSeverity[cell * BAND_COUNT + band] = from.varint();
  }
  return { count: total, hasNewest: (mask & HAS_NEWEST) !== 0 };
}

function writeNewest(
  out: Bytes,
  cells: MicroCells,
  cell: number,
  origin: Origin,
  categories: Map<string, number>,
): void {
  const { newest } = cells;
  out.uint(newest.idRest[cell] as number, REST_BYTES);
  out.varint((newest.lonE6[cell] as number) - origin.lon);
  out.varint((newest.latE6[cell] as number) - origin.lat);
  out.varint((categories.get(newest.category[cell] as string) ?? 0) * 8 + (newest.severity[cell] as number));
}

function readNewest(
  from: ByteReader,
  cells: MicroCells,
  cell: number,
  origin: Origin,
  categories: readonly string[],
): void {
  const { newest } = cells;
  newest.idRest[cell] = from.uint(REST_BYTES);
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

function originOf(geohash: string): Origin {
  const { west, north } = cellBounds(geohash);
  return { x: Math.floor(worldX(west) * GRID), y: Math.floor(worldY(north) * GRID), ...originE6(geohash) };
}
