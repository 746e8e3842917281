import { encodeUtf8 } from "../codec/bytes.ts";
import { varintLength } from "../codec/varint.ts";
import { HEAD_BYTES, LAYER_VALUE, VALUE_BOOL, VALUE_STRING, writeNumber } from "./mvt-fields.ts";
import { createNumberIndex, type NumberIndex } from "./number-index.ts";
import { writeHead } from "./wire-format.ts";

/** The values of one layer, as they stand in its message: each once, but for texts that are known to be all different. */
export interface LayerValues {
  bytes: Uint8Array<ArrayBuffer>;
  /** Bytes that are written. */
  end: number;
  /** Values that are written: the index of the next. */
  count: number;
  readonly numbers: NumberIndex;
  readonly texts: Map<string, number>;
  /** Indexes of false and of true; -1: not written yet. */
  readonly flags: Int32Array;
  /** Of one key's coded texts. */
  readonly codes: NumberIndex;
}

export type CodeWriter = (out: Uint8Array, at: number, code: number) => void;

export function createLayerValues(): LayerValues {
  return {
    bytes: new Uint8Array(4096),
    end: 0,
    count: 0,
    numbers: createNumberIndex(),
    texts: new Map(),
    flags: new Int32Array(2),
    codes: createNumberIndex(),
  };
}

export function clearValues(values: LayerValues): void {
  values.end = values.count = 0;
  values.numbers.clear();
  values.texts.clear();
  values.flags.fill(-1);
}

/** Makes room for so many bytes more. */
function reserve(values: LayerValues, bytes: number): void {
  const { bytes: held, end } = values;
  if (end + bytes <= held.length) return;
  values.bytes = new Uint8Array(held.length * 2 + bytes);
  values.bytes.set(held);
}

export function indexOfNumber(values: LayerValues, value: number): number {
  const known = values.numbers.find(value);
  if (known >= 0) return known;
  values.numbers.add(values.count);
  reserve(values, HEAD_BYTES);
  values.end = writeNumber(values.bytes, values.end, value);
  return values.count++;
}

export function indexOfText(values: LayerValues, text: string): number {
  const known = values.texts.get(text);
  if (known !== undefined) return known;
  const utf8 = encodeUtf8(text);
  values.texts.set(text, values.count);
  return addText(values, utf8, 0, utf8.length);
}

/** @param flag 0: false, 1: true */
export function indexOfFlag(values: LayerValues, flag: number): number {
  const known = values.flags[flag] as number;
  if (known >= 0) return known;
  values.flags[flag] = values.count;
  reserve(values, HEAD_BYTES);
  const at = writeHead(values.bytes, values.end, LAYER_VALUE, 2);
  values.end = writeHead(values.bytes, at, VALUE_BOOL, flag);
  return values.count++;
}

/** Index of a text of `length` bytes that a number stands for, of those since the codes were cleared. */
export function indexOfCode(values: LayerValues, code: number, length: number, write: CodeWriter): number {
  const known = values.codes.find(code);
  if (known >= 0) return known;
  values.codes.add(values.count);
  const at = beginText(values, length);
  write(values.bytes, at, code);
  values.end = at + length;
  return values.count++;
}

/** Adds a text, UTF-8 in `from` to `until` of the bytes, whether it is there or not; returns its index. */
export function addText(values: LayerValues, utf8: Uint8Array, from: number, until: number): number {
  let at = beginText(values, until - from);
  const { bytes } = values;
  for (let i = from; i < until; i++) bytes[at++] = utf8[i] as number;
  values.end = at;
  return values.count++;
}

/** Writes what stands before a text of so many bytes; returns where these go. */
function beginText(values: LayerValues, length: number): number {
  reserve(values, length + HEAD_BYTES);
  const at = writeHead(values.bytes, values.end, LAYER_VALUE, 1 + varintLength(length) + length);
  return writeHead(values.bytes, at, VALUE_STRING, length);
}
