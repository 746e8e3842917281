import { sha256Hex } from "../kit/sha256.ts";

/** An API key is `stratum_` and 40 letters and digits, found by whoever scans files for secrets: 34 random ones (202 bits) and a checksum. */
const PREFIX = "stratum_";
const ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const RANDOM_CHARACTERS = 34;
const CHECKSUM_CHARACTERS = 6;
/** Leaves 166 bits that nobody sees. */
const VISIBLE_CHARACTERS = PREFIX.length + 6;
/** Bytes from here on would make some characters likelier than others. */
const FAIR_BYTES = 256 - (256 % ALPHABET.length);
/** Goes into the checksum of a key that only pages of some origins may send. */
const RESTRICTED = "\0origins";

/** A new key: shown once, kept nowhere. */
export function makeKey({ isRestricted = false }: { readonly isRestricted?: boolean } = {}): string {
  let key = PREFIX;
  while (key.length < PREFIX.length + RANDOM_CHARACTERS) {
    const [byte = FAIR_BYTES] = crypto.getRandomValues(new Uint8Array(1));
    if (byte < FAIR_BYTES) key += ALPHABET[byte % ALPHABET.length];
  }
  return key + checksumOf(isRestricted ? key + RESTRICTED : key);
}

const SHAPE = new RegExp(`^${PREFIX}[0-9A-Za-z]{${RANDOM_CHARACTERS + CHECKSUM_CHARACTERS}}$`);

/** Keys made before there were checksums are 40 random characters: a wrong checksum is no proof that there is no such key. */
export const isKey = (text: string): boolean => SHAPE.test(text);

/**
 * Whether a key says of itself that it is for pages of some origins alone. So it can be refused before anybody asked PostgreSQL; one that
 * was made before there were checksums says so by chance once in four thousand million.
 */
export function saysRestricted(key: string): boolean {
  const body = key.slice(0, -CHECKSUM_CHARACTERS);
  return key.slice(-CHECKSUM_CHARACTERS) === checksumOf(body + RESTRICTED);
}

/** What of a key may be stored and shown, for people to tell keys apart. */
export const visiblePrefix = (key: string): string => key.slice(0, VISIBLE_CHARACTERS);

/** SHA-256, 64 hex characters. A key has too many bits to be guessed from it, so it needs neither salt nor stretching. */
export const hashKey = (key: string): string => sha256Hex(key);

/** CRC-32 (ISO-HDLC) in base 62, as GitHub's tokens have it: scanners tell a key from what only looks like one. */
function checksumOf(text: string): string {
  let crc = 0xffff_ffff;
  for (let i = 0; i < text.length; i++) {
    crc ^= text.charCodeAt(i);
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb8_8320 : 0);
  }
  let rest = (crc ^ 0xffff_ffff) >>> 0;
  let digits = "";
  for (let i = 0; i < CHECKSUM_CHARACTERS; i++) {
    digits = ALPHABET[rest % ALPHABET.length] + digits;
    rest = Math.floor(rest / ALPHABET.length);
  }
  return digits;
}
