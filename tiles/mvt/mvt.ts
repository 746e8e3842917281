import { encodeUtf8 } from "../codec/bytes.ts";
import { varintLength, writeVarint } from "../codec/varint.ts";
import {
  FEATURE_GEOMETRY,
  FEATURE_ID,
  FEATURE_TAGS,
  FEATURE_TYPE,
  LAYER_FEATURE,
  LAYER_VALUE,
  layerMessage,
  MOVE_TO,
  POINT,
  VALUE_BOOL,
  VALUE_STRING,
  writeNumber,
} from "./mvt-fields.ts";
import { createNumberIndex } from "./number-index.ts";
import { writeHead } from "./wire-format.ts";

/**
 * Writes layers of points as Mapbox Vector Tile 2.1 protocol buffers, straight from columns of numbers: no feature objects,
 * no generic protobuf layer. Keys and values are deduplicated and written only when used. Layers' bytes put one after the
 * other are a tile (section 4 of the specification), so a composite tile is a concatenation.
 *
 * A writer keeps its buffers from layer to layer:
 *
 *     writer.begin("safety", 2);
 *     writer.numbers(SEVERITY, Float64Array.of(3, NaN));
 *     const bytes = writer.finish({ id, x, y });
 */
export interface LayerWriter {
  /** Starts a layer of so many features; what an unfinished one held is forgotten. */
  begin(layer: string, featureCount: number): void;
  /** Gives each feature a number under a key; NaN: leaves what it has, or has not. The same for the other types below. */
  numbers(key: number, column: Float64Array): void;
  /** Undefined: leaves what the feature has. */
  texts(key: number, column: readonly (string | undefined)[]): void;
  /** 0: false, 1: true, 2: leaves what the feature has. */
  flags(key: number, column: Uint8Array): void;
  /** ASCII texts that are all different: those of feature f end at `ends[f]`. Empty: leaves what the feature has. */
  uniqueTexts(key: number, bytes: Uint8Array, ends: Uint32Array): void;
  /**
   * Texts of `textLength` characters of ASCII, given by numbers that stand for them; `write` puts one at an offset. NaN: leaves
   * what the feature has.
   */
  codedTexts(key: number, codes: Float64Array, textLength: number, write: CodeWriter): void;
  /** The layer's bytes as a field of the tile message; empty when it has no features. */
  finish(points: Points): Uint8Array<ArrayBuffer>;
}

export type CodeWriter = (out: Uint8Array, at: number, code: number) => void;

/** Ids below 2^53 and tile coordinates 0..4095 of a layer's features. */
export interface Points {
  readonly id: Float64Array;
  readonly x: Uint16Array;
  readonly y: Uint16Array;
}

export type TagValue = string | number | boolean;

/** More than the bytes of a feature or a value beside its tags or its text. */
const HEAD_BYTES = 48;

/** A writer of layers whose features have some of these keys. */
export function createLayerWriter(keys: readonly string[]): LayerWriter {
  const keyBytes = keys.map(encodeUtf8);
  const numberIndex = createNumberIndex();
  const codeIndex = createNumberIndex();
  const textIndex = new Map<string, number>();
  const flagIndex = new Int32Array(2);
  let name = "";
  let featureCount = 0;
  let valueCount = 0;
  /** Index of a feature's value under a key, at `feature * keys.length + key`; -1: it has none. */
  let tagValues = new Int32Array(0);
  let values = new Uint8Array(4096);
  let valuesEnd = 0;
  let features = new Uint8Array(4096);

  function reserve(bytes: number): void {
    if (valuesEnd + bytes > values.length) values = grown(values, bytes);
  }

  function addText(bytes: Uint8Array, from: number, until: number): number {
    const length = until - from;
    reserve(length + HEAD_BYTES);
    let at = writeHead(values, valuesEnd, LAYER_VALUE, 1 + varintLength(length) + length);
    at = writeHead(values, at, VALUE_STRING, length);
    for (let i = from; i < until; i++) values[at++] = bytes[i] as number;
    valuesEnd = at;
    return valueCount++;
  }

  function addFlag(value: 0 | 1): number {
    reserve(HEAD_BYTES);
    valuesEnd = writeHead(values, valuesEnd, LAYER_VALUE, 2);
    valuesEnd = writeHead(values, valuesEnd, VALUE_BOOL, value);
    return valueCount++;
  }

  return {
    begin(layer, count) {
      name = layer;
      featureCount = count;
      valueCount = valuesEnd = 0;
      numberIndex.clear();
      textIndex.clear();
      flagIndex.fill(-1);
      if (tagValues.length < count * keys.length) tagValues = new Int32Array(2 * count * keys.length);
      tagValues.fill(-1, 0, count * keys.length);
    },

    numbers(key, column) {
      reserve(featureCount * HEAD_BYTES);
      const out = values;
      let end = valuesEnd;
      for (let f = 0, at = key; f < featureCount; f++, at += keys.length) {
        const value = column[f] as number;
        if (Number.isNaN(value)) continue;
        let index = numberIndex.find(value);
        if (index < 0) {
          index = valueCount++;
          numberIndex.add(index);
          end = writeNumber(out, end, value);
        }
        tagValues[at] = index;
      }
      valuesEnd = end;
    },

    texts(key, column) {
      for (let f = 0, at = key; f < featureCount; f++, at += keys.length) {
        const text = column[f];
        if (text === undefined) continue;
        let index = textIndex.get(text);
        if (index === undefined) {
          const utf8 = encodeUtf8(text);
          index = addText(utf8, 0, utf8.length);
          textIndex.set(text, index);
        }
        tagValues[at] = index;
      }
    },

    flags(key, column) {
      for (let f = 0, at = key; f < featureCount; f++, at += keys.length) {
        const flag = column[f] as number;
        if (flag > 1) continue;
        if (flagIndex[flag] === -1) flagIndex[flag] = addFlag(flag as 0 | 1);
        tagValues[at] = flagIndex[flag] as number;
      }
    },

    uniqueTexts(key, bytes, ends) {
      for (let f = 0, at = key, from = 0; f < featureCount; f++, at += keys.length) {
        const until = ends[f] as number;
        if (until > from) tagValues[at] = addText(bytes, from, until);
        from = until;
      }
    },

    codedTexts(key, codes, textLength, write) {
      codeIndex.clear();
      for (let f = 0, at = key; f < featureCount; f++, at += keys.length) {
        const code = codes[f] as number;
        if (Number.isNaN(code)) continue;
        let index = codeIndex.find(code);
        if (index < 0) {
          reserve(textLength + HEAD_BYTES);
          let end = writeHead(values, valuesEnd, LAYER_VALUE, 1 + varintLength(textLength) + textLength);
          end = writeHead(values, end, VALUE_STRING, textLength);
          write(values, end, code);
          valuesEnd = end + textLength;
          index = valueCount++;
          codeIndex.add(index);
        }
        tagValues[at] = index;
      }
    },

    finish({ id, x, y }) {
      if (featureCount === 0) return new Uint8Array(0);
      const most = featureCount * (HEAD_BYTES + 10 * keys.length);
      if (features.length < most) features = new Uint8Array(2 * most);
      const keyIndex = new Int32Array(keys.length).fill(-1);
      const used: number[] = [];
      const out = features;
      let end = 0;
      for (let f = 0; f < featureCount; f++) {
        const first = f * keys.length;
        let tagBytes = 0;
        for (let key = 0; key < keys.length; key++) {
          const value = tagValues[first + key] as number;
          if (value < 0) continue;
          let index = keyIndex[key] as number;
          if (index < 0) {
            index = used.push(key) - 1;
            keyIndex[key] = index;
          }
          tagBytes += varintLength(index) + varintLength(value);
        }
        const [px, py] = [(x[f] as number) * 2, (y[f] as number) * 2];
        const geometryBytes = 1 + varintLength(px) + varintLength(py);
        const idBytes = varintLength(id[f] as number);
        const tagField = tagBytes === 0 ? 0 : 1 + varintLength(tagBytes) + tagBytes;
        const bytes = 1 + idBytes + tagField + 4 + geometryBytes;
        end = writeHead(out, end, LAYER_FEATURE, bytes);
        end = writeHead(out, end, FEATURE_ID, id[f] as number);
        if (tagBytes > 0) end = writeHead(out, end, FEATURE_TAGS, tagBytes);
        for (let key = 0; key < keys.length; key++) {
          const value = tagValues[first + key] as number;
          if (value < 0) continue;
          end = writeVarint(out, end, keyIndex[key] as number);
          end = writeVarint(out, end, value);
        }
        end = writeHead(out, end, FEATURE_TYPE, POINT);
        end = writeHead(out, end, FEATURE_GEOMETRY, geometryBytes);
        out[end++] = MOVE_TO;
        end = writeVarint(out, end, px);
        end = writeVarint(out, end, py);
      }
      const usedKeys = used.map((key) => keyBytes[key] as Uint8Array);
      return layerMessage(name, out.subarray(0, end), usedKeys, values.subarray(0, valuesEnd));
    },
  };
}

function grown(array: Uint8Array, more: number): Uint8Array<ArrayBuffer> {
  const larger = new Uint8Array(array.length * 2 + more);
  larger.set(array);
  return larger;
}
