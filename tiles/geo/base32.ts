import { BASE32 } from "./geohash.ts";

/** Geohashes and report ids as bytes of ASCII, straight from numbers: a tile's features need thousands and no strings. */

const CODES = Uint8Array.from(BASE32, (char) => char.charCodeAt(0));

/** Writes a whole number below 2^53 as `digits` characters of base 32. Returns where the next byte goes, as all these do. */
export function writeBase32(out: Uint8Array, at: number, value: number, digits: number): number {
  let low = value;
  let i = at + digits - 1;
  if (digits > 6) {
    // Bits beyond the 30 that integer operations take.
    let high = Math.floor(value / 2 ** 30);
    low = value - high * 2 ** 30;
    for (let left = digits - 6, k = at + left - 1; left > 0; left--, high >>>= 5) out[k--] = CODES[high & 31] as number;
  }
  for (const first = Math.max(at, at + digits - 6); i >= first; i--, low >>>= 5) out[i] = CODES[low & 31] as number;
  return at + digits;
}

/** Writes text that is known to be ASCII. */
export function writeAscii(out: Uint8Array, at: number, text: string): number {
  for (let i = 0; i < text.length; i++) out[at + i] = text.charCodeAt(i);
  return at + text.length;
}
