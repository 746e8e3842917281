import { writeVarint } from "./varint.ts";

/** A buffer that grows: protocol buffers' varints, little-endian numbers, UTF-8. */
export interface Bytes {
  length(): number;
  clear(): void;
  byte(value: number): void;
  /** Unsigned, up to 2^53 - 1. */
  varint(value: number): void;
  double(value: number): void;
  /** Unsigned, in so many bytes, at most six. */
  uint(value: number, byteCount: number): void;
  /** Length and UTF-8. */
  text(value: string): void;
  /** Length and bytes of another buffer. */
  block(other: Bytes): void;
  append(other: Bytes): void;
  view(): Uint8Array;
  take(): Uint8Array<ArrayBuffer>;
}

export function createBytes(capacity: number): Bytes {
  let buffer = new Uint8Array(capacity);
  let at = 0;
  const reserve = (more: number): void => {
    if (at + more <= buffer.length) return;
    const grown = new Uint8Array(Math.max(buffer.length * 2, at + more));
    grown.set(buffer);
    buffer = grown;
  };
  const bytes: Bytes = {
    length: () => at,
    clear: () => {
      at = 0;
    },
    byte(value) {
      reserve(1);
      buffer[at++] = value;
    },
    varint(value) {
      reserve(8);
      at = writeVarint(buffer, at, value);
    },
    double(value) {
      reserve(8);
      new DataView(buffer.buffer).setFloat64(at, value, true);
      at += 8;
    },
    uint(value, byteCount) {
      reserve(byteCount);
      for (let i = 0, left = value; i < byteCount; i++, left = Math.floor(left / 256)) buffer[at++] = left % 256;
    },
    text(value) {
      const utf8 = encodeUtf8(value);
      bytes.varint(utf8.length);
      reserve(utf8.length);
      buffer.set(utf8, at);
      at += utf8.length;
    },
    block(other) {
      bytes.varint(other.length());
      bytes.append(other);
    },
    append(other) {
      reserve(other.length());
      buffer.set(other.view(), at);
      at += other.length();
    },
    view: () => buffer.subarray(0, at),
    take: () => buffer.slice(0, at),
  };
  return bytes;
}

/** UTF-8 without TextEncoder, which the language itself does not have. Lone surrogates become U+FFFD. */
export function encodeUtf8(text: string): Uint8Array {
  return encodeAscii(text) ?? encodeAnyText(text);
}

function encodeAscii(text: string): Uint8Array | undefined {
  const out = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code > 0x7f) return undefined;
    out[i] = code;
  }
  return out;
}

function encodeAnyText(text: string): Uint8Array {
  const out: number[] = [];
  for (const char of text) {
    let code = char.codePointAt(0) ?? 0xfffd;
    if (code >= 0xd800 && code <= 0xdfff) code = 0xfffd;
    if (code < 0x80) out.push(code);
    else if (code < 0x800) out.push(0xc0 | (code >> 6), 0x80 | (code & 63));
    else if (code < 0x10000) out.push(0xe0 | (code >> 12), 0x80 | ((code >> 6) & 63), 0x80 | (code & 63));
    else out.push(0xf0 | (code >> 18), 0x80 | ((code >> 12) & 63), 0x80 | ((code >> 6) & 63), 0x80 | (code & 63));
  }
  return Uint8Array.from(out);
}

/** Reads what `Bytes` writes. @throws RangeError beyond the end: the bytes were cut short or are of something else */
export interface ByteReader {
  readonly position: () => number;
  byte(): number;
  varint(): number;
  double(): number;
  uint(byteCount: number): number;
  /** Length and UTF-8. */
  text(): string;
  skip(byteCount: number): void;
  /** Bytes up to the end. */
  left(): number;
}

export function createByteReader(bytes: Uint8Array, start = 0, end = bytes.length): ByteReader {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = start;
  const advance = (by: number): number => {
    if (at + by > end) throw new RangeError(`cut short: ${by} bytes wanted at ${at} of ${end}`);
    at += by;
    return at - by;
  };
  const reader: ByteReader = {
    position: () => at,
    byte: () => bytes[advance(1)] as number,
    varint() {
      // Most are of one byte.
      const first = bytes[advance(1)] as number;
      if (first < 128) return first;
      let value = first & 127;
      for (let scale = 128; scale < 2 ** 53; scale *= 128) {
        const byte = bytes[advance(1)] as number;
        value += (byte & 127) * scale;
        if (byte < 128) return value;
      }
      throw new RangeError(`number over 53 bits at ${at}`);
    },
    double: () => view.getFloat64(advance(8), true),
    uint(byteCount) {
      const from = advance(byteCount);
      let value = 0;
      for (let i = byteCount - 1; i >= 0; i--) value = value * 256 + (bytes[from + i] as number);
      return value;
    },
    text() {
      const length = reader.varint();
      const from = advance(length);
      return decodeUtf8(bytes.subarray(from, from + length));
    },
    skip(byteCount) {
      advance(byteCount);
    },
    left: () => end - at,
  };
  return reader;
}

/** UTF-8 that `encodeUtf8` wrote; TextDecoder is not part of the language. */
export function decodeUtf8(bytes: Uint8Array): string {
  let text = "";
  for (let i = 0; i < bytes.length; ) {
    const lead = bytes[i++] as number;
    const more = lead < 0x80 ? 0 : lead < 0xe0 ? 1 : lead < 0xf0 ? 2 : 3;
    let code = more === 0 ? lead : lead & (0x3f >> more);
    for (let k = 0; k < more; k++) code = (code << 6) | ((bytes[i++] ?? 0) & 63);
    text += String.fromCodePoint(Math.min(code, 0x10ffff));
  }
  return text;
}

/** FNV-1a over bytes, 32 bits: tells a damaged item from a whole one. */
export function checksum(bytes: Uint8Array, end = bytes.length): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < end; i++) hash = Math.imul(hash ^ (bytes[i] as number), 0x01000193);
  return hash >>> 0;
}
