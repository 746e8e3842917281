import { encodeUtf8 } from "./bytes.ts";
import { createNumberIndex } from "./number-index.ts";
import { EXTENT } from "./tile-address.ts";

/**
 * Writes layers of points as Mapbox Vector Tile 2.1 protocol buffers, straight from numbers: no feature objects, no
 * generic protobuf layer. Keys and values are deduplicated and written only when used. Layers' bytes put one after the
 * other are a tile (section 4 of the specification), so a composite tile is a concatenation.
 *
 * A writer keeps its buffers from layer to layer. For each feature, `tag` its values, then `addPoint`:
 *
 *     writer.begin("safety");
 *     writer.tag(SEVERITY, writer.number(3));
 *     writer.addPoint(id, x, y);
 *     const bytes = writer.finish();
 */
export interface LayerWriter {
  /** Starts a layer; what an unfinished one held is forgotten. */
  begin(layer: string): void;
  /** These give the index of a value among the layer's values; equal values have the same. */
  number(value: number): number;
  text(value: string): number;
  flag(value: boolean): number;
  /** The same for the first `length` bytes of ASCII, that the caller asks for once only: ids. */
  uniqueAscii(bytes: Uint8Array, length: number): number;
  /** Gives the feature to come the value of that index, under one of the writer's keys. */
  tag(key: number, value: number): void;
  /** Adds a feature at tile coordinates 0..4095, with the tags since the one before. `id` is below 2^53. */
  addPoint(id: number, x: number, y: number): void;
  /** The layer's bytes as a field of the tile message; empty when no feature was added. */
  finish(): Uint8Array<ArrayBuffer>;
}

export type TagValue = string | number | boolean;

// Tags are (field number << 3) | wire type: 0 varint, 1 64-bit, 2 length-delimited.
const TILE_LAYER = (3 << 3) | 2;
const LAYER_NAME = (1 << 3) | 2;
const LAYER_FEATURE = (2 << 3) | 2;
const LAYER_KEY = (3 << 3) | 2;
const LAYER_VALUE = (4 << 3) | 2;
const LAYER_EXTENT = 5 << 3;
const LAYER_VERSION = 15 << 3;
const FEATURE_ID = 1 << 3;
const FEATURE_TAGS = (2 << 3) | 2;
const FEATURE_TYPE = 3 << 3;
const FEATURE_GEOMETRY = (4 << 3) | 2;
const VALUE_STRING = (1 << 3) | 2;
const VALUE_DOUBLE = (3 << 3) | 1;
const VALUE_UINT = 5 << 3;
const VALUE_SINT = 6 << 3;
const VALUE_BOOL = 7 << 3;

const POINT = 1;
/** Command integer of one MoveTo (section 4.3.1). */
const MOVE_TO = (1 << 3) | 1;

/** More than the bytes of a feature beside its tags, and of a value beside its text. */
const HEAD_BYTES = 48;

/** A writer of layers whose features have some of these keys. */
export function createLayerWriter(keys: readonly string[]): LayerWriter {
  const keyBytes = keys.map(encodeUtf8);
  const keyIndex = new Int32Array(keys.length);
  const numbers = createNumberIndex();
  const texts = new Map<string, number>();
  const flags = new Int32Array(2);
  let name = "";
  let keyCount = 0;
  let valueCount = 0;
  let features = new Uint8Array(4096);
  let featuresEnd = 0;
  let values = new Uint8Array(4096);
  let valuesEnd = 0;
  let tags = new Uint32Array(32);
  let tagCount = 0;
  let keysUsed: number[] = [];

  const reserveValue = (bytes: number): void => {
    if (valuesEnd + bytes + HEAD_BYTES > values.length) values = grown(values, bytes + HEAD_BYTES);
  };

  function addText(bytes: Uint8Array, length: number): number {
    reserveValue(length);
    valuesEnd = writeHead(values, valuesEnd, LAYER_VALUE, 1 + varintLength(length) + length);
    valuesEnd = writeHead(values, valuesEnd, VALUE_STRING, length);
    for (let i = 0; i < length; i++) values[valuesEnd++] = bytes[i] as number;
    return valueCount++;
  }

  return {
    begin(layer) {
      name = layer;
      keyIndex.fill(-1);
      numbers.clear();
      texts.clear();
      flags.fill(-1);
      keysUsed = [];
      keyCount = valueCount = featuresEnd = valuesEnd = tagCount = 0;
    },

    number(value) {
      const known = numbers.find(value);
      if (known >= 0) return known;
      numbers.add(valueCount);
      reserveValue(0);
      valuesEnd = writeNumber(values, valuesEnd, value);
      return valueCount++;
    },

    text(value) {
      const known = texts.get(value);
      if (known !== undefined) return known;
      texts.set(value, valueCount);
      const utf8 = encodeUtf8(value);
      return addText(utf8, utf8.length);
    },

    flag(value) {
      const known = flags[value ? 1 : 0] as number;
      if (known >= 0) return known;
      flags[value ? 1 : 0] = valueCount;
      reserveValue(0);
      valuesEnd = writeHead(values, valuesEnd, LAYER_VALUE, 2);
      valuesEnd = writeHead(values, valuesEnd, VALUE_BOOL, value ? 1 : 0);
      return valueCount++;
    },

    uniqueAscii: addText,

    tag(key, value) {
      if (tagCount + 2 > tags.length) tags = grown(tags, 2);
      let index = keyIndex[key] as number;
      if (index < 0) {
        index = keyCount++;
        keyIndex[key] = index;
        keysUsed.push(key);
      }
      tags[tagCount++] = index;
      tags[tagCount++] = value;
    },

    addPoint(id, x, y) {
      let tagBytes = 0;
      for (let i = 0; i < tagCount; i++) tagBytes += varintLength(tags[i] as number);
      const geometryBytes = 1 + varintLength(x * 2) + varintLength(y * 2);
      const idBytes = varintLength(id);
      const bytes = 1 + idBytes + 1 + varintLength(tagBytes) + tagBytes + 2 + 1 + 1 + geometryBytes;
      if (featuresEnd + bytes + HEAD_BYTES > features.length) features = grown(features, bytes + HEAD_BYTES);
      const out = features;
      let at = writeHead(out, featuresEnd, LAYER_FEATURE, bytes);
      at = writeHead(out, at, FEATURE_ID, id);
      at = writeHead(out, at, FEATURE_TAGS, tagBytes);
      for (let i = 0; i < tagCount; i++) at = writeVarint(out, at, tags[i] as number);
      at = writeHead(out, at, FEATURE_TYPE, POINT);
      at = writeHead(out, at, FEATURE_GEOMETRY, geometryBytes);
      out[at++] = MOVE_TO;
      at = writeVarint(out, at, x * 2);
      featuresEnd = writeVarint(out, at, y * 2);
      tagCount = 0;
    },

    finish() {
      if (featuresEnd === 0) return new Uint8Array(0);
      const title = encodeUtf8(name);
      let bytes = 2 + textFieldLength(title.length) + featuresEnd + valuesEnd + 1 + varintLength(EXTENT);
      for (const key of keysUsed) bytes += textFieldLength((keyBytes[key] as Uint8Array).length);
      const tile = new Uint8Array(textFieldLength(bytes));
      let at = writeHead(tile, 0, TILE_LAYER, bytes);
      at = writeHead(tile, at, LAYER_VERSION, 2);
      at = writeTextField(tile, at, LAYER_NAME, title);
      tile.set(features.subarray(0, featuresEnd), at);
      at += featuresEnd;
      for (const key of keysUsed) at = writeTextField(tile, at, LAYER_KEY, keyBytes[key] as Uint8Array);
      tile.set(values.subarray(0, valuesEnd), at);
      writeHead(tile, at + valuesEnd, LAYER_EXTENT, EXTENT);
      return tile;
    },
  };
}

const doubleBytes = new Uint8Array(8);
const double = new DataView(doubleBytes.buffer);

function writeNumber(out: Uint8Array, start: number, value: number): number {
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

/** A field's tag and a varint, its value or its length. Returns where the next byte goes, as all these do. */
function writeHead(out: Uint8Array, at: number, tag: number, value: number): number {
  out[at] = tag;
  return writeVarint(out, at + 1, value);
}

const textFieldLength = (length: number): number => 1 + varintLength(length) + length;

function writeTextField(out: Uint8Array, start: number, tag: number, utf8: Uint8Array): number {
  const at = writeHead(out, start, tag, utf8.length);
  out.set(utf8, at);
  return at + utf8.length;
}

function writeVarint(out: Uint8Array, start: number, value: number): number {
  let at = start;
  let left = value;
  if (value >= 2 ** 28) {
    // Four bytes at once: integer operations take 32 bits, and remainders of larger numbers are slow.
    left = Math.floor(value / 2 ** 28);
    const low = value - left * 2 ** 28;
    out[at++] = (low & 127) | 128;
    out[at++] = ((low >>> 7) & 127) | 128;
    out[at++] = ((low >>> 14) & 127) | 128;
    out[at++] = (low >>> 21) | 128;
  }
  while (left > 127) {
    out[at++] = (left & 127) | 128;
    left >>>= 7;
  }
  out[at++] = left;
  return at;
}

function varintLength(value: number): number {
  if (value < 0x80) return 1;
  if (value < 0x4000) return 2;
  if (value < 0x200000) return 3;
  let length = 4;
  for (let limit = 2 ** 28; value >= limit; limit *= 128) length++;
  return length;
}

function grown<T extends Uint8Array<ArrayBuffer> | Uint32Array<ArrayBuffer>>(array: T, more: number): T {
  const larger = new (array.constructor as new (length: number) => T)(array.length * 2 + more);
  larger.set(array);
  return larger;
}
