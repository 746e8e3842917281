/**
 * Finds its way in JSON text that comes in pieces, without parsing values. Not by a streaming parser (stream-json, streamparser,
 * clarinet): those end at the first feature that is broken, where this goes on behind it, and are at best half as fast.
 */

const QUOTE = 0x22;
const COMMA = 0x2c;
const BACKSLASH = 0x5c;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
const LINE_FEED = 0x0a;

export interface ElementScanner {
  /**
   * Index behind the element that starts at `start`; "open" when it goes on at index `to`, and a later call must
   * hold the same bytes again, from `start` on; "broken" when a line ends inside a string.
   */
  scan(bytes: Buffer, start: number, to: number): number | "open" | "broken";
  /** Bytes that were looked at. */
  readonly scannedBytes: number;
}

/** Scans one array element; each byte is looked at once, in however many pieces it comes. */
export function createElementScanner(): ElementScanner {
  let passed = 0;
  let depth = 0;
  let inString = false;
  let escaped = false;

  function find(bytes: Buffer, start: number, to: number): number {
    for (let i = start + passed; i < to; i++) {
      const byte = bytes[i];
      if (inString) {
        if (byte === LINE_FEED) return BROKEN;
        if (escaped) escaped = false;
        else if (byte === BACKSLASH) escaped = true;
        else if (byte === QUOTE) inString = false;
      } else if (byte === QUOTE) inString = true;
      else if (byte === OPEN_BRACE || byte === OPEN_BRACKET) depth++;
      else if (byte === CLOSE_BRACE || byte === CLOSE_BRACKET) {
        depth--;
        if (depth === 0 || i === start) return i + 1;
        if (depth < 0) return i;
      } else if (byte === COMMA && depth === 0) return i;
    }
    return OPEN;
  }

  return {
    get scannedBytes() {
      return passed;
    },
    scan(bytes, start, to) {
      const end = find(bytes, start, to);
      passed = end < 0 ? to - start : end - start;
      return end === OPEN ? "open" : end === BROKEN ? "broken" : end;
    },
  };
}

const OPEN = -1;
const BROKEN = -2;

/** What stands between elements: white space, commas, and the record separators of RFC 8142. */
export function isSeparator(byte: number): boolean {
  return byte === COMMA || byte === 0x20 || byte === 0x1e || (byte >= 0x09 && byte <= 0x0d);
}

export function isArrayEnd(byte: number): boolean {
  return byte === CLOSE_BRACKET;
}

/** A Feature anywhere. */
const FEATURE_START = /^\{\s*"type"\s*:\s*"Feature"/;
/** No shorter than what begins an element in files that programs write: what indents a line, or a Feature's first member. */
export const ELEMENT_START_BYTES = 128;

/** Where an element probably starts, at or after `from`: a Feature, or an object that begins a line; -1 when none does. */
export function findElementStart(bytes: Buffer, from: number): number {
  for (let at = bytes.indexOf(OPEN_BRACE, from); at >= 0; at = bytes.indexOf(OPEN_BRACE, at + 1)) {
    if (beginsLine(bytes, from, at)) return at;
    if (FEATURE_START.test(bytes.toString("latin1", at, at + ELEMENT_START_BYTES))) return at;
  }
  return -1;
}

function beginsLine(bytes: Buffer, from: number, at: number): boolean {
  const first = Math.max(from, at - ELEMENT_START_BYTES);
  let i = at - 1;
  while (i >= first && (bytes[i] === 0x20 || bytes[i] === 0x09)) i--;
  return i >= first && bytes[i] === LINE_FEED;
}

/** The bytes without separators around them. */
export function trimSeparators(bytes: Buffer): Buffer {
  let from = 0;
  let to = bytes.length;
  while (from < to && isSeparator(bytes[from] ?? 0)) from++;
  while (to > from && isSeparator(bytes[to - 1] ?? 0)) to--;
  return bytes.subarray(from, to);
}
