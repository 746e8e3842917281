import type { TileRing } from "../areas/area-tile.ts";
import { type Bytes, checksum, createBytes, encodeUtf8 } from "../codec/bytes.ts";
import {
  FEATURE_GEOMETRY,
  FEATURE_ID,
  FEATURE_TAGS,
  FEATURE_TYPE,
  LAYER_FEATURE,
  LAYER_VALUE,
  layerMessage,
  VALUE_STRING,
  writeNumber,
} from "./mvt-fields.ts";

/** An area in a tile. */
export interface AreaFeature {
  readonly id: string;
  /** As `polygonsOfTile` makes them, at least one. */
  readonly rings: readonly TileRing[];
  /** What the feature tells, in this order. */
  readonly properties: ReadonlyMap<string, string | number>;
}

const POLYGON = 3;
const MOVE_TO = (1 << 3) | 1;
const LINE_TO = 2;
const CLOSE_PATH = (1 << 3) | 7;

/** A layer of polygons as a field of the tile message (Mapbox Vector Tile 2.1, section 4). */
export function encodeAreaLayer(name: string, areas: readonly AreaFeature[]): Uint8Array {
  const keys = new Map<string, number>();
  const values = new Map<string | number, number>();
  const features = createBytes(8192);
  // Cleared and used again: a buffer costs more than what a feature has to write.
  const [feature, part] = [createBytes(1024), createBytes(1024)];
  for (const area of areas) {
    feature.clear();
    feature.byte(FEATURE_ID);
    feature.varint(numberOfId(area.id));
    feature.byte(FEATURE_TAGS);
    feature.block(tagsOf(part, area.properties, keys, values));
    feature.byte(FEATURE_TYPE);
    feature.byte(POLYGON);
    feature.byte(FEATURE_GEOMETRY);
    feature.block(geometryOf(part, area.rings));
    features.byte(LAYER_FEATURE);
    features.block(feature);
  }
  return layerMessage(name, features.view(), [...keys.keys()].map(encodeUtf8), valuesOf(values));
}

/** A feature's number, of 52 bits, from an area's id: the same in every tile and version. */
export function numberOfId(id: string): number {
  const bytes = encodeUtf8(id);
  return (checksum(bytes) % 2 ** 26) * 2 ** 26 + (checksum(bytes.toReversed()) % 2 ** 26);
}

function tagsOf(
  tags: Bytes,
  properties: AreaFeature["properties"],
  keys: Map<string, number>,
  values: Map<string | number, number>,
): Bytes {
  tags.clear();
  for (const [key, value] of properties) {
    tags.varint(numberIn(keys, key));
    tags.varint(numberIn(values, value));
  }
  return tags;
}

function numberIn<T>(known: Map<T, number>, entry: T): number {
  const number = known.get(entry) ?? known.size;
  known.set(entry, number);
  return number;
}

function valuesOf(values: ReadonlyMap<string | number, number>): Uint8Array {
  const [out, text] = [createBytes(2048), createBytes(64)];
  const scratch = new Uint8Array(32);
  for (const value of values.keys()) {
    if (typeof value === "number") {
      const end = writeNumber(scratch, 0, value);
      for (let i = 0; i < end; i++) out.byte(scratch[i] as number);
    } else {
      text.clear();
      text.byte(VALUE_STRING);
      text.text(value);
      out.byte(LAYER_VALUE);
      out.block(text);
    }
  }
  return out.view();
}

function geometryOf(out: Bytes, rings: readonly TileRing[]): Bytes {
  out.clear();
  let [x, y] = [0, 0];
  const step = (ring: TileRing, i: number): void => {
    out.varint(zigzag((ring[i] as number) - x));
    out.varint(zigzag((ring[i + 1] as number) - y));
    [x, y] = [ring[i] as number, ring[i + 1] as number];
  };
  for (const ring of rings) {
    out.varint(MOVE_TO);
    step(ring, 0);
    out.varint(((ring.length / 2 - 1) << 3) | LINE_TO);
    for (let i = 2; i < ring.length; i += 2) step(ring, i);
    out.varint(CLOSE_PATH);
  }
  return out;
}

const zigzag = (value: number): number => (value < 0 ? -2 * value - 1 : 2 * value);
