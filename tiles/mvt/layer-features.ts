import { varintLength, writeVarint } from "../codec/varint.ts";
import {
  FEATURE_GEOMETRY,
  FEATURE_ID,
  FEATURE_TAGS,
  FEATURE_TYPE,
  HEAD_BYTES,
  LAYER_FEATURE,
  MOVE_TO,
  POINT,
} from "./mvt-fields.ts";
import { writeHead } from "./wire-format.ts";

/** Ids below 2^53 and tile coordinates of a layer's features: 0..4095, and beyond where a tile has a buffer. */
export interface Points {
  readonly id: Float64Array;
  readonly x: Int16Array;
  readonly y: Int16Array;
}

/** Which values the features of a layer have. */
export interface LayerTags {
  readonly featureCount: number;
  readonly keyCount: number;
  /** Index of a feature's value under a key, at `feature * keyCount + key`; -1: it has none. */
  readonly values: Int32Array;
}

/** Keys that are used, numbered in the order in which features first have them. */
interface UsedKeys {
  readonly keys: number[];
  /** The number of each key; -1: it is not used. */
  readonly numberOf: Int32Array;
}

/** The most that the features' bytes can be. */
export const mostFeatureBytes = ({ featureCount, keyCount }: LayerTags): number =>
  featureCount * (HEAD_BYTES + 10 * keyCount);

/** Writes the features as fields of a layer; returns where they end, and the keys that they use, in the order of their numbers. */
export function writeFeatures(out: Uint8Array, { id, x, y }: Points, tags: LayerTags) {
  const used: UsedKeys = { keys: [], numberOf: new Int32Array(tags.keyCount).fill(-1) };
  let end = 0;
  for (let f = 0; f < tags.featureCount; f++) {
    const tagBytes = measureTags(tags, f, used);
    const [px, py] = [zigzag(x[f] as number), zigzag(y[f] as number)];
    const geometryBytes = 1 + varintLength(px) + varintLength(py);
    const tagField = tagBytes === 0 ? 0 : 1 + varintLength(tagBytes) + tagBytes;
    end = writeHead(out, end, LAYER_FEATURE, 1 + varintLength(id[f] as number) + tagField + 4 + geometryBytes);
    end = writeHead(out, end, FEATURE_ID, id[f] as number);
    if (tagBytes > 0) end = writeTags(out, writeHead(out, end, FEATURE_TAGS, tagBytes), tags, f, used);
    end = writeHead(out, end, FEATURE_TYPE, POINT);
    end = writeHead(out, end, FEATURE_GEOMETRY, geometryBytes);
    out[end++] = MOVE_TO;
    end = writeVarint(out, end, px);
    end = writeVarint(out, end, py);
  }
  return { end, keys: used.keys };
}

/** A parameter integer (section 4.3.2). */
const zigzag = (value: number): number => (value << 1) ^ (value >> 31);

/** Bytes of a feature's tags; numbers the keys that it is the first to use. */
function measureTags({ keyCount, values }: LayerTags, feature: number, { keys, numberOf }: UsedKeys): number {
  const first = feature * keyCount;
  let bytes = 0;
  for (let key = 0; key < keyCount; key++) {
    const value = values[first + key] as number;
    if (value < 0) continue;
    if ((numberOf[key] as number) < 0) numberOf[key] = keys.push(key) - 1;
    bytes += varintLength(numberOf[key] as number) + varintLength(value);
  }
  return bytes;
}

function writeTags(
  out: Uint8Array,
  start: number,
  { keyCount, values }: LayerTags,
  feature: number,
  { numberOf }: UsedKeys,
): number {
  const first = feature * keyCount;
  let end = start;
  for (let key = 0; key < keyCount; key++) {
    const value = values[first + key] as number;
    if (value < 0) continue;
    end = writeVarint(out, end, numberOf[key] as number);
    end = writeVarint(out, end, value);
  }
  return end;
}
