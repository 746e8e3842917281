/**
 * Finds its way in JSON text that comes in pieces, without parsing values. Not by a streaming parser (stream-json, streamparser,
 * clarinet): those end at the first feature that is broken, where this goes on behind it, and are at best half as fast.
 */

const QUOTE = 0x22;
const COMMA = 0x2c;
const COLON = 0x3a;
const BACKSLASH = 0x5c;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
const LINE_FEED = 0x0a;

const LONGEST_KEY = 16;

export interface ArrayFinder {
  /** Index behind the bracket that opens the array of features; `undefined` when it is not among these bytes. */
  find(bytes: Buffer, from: number): number | undefined;
  /** Tells that the array found last was closed. */
  leave(): void;
}

/** Looks for the array `features` of the root object, or a root array. */
export function createArrayFinder(): ArrayFinder {
  let depth = 0;
  let inString = false;
  let escaped = false;
  let text = "";
  let key = "";
  let justLeft = false;

  function passString(byte: number): void {
    if (escaped) escaped = false;
    else if (byte === BACKSLASH) escaped = true;
    else if (byte === QUOTE) inString = false;
    else if (text.length < LONGEST_KEY) text += String.fromCharCode(byte);
  }

  function pass(byte: number): void {
    if (byte === QUOTE) {
      inString = true;
      text = "";
    } else if (byte === COLON && depth === 1) key = text;
    else if (byte === COMMA && depth === 1) key = "";
    else if (byte === OPEN_BRACE || byte === OPEN_BRACKET) depth++;
    else if ((byte === CLOSE_BRACE || byte === CLOSE_BRACKET) && depth > 0) depth--;
  }

  return {
    find(bytes, from) {
      for (let i = from; i < bytes.length; i++) {
        const byte = bytes[i] ?? 0;
        if (inString) {
          passString(byte);
          continue;
        }
        if (justLeft && !isSeparator(byte)) {
          justLeft = false;
          // Only a stray bracket can have ended an array that goes on with an object.
          if (byte === OPEN_BRACE && depth === 1) return i;
        }
        if (byte === OPEN_BRACKET && (depth === 0 || (depth === 1 && key === "features"))) return i + 1;
        pass(byte);
      }
      return undefined;
    },
    leave() {
      justLeft = true;
      key = "";
    },
  };
}

export interface ElementScanner {
  /**
   * Index behind the element that starts at `start`; "open" when it goes on behind these bytes, which a later call must
   * hold again, from `start` on; "broken" when a line ends inside a string.
   */
  scan(bytes: Buffer, start: number): number | "open" | "broken";
}

/** Scans one array element; each byte is looked at once, in however many pieces it comes. */
export function createElementScanner(): ElementScanner {
  let passed = 0;
  let depth = 0;
  let inString = false;
  let escaped = false;

  return {
    scan(bytes, start) {
      for (let i = start + passed; i < bytes.length; i++) {
        const byte = bytes[i];
        if (inString) {
          if (byte === LINE_FEED) return "broken";
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
      passed = bytes.length - start;
      return "open";
    },
  };
}

/** What stands between elements: white space and commas. */
export function isSeparator(byte: number): boolean {
  return byte === COMMA || byte === 0x20 || (byte >= 0x09 && byte <= 0x0d);
}

export function isArrayEnd(byte: number): boolean {
  return byte === CLOSE_BRACKET;
}

/** An object that begins a line, or a Feature anywhere. */
const PROBABLE_ELEMENT = /\n[ \t]*\{|\{\s*"type"\s*:\s*"Feature"/;
/** No shorter than what PROBABLE_ELEMENT matches in files that programs write. */
export const ELEMENT_START_BYTES = 128;

/** Where an element probably starts, at or after `from`; -1 when none does. */
export function findElementStart(bytes: Buffer, from: number): number {
  const match = PROBABLE_ELEMENT.exec(bytes.toString("latin1", from));
  if (match === null) return -1;
  return from + match.index + (match[0].startsWith("\n") ? match[0].length - 1 : 0);
}

/** The bytes without separators around them. */
export function trimSeparators(bytes: Buffer): Buffer {
  let from = 0;
  let to = bytes.length;
  while (from < to && isSeparator(bytes[from] ?? 0)) from++;
  while (to > from && isSeparator(bytes[to - 1] ?? 0)) to--;
  return bytes.subarray(from, to);
}
