/** Protocol buffers' varints: seven bits a byte, the lowest first, of whole numbers below 2^53. */

/** Writes a number at an offset; returns where the next byte goes. */
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

/** Bytes that a number takes. */
export function varintLength(value: number): number {
  if (value < 0x80) return 1;
  if (value < 0x4000) return 2;
  if (value < 0x200000) return 3;
  let length = 4;
  for (let limit = 2 ** 28; value >= limit; limit *= 128) length++;
  return length;
}
