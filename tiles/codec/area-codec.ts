import type { Area, BoxE6, Polygon, Ring } from "../areas/area.ts";
import type { ByteReader, Bytes } from "./bytes.ts";
import { createBytes } from "./bytes.ts";
import { readItem, writeItem } from "./stored-item.ts";

/** An area with its number in its set: areas are numbered from 0 on, ascending by id. */
export interface NumberedArea extends Area {
  readonly number: number;
}

const VERSION = 1;
/** Of areas: ids by what they share with the one before, boxes by the step from it, corners in units. */
const AREAS_VERSION = 2;
const AREAS_VERSIONS = [1, AREAS_VERSION];

/** So large may an item become; one more area makes it no larger than an item may be. */
const FULL_BYTES = 100_000;

/** Corners of the largest area that an item takes, at ten bytes each in the worst case. */
export const MOST_CORNERS = 20_000;

/** What an area is told by: the one before it in its item, and millionths of a degree in one unit of its corners. */
interface Beside {
  readonly before: Pick<NumberedArea, "number" | "id" | "box">;
  readonly unit: number;
}

const NONE_BEFORE: Beside["before"] = { number: 0, id: "", box: { west: 0, south: 0, east: 0, north: 0 } };

/**
 * Areas as items, each of a run of them, which ascend by number. Where there are many areas, there are several items.
 * @param unit corners are kept in these, millionths of a degree: 1 is exact, and boxes always are
 */
export function encodeAreas(areas: readonly NumberedArea[], unit = 1): Uint8Array<ArrayBuffer>[] {
  const runs: NumberedArea[][] = [];
  const scratch = createBytes(4096);
  let bytes = FULL_BYTES;
  for (const area of areas) {
    if (bytes >= FULL_BYTES) {
      runs.push([]);
      bytes = 0;
    }
    scratch.clear();
    writeArea(scratch, area, { before: runs.at(-1)?.at(-1) ?? NONE_BEFORE, unit });
    bytes += scratch.length();
    runs.at(-1)?.push(area);
  }
  return runs.map((run) =>
    writeItem("areas", AREAS_VERSION, (out) => {
      out.varint(unit);
      out.varint(run.length);
      run.forEach((area, i) => {
        writeArea(out, area, { before: run[i - 1] ?? NONE_BEFORE, unit });
      });
    }),
  );
}

/** @throws StoredItemError when the bytes are not a whole item of this kind; `name` says which */
export function decodeAreas(body: Uint8Array, name: string): NumberedArea[] {
  return readItem("areas", AREAS_VERSIONS, name, body, (from, version) => {
    const areas: NumberedArea[] = [];
    const unit = version === 1 ? 1 : from.varint();
    let before = NONE_BEFORE;
    for (let left = from.varint(); left > 0; left--) {
      const area = readArea(from, { before, unit }, version);
      areas.push(area);
      before = area;
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

function writeArea(out: Bytes, { number, id, name, box, polygons }: NumberedArea, { before, unit }: Beside): void {
  out.varint(number - before.number);
  const shared = sharedLength(before.id, id);
  out.varint(shared);
  out.text(id.slice(shared));
  out.text(name);
  out.varint(zigzag(box.west - before.box.west));
  out.varint(zigzag(box.south - before.box.south));
  out.varint(box.east - box.west);
  out.varint(box.north - box.south);
  out.varint(polygons.length);
  for (const polygon of polygons) {
    out.varint(polygon.length);
    for (const ring of polygon) writeRing(out, ring, box, unit);
  }
}

/** Of what two begin with alike; never half of a character that takes two. */
function sharedLength(a: string, b: string): number {
  let length = 0;
  while (length < a.length && a.charCodeAt(length) === b.charCodeAt(length)) length++;
  const isHalf = length > 0 && /[\uD800-\uDBFF]/.test(a.charAt(length - 1));
  return isHalf ? length - 1 : length;
}

function readArea(from: ByteReader, { before, unit }: Beside, version: number): NumberedArea {
  const number = before.number + from.varint();
  const shared = version === 1 ? 0 : from.varint();
  if (shared > before.id.length) throw new RangeError(`${shared} characters of an id of ${before.id.length}`);
  const id = before.id.slice(0, shared) + from.text();
  const name = from.text();
  const start = version === 1 ? NONE_BEFORE.box : before.box;
  const [west, south] = [start.west + unzigzag(from.varint()), start.south + unzigzag(from.varint())];
  const box = { west, south, east: west + from.varint(), north: south + from.varint() };
  const polygons = readMany(from, (): Polygon => readMany(from, () => readRing(from, box, unit)));
  return { number, id, name, box, polygons };
}

/**
 * In units, of which the grid is the same for all areas, so that neighbours keep what they share: the first corner as its distance from the
 * corner of the box, each other one as the step from the one before.
 */
function writeRing(out: Bytes, ring: Ring, { west, south }: BoxE6, unit: number): void {
  out.varint(ring.length / 2);
  let [x, y] = [Math.round(west / unit), Math.round(south / unit)];
  for (let i = 0; i < ring.length; i += 2) {
    const [nextX, nextY] = [Math.round((ring[i] as number) / unit), Math.round((ring[i + 1] as number) / unit)];
    out.varint(zigzag(nextX - x));
    out.varint(zigzag(nextY - y));
    [x, y] = [nextX, nextY];
  }
}

function readRing(from: ByteReader, { west, south }: BoxE6, unit: number): Ring {
  const corners = from.varint();
  if (corners > from.left()) throw new RangeError(`${corners} corners in ${from.left()} bytes`);
  const ring = new Int32Array(2 * corners);
  let [x, y] = [Math.round(west / unit), Math.round(south / unit)];
  for (let i = 0; i < ring.length; i += 2) {
    x += unzigzag(from.varint());
    y += unzigzag(from.varint());
    ring[i] = x * unit;
    ring[i + 1] = y * unit;
  }
  return ring;
}

const zigzag = (value: number): number => (value < 0 ? -2 * value - 1 : 2 * value);
const unzigzag = (value: number): number => (value % 2 === 1 ? -(value + 1) / 2 : value / 2);
