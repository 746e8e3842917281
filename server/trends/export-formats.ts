import type { Column, ColumnType, ExportRow } from "./export-rows.ts";
import { geometryJson, type RowShape, shapeOf } from "./row-geometry.ts";

/** Turns rows into a file, piece by piece. */
export interface RowEncoder {
  /** What the file begins with. */
  begin(): Uint8Array;
  /** A page of rows; may be empty while the encoder gathers more. */
  rows(rows: readonly ExportRow[]): Uint8Array;
  /** What the file ends with. */
  end(): Uint8Array;
}

/** What a text format writes before, for, between and after rows. */
interface TextFormat {
  readonly head: string;
  row(row: ExportRow): string;
  readonly separator: string;
  readonly tail: string;
}

const TEXT_FORMATS = { csv: csvFormat, geojson: geojsonFormat, ndjson: ndjsonFormat };
export type TextFormatName = keyof typeof TEXT_FORMATS;

/** An encoder of one of the text formats, UTF-8. */
export function createTextEncoder(name: TextFormatName, columns: readonly Column[]): RowEncoder {
  const format = TEXT_FORMATS[name](columns);
  const utf8 = new TextEncoder();
  let separator = "";
  return {
    begin: () => utf8.encode(format.head),
    rows(rows) {
      if (rows.length === 0) return new Uint8Array();
      const text = separator + rows.map((row) => format.row(row)).join(format.separator);
      separator = format.separator;
      return utf8.encode(text);
    },
    end: () => utf8.encode(format.tail),
  };
}

/** RFC 4180: a header, CRLF, quotes doubled. */
function csvFormat(columns: readonly Column[]): TextFormat {
  return {
    head: `${columns.map(({ name }) => csvCell(name)).join(",")}\r\n`,
    row: (row) => `${columns.map(({ name, type }) => csvCell(row[name] ?? null, type)).join(",")}\r\n`,
    separator: "",
    tail: "",
  };
}

/** A spreadsheet takes a text that begins so for a formula (OWASP, CSV injection); the apostrophe makes it a text. */
const FORMULA = /^[=+\-@\t\r]/;

/** One cell. Numbers are never formulas, so that a negative longitude stays a number. A score has its decimal, also where that is 0. */
export function csvCell(value: string | number | null, type?: ColumnType): string {
  if (value === null) return "";
  if (typeof value === "number") return type === "score" ? value.toFixed(1) : String(value);
  const text = FORMULA.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

function ndjsonFormat(columns: readonly Column[]): TextFormat {
  return { head: "", row: (row) => `${JSON.stringify(pick(columns, row))}\n`, separator: "", tail: "" };
}

/** RFC 7946: a feature a row. Its geometry is the geohash cell, what the row of an area carries, or the place of a report. */
function geojsonFormat(columns: readonly Column[]): TextFormat {
  const shape = shapeOf(columns);
  const properties = columns.filter(({ type }) => type !== "degrees");
  const members = (row: ExportRow) => `${boxOf(shape, row)}"geometry":${geometryJson(shape, row)}`;
  return {
    head: '{"type":"FeatureCollection","features":[\n',
    row: (row) => `{"type":"Feature",${members(row)},"properties":${JSON.stringify(pick(properties, row))}}`,
    separator: ",\n",
    tail: "\n]}\n",
  };
}

const boxOf = (shape: RowShape, { west, south, east, north }: ExportRow): string =>
  shape === "area" ? `"bbox":${JSON.stringify([west, south, east, north])},` : "";

function pick(columns: readonly Column[], row: ExportRow): ExportRow {
  return Object.fromEntries(columns.map(({ name }) => [name, row[name] ?? null]));
}
