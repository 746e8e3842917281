import { encodeUtf8 } from "../codec/bytes.ts";
import { type LayerTags, mostFeatureBytes, type Points, writeFeatures } from "./layer-features.ts";
import {
  addText,
  type CodeWriter,
  clearValues,
  createLayerValues,
  indexOfCode,
  indexOfFlag,
  indexOfNumber,
  indexOfText,
} from "./layer-values.ts";
import { layerMessage } from "./mvt-fields.ts";

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

export type TagValue = string | number | boolean;

/** A writer of layers whose features have some of these keys. */
export function createLayerWriter(keys: readonly string[]): LayerWriter {
  const keyBytes = keys.map(encodeUtf8);
  const keyCount = keys.length;
  const values = createLayerValues();
  let name = "";
  let featureCount = 0;
  let tagValues = new Int32Array(0);
  let features = new Uint8Array(4096);

  return {
    begin(layer, count) {
      name = layer;
      featureCount = count;
      clearValues(values);
      if (tagValues.length < count * keyCount) tagValues = new Int32Array(2 * count * keyCount);
      tagValues.fill(-1, 0, count * keyCount);
    },

    numbers(key, column) {
      for (let f = 0, at = key; f < featureCount; f++, at += keyCount) {
        const value = column[f] as number;
        if (!Number.isNaN(value)) tagValues[at] = indexOfNumber(values, value);
      }
    },

    texts(key, column) {
      for (let f = 0, at = key; f < featureCount; f++, at += keyCount) {
        const text = column[f];
        if (text !== undefined) tagValues[at] = indexOfText(values, text);
      }
    },

    flags(key, column) {
      for (let f = 0, at = key; f < featureCount; f++, at += keyCount) {
        const flag = column[f] as number;
        if (flag <= 1) tagValues[at] = indexOfFlag(values, flag);
      }
    },

    uniqueTexts(key, bytes, ends) {
      for (let f = 0, at = key, from = 0; f < featureCount; f++, at += keyCount) {
        const until = ends[f] as number;
        if (until > from) tagValues[at] = addText(values, bytes, from, until);
        from = until;
      }
    },

    codedTexts(key, codes, textLength, write) {
      values.codes.clear();
      for (let f = 0, at = key; f < featureCount; f++, at += keyCount) {
        const code = codes[f] as number;
        if (!Number.isNaN(code)) tagValues[at] = indexOfCode(values, code, textLength, write);
      }
    },

    finish(points) {
      if (featureCount === 0) return new Uint8Array(0);
      const tags: LayerTags = { featureCount, keyCount, values: tagValues };
      if (features.length < mostFeatureBytes(tags)) features = new Uint8Array(2 * mostFeatureBytes(tags));
      const { end, keys } = writeFeatures(features, points, tags);
      const usedKeys = keys.map((key) => keyBytes[key] as Uint8Array);
      return layerMessage(name, features.subarray(0, end), usedKeys, values.bytes.subarray(0, values.end));
    },
  };
}
