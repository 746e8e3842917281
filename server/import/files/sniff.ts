import { OperatorError } from "../../console/operator-error.ts";
import type { ReadFormat } from "./row.ts";

/** What files of other kinds begin with, and what to do about them. */
const KINDS: readonly (readonly [magic: string, kind: string, instead: string])[] = [
  ["PAR1", "Parquet", "write it as CSV, for instance with DuckDB"],
  ["SQLite format 3\0", "a SQLite or GeoPackage database", "make GeoJSON of it, for instance with ogr2ogr"],
  ["\x00\x00\x27\x0a", "a shapefile", "make GeoJSON of it, for instance with ogr2ogr"],
  ["BZh", "packed by bzip2", "unpack it first"],
  ["\xfd7zXZ\x00", "packed by xz", "unpack it first"],
  ["\x28\xb5\x2f\xfd", "packed by zstd", "unpack it first"],
  ["7z\xbc\xaf\x27\x1c", "a 7z archive", "unpack it first"],
  ["Rar!\x1a\x07", "a RAR archive", "unpack it first"],
  ["\x1f\x8b", "packed twice", "unpack it first"],
  ["PK\x03\x04", "packed twice", "unpack it first"],
  ["\xd0\xcf\x11\xe0", "an old office document", "save its table as CSV (UTF-8)"],
  ["%PDF", "PDF", "get its table as CSV"],
];
const TAR_AT = 257;

/** Refuses what is no text of rows by how it begins, as bytes. @throws OperatorError */
export function refuseOtherKinds(head: Buffer, path: string): void {
  const text = head.toString("latin1", 0, 512);
  const found = KINDS.find(([magic]) => text.startsWith(magic));
  if (found !== undefined) throw new OperatorError(`${path} is ${found[1]}: ${found[2]}.`);
  if (text.startsWith("ustar", TAR_AT)) throw new OperatorError(`${path} is a tar archive: unpack it first.`);
}

/** Refuses markup. @param text how the content begins @throws OperatorError */
export function refuseMarkup(text: string, path: string): void {
  const [, name] = /^\s*<(\?xml|!doctype|!--|[a-z][\w:.-]*)[\s>]/i.exec(text) ?? [];
  if (name === undefined) return;
  if (/^\s*<(?:!doctype html|html|head|body)/i.test(text)) {
    throw new OperatorError(`${path} is a web page, and no data: see what it says, and download the file again.`);
  }
  throw new OperatorError(
    `${path} is XML: get the same as CSV, GeoJSON or JSON; an Open311 server gives JSON where the address has .json in place of .xml.`,
  );
}

/** How the rows of a JSON file stand in it. */
export type JsonForm = "lines" | "sequence" | "separated" | "document";

/**
 * By how it begins, where the name says that there is an object on each line: people call so what holds one array, one collection,
 * or objects over lines.
 */
export function jsonFormOf(head: string, format: Exclude<ReadFormat, "csv">): JsonForm {
  const text = head.replace(/^\uFEFF/, "").trimStart();
  if (text.startsWith("\u001e")) return "separated";
  if (format === "geojson" || text.startsWith("[")) return "document";
  const [first = "", second = ""] = text.split(/\r?\n\s*/, 2);
  if (isJson(first)) return isCollection(first) ? "document" : "lines";
  if (/^\{.*"features"\s*:\s*\[/s.test(text.slice(0, MOST_MEMBERS_BYTES)) && isCollection(text)) return "document";
  return first.startsWith("{") && /^["}]/.test(second) ? "sequence" : "lines";
}

const MOST_MEMBERS_BYTES = 4096;

const isCollection = (text: string): boolean =>
  /"type"\s*:\s*"FeatureCollection"/.test(text.slice(0, MOST_MEMBERS_BYTES));

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
