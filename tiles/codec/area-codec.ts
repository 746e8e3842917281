import type { Area, BoxE6, Polygon, Ring } from "../areas/area.ts";
import type { ByteReader, Bytes } from "./bytes.ts";
import { createBytes } from "./bytes.ts";
import { readItem, writeItem } from "./stored-item.ts";

/** An area with its number in its set: areas are numbered from 0 on, ascending by id. */
export interface NumberedArea extends Area {
  readonly number: number;
}

const VERSION = 1;

/** So large may an item become; one more area makes it no larger than an item may be. */
const FULL_BYTES = 100_000;

/** Corners of the largest area that an item takes, at ten bytes each in the worst case. */
export const MOST_CORNERS = 20_000;

/** Areas as items, each of a run of them, which ascend by number. Where there are many areas, there are several items. */
export function encodeAreas(areas: readonly NumberedArea[]): Uint8Array<ArrayBuffer>[] {
  const runs: NumberedArea[][] = [];
  const scratch = createBytes(4096);
  let bytes = FULL_BYTES;
  for (const area of areas) {
    if (bytes >= FULL_BYTES) {
      runs.push([]);
      bytes = 0;
    }
    scratch.clear();
    writeArea(scratch, area, 0);
    bytes += scratch.length();
    runs.at(-1)?.push(area);
  }
  return runs.map((run) =>
    writeItem("areas", VERSION, (out) => {
      out.varint(run.length);
      run.forEach((area, i) => {
        writeArea(out, area, run[i - 1]?.number ?? 0);
      });
    }),
  );
}

/** @throws StoredItemError when the bytes are not a whole item of this kind; `name` says which */
export function decodeAreas(body: Uint8Array, name: string): NumberedArea[] {
  return readItem("areas", VERSION, name, body, (from) => {
    const areas: NumberedArea[] = [];
    let number = 0;
    for (let left = from.varint(); left > 0; left--) {
      const area = readArea(from, number);
      number = area.number;
      areas.push(area);
    }
    return areas;
  });
}

/** What the items of a set's version are called. */
export interface AreaIndex {
  readonly areaCount: number;
  /** Of each item of the list of all areas, the first id. */
  readonly firstIds: readonly string[];
  /** For each level of detail the geohashes that have items, ascending, and how many. */
  readonly pieces: readonly ReadonlyMap<string, number>[];
}

export function encodeAreaIndex({ areaCount, firstIds, pieces }: AreaIndex): Uint8Array<ArrayBuffer> {
  return writeItem("area-index", VERSION, (out) => {
    out.varint(areaCount);
    out.varint(firstIds.length);
    for (const id of firstIds) out.text(id);
    out.varint(pieces.length);
    for (const level of pieces) {
      out.varint(level.size);
      for (const [geohash, count] of level) {
        out.text(geohash);
        out.varint(count);
      }
    }
  });
}

/** @throws StoredItemError when the bytes are not a whole item of this kind; `name` says which */
export function decodeAreaIndex(body: Uint8Array, name: string): AreaIndex {
  return readItem("area-index", VERSION, name, body, (from) => {
    const areaCount = from.varint();
    const firstIds = readMany(from, () => from.text());
    const pieces = readMany(from, () => new Map(readMany(from, (): [string, number] => [from.text(), from.varint()])));
    return { areaCount, firstIds, pieces };
  });
}

function readMany<T>(from: ByteReader, read: () => T): T[] {
  const values: T[] = [];
  for (let left = from.varint(); left > 0; left--) values.push(read());
  return values;
}

/** The sets of areas that there are, as an item. What they tell of themselves is JSON, so that more can be told later. */
export const encodeAreaSets = (sets: readonly object[]): Uint8Array<ArrayBuffer> =>
  writeItem("area-sets", VERSION, (out) => out.text(JSON.stringify(sets)));

/** @throws StoredItemError when the bytes are not a whole item of this kind; `name` says which */
export const decodeAreaSets = (body: Uint8Array, name: string): unknown =>
  readItem("area-sets", VERSION, name, body, (from) => JSON.parse(from.text()));

function writeArea(out: Bytes, { number, id, name, box, polygons }: NumberedArea, before: number): void {
  out.varint(number - before);
  out.text(id);
  out.text(name);
  for (const value of [box.west, box.south]) out.varint(zigzag(value));
  out.varint(box.east - box.west);
  out.varint(box.north - box.south);
  out.varint(polygons.length);
  for (const polygon of polygons) {
    out.varint(polygon.length);
    for (const ring of polygon) writeRing(out, ring, box);
  }
}

function readArea(from: ByteReader, before: number): NumberedArea {
  const number = before + from.varint();
  const id = from.text();
  const name = from.text();
  const [west, south] = [unzigzag(from.varint()), unzigzag(from.varint())];
  const box = { west, south, east: west + from.varint(), north: south + from.varint() };
  const polygons = readMany(from, (): Polygon => readMany(from, () => readRing(from, box)));
  return { number, id, name, box, polygons };
}

/** The first corner as its distance from the corner of the box, each other one as the step from the one before. */
function writeRing(out: Bytes, ring: Ring, { west, south }: BoxE6): void {
  out.varint(ring.length / 2);
  let [x, y] = [west, south];
  for (let i = 0; i < ring.length; i += 2) {
    out.varint(zigzag((ring[i] as number) - x));
    out.varint(zigzag((ring[i + 1] as number) - y));
    [x, y] = [ring[i] as number, ring[i + 1] as number];
  }
}

function readRing(from: ByteReader, { west, south }: BoxE6): Ring {
  const corners = from.varint();
  if (corners > from.left()) throw new RangeError(`${corners} corners in ${from.left()} bytes`);
  const ring = new Int32Array(2 * corners);
  let [x, y] = [west, south];
  for (let i = 0; i < ring.length; i += 2) {
    x += unzigzag(from.varint());
    y += unzigzag(from.varint());
    ring[i] = x;
    ring[i + 1] = y;
  }
  return ring;
}

const zigzag = (value: number): number => (value < 0 ? -2 * value - 1 : 2 * value);
const unzigzag = (value: number): number => (value % 2 === 1 ? -(value + 1) / 2 : value / 2);
