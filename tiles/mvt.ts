import { type Bytes, createBytes } from "./bytes.ts";
import { EXTENT } from "./tile-address.ts";

/**
 * Writes layers of points as Mapbox Vector Tile 2.1 protocol buffers, straight from numbers: no feature objects, no
 * generic protobuf layer. Keys and values are deduplicated and written only when used. Layers' bytes put one after the
 * other are a tile (section 4 of the specification), so a composite tile is a concatenation.
 */
export interface LayerWriter {
  /** Adds a point at tile coordinates 0..4095 with `values[i]` under `keys[i]`; an undefined value is left out. */
  addPoint(id: number, x: number, y: number, keys: readonly string[], values: readonly (TagValue | undefined)[]): void;
  /** The layer's bytes as a field of the tile message; empty when no feature was added. */
  finish(): Uint8Array;
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

export function createLayerWriter(name: string): LayerWriter {
  const features = createBytes(1024);
  const tags = createBytes(64);
  const geometry = createBytes(16);
  const feature = createBytes(128);
  const keyIndex = new Map<string, number>();
  const valueIndex = new Map<TagValue, number>();

  return {
    addPoint(id, x, y, keys, values) {
      tags.clear();
      for (let i = 0; i < keys.length; i++) {
        const value = values[i];
        if (value === undefined) continue;
        tags.varint(indexOf(keyIndex, keys[i] as string));
        tags.varint(indexOf(valueIndex, value));
      }
      geometry.clear();
      geometry.varint(MOVE_TO);
      geometry.varint(x * 2);
      geometry.varint(y * 2);
      feature.clear();
      feature.byte(FEATURE_ID);
      feature.varint(id);
      feature.byte(FEATURE_TAGS);
      feature.block(tags);
      feature.byte(FEATURE_TYPE);
      feature.byte(POINT);
      feature.byte(FEATURE_GEOMETRY);
      feature.block(geometry);
      features.byte(LAYER_FEATURE);
      features.block(feature);
    },
    finish() {
      if (features.length() === 0) return new Uint8Array(0);
      const layer = createBytes(features.length() + 1024);
      layer.byte(LAYER_VERSION);
      layer.byte(2);
      layer.byte(LAYER_NAME);
      layer.text(name);
      layer.append(features);
      for (const key of keyIndex.keys()) {
        layer.byte(LAYER_KEY);
        layer.text(key);
      }
      const scratch = createBytes(64);
      for (const value of valueIndex.keys()) {
        scratch.clear();
        writeValue(scratch, value);
        layer.byte(LAYER_VALUE);
        layer.block(scratch);
      }
      layer.byte(LAYER_EXTENT);
      layer.varint(EXTENT);
      const tile = createBytes(layer.length() + 8);
      tile.byte(TILE_LAYER);
      tile.block(layer);
      return tile.take();
    },
  };
}

function writeValue(out: Bytes, value: TagValue): void {
  if (typeof value === "string") {
    out.byte(VALUE_STRING);
    out.text(value);
  } else if (typeof value === "boolean") {
    out.byte(VALUE_BOOL);
    out.byte(value ? 1 : 0);
  } else if (!Number.isSafeInteger(value)) {
    out.byte(VALUE_DOUBLE);
    out.double(value);
  } else if (value >= 0) {
    out.byte(VALUE_UINT);
    out.varint(value);
  } else {
    out.byte(VALUE_SINT);
    out.varint(-value * 2 - 1);
  }
}

function indexOf<T>(index: Map<T, number>, entry: T): number {
  const known = index.get(entry);
  if (known !== undefined) return known;
  index.set(entry, index.size);
  return index.size - 1;
}
