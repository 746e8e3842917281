import { encodeUtf8 } from "../codec/bytes.ts";
import { varintLength } from "../codec/varint.ts";
import { EXTENT } from "../geo/tile-address.ts";
import { textFieldLength, writeHead, writeTextField } from "./wire-format.ts";

/** The messages of a vector tile (section 4 of the specification), field by field. */

// Tags are (field number << 3) | wire type: 0 varint, 1 64-bit, 2 length-delimited.
export const TILE_LAYER = (3 << 3) | 2;
export const LAYER_NAME = (1 << 3) | 2;
export const LAYER_FEATURE = (2 << 3) | 2;
export const LAYER_KEY = (3 << 3) | 2;
export const LAYER_VALUE = (4 << 3) | 2;
export const LAYER_EXTENT = 5 << 3;
export const LAYER_VERSION = 15 << 3;
export const FEATURE_ID = 1 << 3;
export const FEATURE_TAGS = (2 << 3) | 2;
export const FEATURE_TYPE = 3 << 3;
export const FEATURE_GEOMETRY = (4 << 3) | 2;
export const VALUE_STRING = (1 << 3) | 2;
export const VALUE_DOUBLE = (3 << 3) | 1;
export const VALUE_UINT = 5 << 3;
export const VALUE_SINT = 6 << 3;
export const VALUE_BOOL = 7 << 3;

export const POINT = 1;
/** Command integer of one MoveTo (section 4.3.1). */
export const MOVE_TO = (1 << 3) | 1;

/** More than the bytes of a feature or a value beside its tags or its text. */
export const HEAD_BYTES = 48;

/** A layer as a field of the tile message, of what its features and its values were written as. */
export function layerMessage(name: string, features: Uint8Array, keys: readonly Uint8Array[], values: Uint8Array) {
  const title = encodeUtf8(name);
  let bytes = 2 + textFieldLength(title.length) + features.length + values.length + 1 + varintLength(EXTENT);
  for (const key of keys) bytes += textFieldLength(key.length);
  const tile = new Uint8Array(textFieldLength(bytes));
  let at = writeHead(tile, 0, TILE_LAYER, bytes);
  at = writeHead(tile, at, LAYER_VERSION, 2);
  at = writeTextField(tile, at, LAYER_NAME, title);
  tile.set(features, at);
  at += features.length;
  for (const key of keys) at = writeTextField(tile, at, LAYER_KEY, key);
  tile.set(values, at);
  writeHead(tile, at + values.length, LAYER_EXTENT, EXTENT);
  return tile;
}

const doubleBytes = new Uint8Array(8);
const double = new DataView(doubleBytes.buffer);

/** A number as a value of a layer, in as few bytes as it takes; returns where the next byte goes. */
export function writeNumber(out: Uint8Array, start: number, value: number): number {
  if (!Number.isSafeInteger(value)) {
    let at = writeHead(out, start, LAYER_VALUE, 9);
    out[at++] = VALUE_DOUBLE;
    double.setFloat64(0, value, true);
    for (let i = 0; i < 8; i++) out[at++] = doubleBytes[i] as number;
    return at;
  }
  const coded = value >= 0 ? value : -value * 2 - 1;
  const at = writeHead(out, start, LAYER_VALUE, 1 + varintLength(coded));
  return writeHead(out, at, value >= 0 ? VALUE_UINT : VALUE_SINT, coded);
}
