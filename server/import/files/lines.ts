import { KEPT_OF_OVERLONG_BYTES, MAX_ROW_BYTES } from "./row.ts";

export interface Line {
  /** With its line feed, when it has one. */
  readonly bytes: Buffer;
  /** The line was longer than MAX_ROW_BYTES; `bytes` is its beginning. */
  readonly overlong: boolean;
}

export interface LineSplitter {
  push(chunk: Buffer): Iterable<Line>;
  end(): Iterable<Line>;
}

const LINE_FEED = 0x0a;

/** Cuts chunks into lines, holding at most one line of MAX_ROW_BYTES. @param end the byte that ends each */
export function createLineSplitter(end = LINE_FEED): LineSplitter {
  let held: Buffer[] = [];
  let heldBytes = 0;
  let overlong = false;

  function hold(part: Buffer): void {
    heldBytes += part.length;
    if (!overlong) held.push(part);
    if (heldBytes <= MAX_ROW_BYTES || overlong) return;
    overlong = true;
    held = [Buffer.from(Buffer.concat(held).subarray(0, KEPT_OF_OVERLONG_BYTES))];
  }

  function take(): Line {
    const line = { bytes: held.length === 1 && held[0] ? held[0] : Buffer.concat(held), overlong };
    held = [];
    heldBytes = 0;
    overlong = false;
    return line;
  }

  return {
    *push(chunk) {
      let from = 0;
      for (let at = chunk.indexOf(end); at >= 0; at = chunk.indexOf(end, from)) {
        hold(chunk.subarray(from, at + 1));
        yield take();
        from = at + 1;
      }
      if (from < chunk.length) hold(chunk.subarray(from));
    },
    *end() {
      if (heldBytes > 0) yield take();
    },
  };
}

/** The line without its line feed and carriage return. */
export function trimLineEnd(bytes: Buffer): Buffer {
  let end = bytes.length;
  if (end > 0 && bytes[end - 1] === LINE_FEED) end--;
  if (end > 0 && bytes[end - 1] === 0x0d) end--;
  return bytes.subarray(0, end);
}

/** True when a line holds nothing but spaces. */
export function isBlank(bytes: Buffer): boolean {
  return bytes.every((byte) => byte === 0x20 || (byte >= 0x09 && byte <= 0x0d));
}

/** The bytes that a file begins with, without a UTF-8 byte order mark. */
export function withoutBom(bytes: Buffer): Buffer {
  const [a, b, c] = bytes;
  return a === 0xef && b === 0xbb && c === 0xbf ? bytes.subarray(3) : bytes;
}
