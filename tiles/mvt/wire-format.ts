/** Protocol buffers' wire format, written into an array at an offset. Each function returns where the next byte goes. */

/** A field's tag and a varint, its value or its length. */
export function writeHead(out: Uint8Array, at: number, tag: number, value: number): number {
  out[at] = tag;
  return writeVarint(out, at + 1, value);
}

/** Bytes of a text field of so many bytes of UTF-8. */
export const textFieldLength = (length: number): number => 1 + varintLength(length) + length;

/** A field's tag, length and UTF-8. */
export function writeTextField(out: Uint8Array, start: number, tag: number, utf8: Uint8Array): number {
  const at = writeHead(out, start, tag, utf8.length);
  out.set(utf8, at);
  return at + utf8.length;
}

/** A whole number below 2^53. */
export function writeVarint(out: Uint8Array, start: number, value: number): number {
  let at = start;
  let left = value;
  if (value >= 2 ** 28) {
    // Four bytes at once: integer operations take 32 bits, and remainders of larger numbers are slow.
    left = Math.floor(value / 2 ** 28);
    const low = value - left * 2 ** 28;
    out[at++] = (low & 127) | 128;
    out[at++] = ((low >>> 7) & 127) | 128;
    out[at++] = ((low >>> 14) & 127) | 128;
    out[at++] = (low >>> 21) | 128;
  }
  while (left > 127) {
    out[at++] = (left & 127) | 128;
    left >>>= 7;
  }
  out[at++] = left;
  return at;
}

/** Bytes of a varint. */
export function varintLength(value: number): number {
  if (value < 0x80) return 1;
  if (value < 0x4000) return 2;
  if (value < 0x200000) return 3;
  let length = 4;
  for (let limit = 2 ** 28; value >= limit; limit *= 128) length++;
  return length;
}
