import { isUtf8 } from "node:buffer";
import { describeForeignCrs, describeForeignReference } from "./crs.ts";
import { REJECT_RAW } from "./json-rejects.ts";
import { HAS_NUL, REJECT_REASON, REJECT_ROW, type Row } from "./row.ts";

/** True of the sentence about a text that is no JSON, however it goes on. */
export const isNotJson = (problem: string | undefined): boolean => problem?.startsWith(NOT_JSON) === true;

/** Turns JSON objects into rows of a table whose columns are the keys seen so far. */
export interface JsonTable {
  readonly columns: readonly string[];
  /** The row of an object written as JSON; a GeoJSON Feature gives its properties, `id`, `lon` and `lat`. */
  rowOf(raw: Buffer): Row;
  /** A row that could not be read. */
  reject(raw: Buffer, problem: string): Row;
}

export const NOT_JSON = "not valid JSON";

type JsonObject = Readonly<Record<string, unknown>>;

/** Keys that differ from row to row are data, not columns; and every column costs memory. */
const MAX_COLUMNS = 1024;
const MAX_DEPTH = 16;

/**
 * Nested objects become columns named with dots (`place.name`), arrays stay JSON text, null is nothing. A Feature's Point
 * geometry is the columns `lon` and `lat`; properties of these names give way to it.
 */
export function createJsonTable(): JsonTable {
  const columns: string[] = [];
  const indexOf = new Map<string, number>();
  let rowCount = 0;

  function put(values: string[], name: string, value: string): boolean {
    let index = indexOf.get(name);
    if (index === undefined) {
      if (columns.length === MAX_COLUMNS) return false;
      index = columns.push(name) - 1;
      indexOf.set(name, index);
    }
    while (values.length < index) values.push("");
    values[index] = value;
    return true;
  }

  const reject = (raw: Buffer, problem: string): Row => ({ number: ++rowCount, values: [], raw, problem });

  return {
    columns,
    reject,
    rowOf(raw) {
      const cells = parseCells(raw);
      if (typeof cells === "string") return reject(raw, cells);
      const values: string[] = [];
      for (const [name, value] of cells) {
        if (!put(values, name, value)) return reject(raw, `the file has more than ${MAX_COLUMNS} different keys`);
      }
      return { number: ++rowCount, values, raw, ...(hasBadBytes(raw) && { hasBadBytes: true }) };
    },
  };
}

/** Also of what stood in a file of rejected rows, where such bytes became U+FFFD. */
const hasBadBytes = (raw: Buffer): boolean =>
  !isUtf8(raw) || (raw.includes("\uFFFD") && raw.includes(`"${REJECT_RAW}"`));

type Cell = readonly [name: string, value: string];

/** Names and values of an object or Feature, or the sentence why it has none. */
function cellsOf(object: JsonObject): Cell[] | string {
  const cells: Cell[] = [];
  if (object.type === "FeatureCollection" && Array.isArray(object.features)) return NOT_ONE_ROW;
  const foreign = describeForeignCrs(object.crs) ?? describeForeignReference(object.geometry);
  if (foreign !== undefined) return foreign;
  if (object.type !== "Feature") return flatten(object, "", 1, cells) ? cells : TOO_DEEP;
  const point = coordinatesOf(object.geometry);
  if (typeof point === "string") return point;
  const id = object.id;
  if (typeof id === "string" || typeof id === "number") cells.push(["id", String(id)]);
  const properties = object.properties;
  if (isObject(properties) && !flatten(properties, "", 1, cells)) return TOO_DEEP;
  if (point) cells.push(["lon", String(point[0])], ["lat", String(point[1])]);
  return cells;
}

const NOT_ONE_ROW = "is a whole FeatureCollection: --format geojson reads one that is not in an array";
const TOO_DEEP = `nested more than ${MAX_DEPTH} deep`;

function flatten(object: JsonObject, prefix: string, depth: number, into: Cell[]): boolean {
  if (depth > MAX_DEPTH) return false;
  for (const [key, value] of Object.entries(object)) {
    if (value === null || (depth === 1 && (key === REJECT_ROW || key === REJECT_REASON))) continue;
    if (!isObject(value)) into.push([prefix + key, Array.isArray(value) ? JSON.stringify(value) : String(value)]);
    else if (!flatten(value, `${prefix}${key}.`, depth + 1, into)) return false;
  }
  return true;
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function parseCells(raw: Buffer): Cell[] | string {
  if (raw.includes(0)) return HAS_NUL;
  const text = raw.toString("utf8");
  const value = parseJson(text);
  if (typeof value === "string") return value;
  try {
    return cellsOf(value);
  } catch (error) {
    // Writing an array back as text recurses, so one of 100 000 brackets ends in a RangeError.
    if (error instanceof RangeError) return TOO_DEEP;
    throw error;
  }
}

/** The object of a row, or of what a rejected row was made into; or the sentence why there is none. */
function parseJson(text: string): JsonObject | string {
  try {
    const value = parseExactly(text);
    if (!isObject(value)) return "not a JSON object";
    if (!(REJECT_ROW in value) || typeof value[REJECT_RAW] !== "string") return value;
    const whole = parseExactly(value[REJECT_RAW]);
    return isObject(whole) ? whole : "not a JSON object";
  } catch (error) {
    if (error instanceof RangeError) return TOO_DEEP;
    const bare = /[[:,\s](NaN|-?Infinity|undefined|None)(?=[\],}\s])/.exec(text)?.[1];
    return bare === undefined ? NOT_JSON : `${NOT_JSON}: it has no ${bare}`;
  }
}

/** Where there is a whole number that may be too large for JavaScript's; coordinates with as many digits are not meant. */
const LONG_INTEGER = /(?<![\d.])\d{16}/;

/** Parses JSON; whole numbers that JavaScript would round, such as ids, become texts with all of their digits. */
function parseExactly(text: string): unknown {
  return LONG_INTEGER.test(text) ? JSON.parse(text, keepDigits) : JSON.parse(text);
}

function keepDigits(_key: string, value: unknown, context?: { readonly source?: string }): unknown {
  const source = context?.source;
  const isRounded = typeof value === "number" && Number.isInteger(value) && !Number.isSafeInteger(value);
  return isRounded && source !== undefined && /^-?\d+$/.test(source) ? source : value;
}

/** Geometries that are told by their name; any other would make as many and as long reasons as a file likes. */
const KINDS: ReadonlySet<unknown> = new Set([
  "MultiPoint",
  "LineString",
  "MultiLineString",
  "Polygon",
  "MultiPolygon",
  "GeometryCollection",
]);

/** Longitude and latitude of a Point (RFC 7946, 3.1.2), nothing for no geometry, or the sentence why it is none. */
function coordinatesOf(geometry: unknown): readonly unknown[] | string | undefined {
  if (geometry === null || geometry === undefined) return undefined;
  if (!isObject(geometry)) return "geometry is not an object";
  const { type } = geometry;
  if (type !== "Point")
    return KINDS.has(type) ? `geometry is a ${String(type)}, not a Point` : "geometry is not a Point";
  const coordinates = geometry.coordinates;
  if (!Array.isArray(coordinates) || coordinates.length < 2) return "geometry has no coordinates";
  // As text, an array of two numbers would be one with a decimal comma.
  return coordinates.slice(0, 2).some(Array.isArray) ? "geometry has more than one point" : coordinates;
}
