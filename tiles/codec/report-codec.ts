import { cellBounds } from "../geo/geohash.ts";
import { allocateColumns, FULL_QUARTERS, type ReportColumns } from "../report-columns.ts";
import type { ByteReader, Bytes } from "./bytes.ts";
import { readItem, readPresence, writeItem } from "./stored-item.ts";

/** A run of one cell's reports, about 14 bytes each: time as the step from the one before, place inside the cell. */
const VERSIONS = [1, 2] as const;
const [, VERSION] = VERSIONS;

/** How rows stand in an item: with room for optional columns, or as they once did, without. */
export type RowsForm = "roomy" | "bare";

/** Optional columns of rows. Bits 1 and 2 are those of the import's run and the version of a change. */
const REPORTER = 1;
const WEIGHT = 8;
const OPTIONAL = REPORTER | WEIGHT;

function presentOf({ reporter, quarters }: ReportColumns): number {
  const hasReporter = reporter.some((bucket) => bucket !== 0);
  const hasWeight = quarters.some((each) => each !== FULL_QUARTERS);
  return (hasReporter ? REPORTER : 0) | (hasWeight ? WEIGHT : 0);
}

/** Of an item that had bare rows up to a version. */
export const formOf = (version: number, lastBare: number): RowsForm => (version <= lastBare ? "bare" : "roomy");

/** Bytes of a place's distance from the corner of its cell, along each axis. */
const placeBytesOf = (geohash: string): number => (geohash.length >= 5 ? 2 : 4);

/** Bytes for what of the ids is not in time, place and layer: 40 bits, and 5 more where a cell has several write shards. */
export function restBytesOf(idRest: Float64Array): number {
  return idRest.every((rest) => rest < 2 ** 40) ? 5 : 6;
}

/** @param geohash a cell that all reports lie in; those of one of precision 5 or finer take the fewest bytes */
export function encodeReports(reports: ReportColumns, geohash: string): Uint8Array<ArrayBuffer> {
  return writeItem("reports", VERSION, (out) => writeReports(out, reports, geohash));
}

/** The same inside another item. */
export function writeReports(out: Bytes, reports: ReportColumns, geohash: string, form: RowsForm = "roomy"): void {
  const origin = originE6(geohash);
  const placeBytes = placeBytesOf(geohash);
  const categories = dictionaryOf(reports.category);
  out.varint(reports.length);
  const present = form === "roomy" ? presentOf(reports) : 0;
  if (form === "roomy") out.byte(present);
  writeDictionary(out, categories);
  const restBytes = restBytesOf(reports.idRest);
  out.byte(restBytes);
  let before = 0;
  for (let row = 0; row < reports.length; row++) {
    const time = reports.createdAtMs[row] as number;
    out.varint(time - before);
    before = time;
    out.uint(reports.idRest[row] as number, restBytes);
    out.uint((reports.lonE6[row] as number) - origin.lon, placeBytes);
    out.uint((reports.latE6[row] as number) - origin.lat, placeBytes);
    const category = categories.get(reports.category[row] as string) ?? 0;
    out.varint(category * 8 + (reports.severity[row] as number));
    if ((present & REPORTER) !== 0) out.byte(reports.reporter[row] as number);
    if ((present & WEIGHT) !== 0) out.byte(reports.quarters[row] as number);
  }
}

/** @throws StoredItemError when the bytes are not a whole item of this kind; `name` says which */
export function decodeReports(bytes: Uint8Array, geohash: string, name: string): ReportColumns {
  return readItem("reports", VERSIONS, name, bytes, (from, version) => readReports(from, geohash, formOf(version, 1)));
}

/** Reads what `writeReports` wrote. @throws RangeError */
export function readReports(from: ByteReader, geohash: string, form: RowsForm = "roomy"): ReportColumns {
  const origin = originE6(geohash);
  const placeBytes = placeBytesOf(geohash);
  const length = from.varint();
  if (length > from.left()) throw new RangeError(`${length} reports in ${from.left()} bytes`);
  const present = form === "roomy" ? readPresence(from, OPTIONAL) : 0;
  const categories = readDictionary(from);
  const restBytes = from.byte();
  const reports = allocateColumns(length);
  let time = 0;
  for (let row = 0; row < length; row++) {
    time += from.varint();
    reports.createdAtMs[row] = time;
    reports.idRest[row] = from.uint(restBytes);
    reports.lonE6[row] = origin.lon + from.uint(placeBytes);
    reports.latE6[row] = origin.lat + from.uint(placeBytes);
    const packed = from.varint();
    reports.severity[row] = packed % 8;
    reports.category[row] = lookUp(categories, Math.floor(packed / 8));
    if ((present & REPORTER) !== 0) reports.reporter[row] = from.byte();
    if ((present & WEIGHT) !== 0) reports.quarters[row] = from.byte();
  }
  return reports;
}

/** South-west corner in millionths of a degree, rounded down, so that places inside count up from it. */
export function originE6(geohash: string): { lon: number; lat: number } {
  const { west, south } = cellBounds(geohash);
  return { lon: Math.floor(west * 1e6), lat: Math.floor(south * 1e6) };
}

export function dictionaryOf(texts: readonly string[]): Map<string, number> {
  return new Map([...new Set(texts)].sort().map((text, index) => [text, index]));
}

export function writeDictionary(out: Bytes, dictionary: ReadonlyMap<string, number>): void {
  out.varint(dictionary.size);
  for (const text of dictionary.keys()) out.text(text);
}

export function readDictionary(from: ByteReader): string[] {
  const texts: string[] = [];
  for (let left = from.varint(); left > 0; left--) texts.push(from.text());
  return texts;
}

export function lookUp(texts: readonly string[], index: number): string {
  const text = texts[index];
  if (text === undefined) throw new RangeError(`entry ${index} of ${texts.length}`);
  return text;
}

const EDITED_VERSIONS = [1, 2] as const;
const [, EDITED_VERSION] = EDITED_VERSIONS;

/** Reports of a cell that were edited since they were put: which version of each is known, and what those say that are shown. */
export interface EditedColumns {
  readonly versions: ReadonlyMap<string, number>;
  readonly rows: ReportColumns;
}

/** @param geohash the cell that they lie in */
export function encodeEdited({ versions, rows }: EditedColumns, geohash: string): Uint8Array<ArrayBuffer> {
  return writeItem("edited-reports", EDITED_VERSION, (out) => {
    out.varint(versions.size);
    for (const [id, version] of [...versions].sort(([a], [b]) => (a < b ? -1 : 1))) {
      out.text(id);
      out.varint(version);
    }
    writeReports(out, rows, geohash);
  });
}

/** @throws StoredItemError when the bytes are not a whole item of this kind; `name` says which */
export function decodeEdited(bytes: Uint8Array, geohash: string, name: string): EditedColumns {
  return readItem("edited-reports", EDITED_VERSIONS, name, bytes, (from, version) => {
    const versions = new Map<string, number>();
    for (let left = from.varint(); left > 0; left--) versions.set(from.text(), from.varint());
    return { versions, rows: readReports(from, geohash, formOf(version, 1)) };
  });
}
