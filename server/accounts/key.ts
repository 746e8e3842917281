import { sha256Hex } from "../kit/sha256.ts";

/** An API key is `stratum_` and 40 letters and digits: 238 random bits, found by whoever scans files for secrets. */
const PREFIX = "stratum_";
const ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const RANDOM_CHARACTERS = 40;
/** Leaves 202 bits that nobody sees. */
const VISIBLE_CHARACTERS = PREFIX.length + 6;
/** Bytes from here on would make some characters likelier than others. */
const FAIR_BYTES = 256 - (256 % ALPHABET.length);

/** A new key: shown once, kept nowhere. */
export function makeKey(): string {
  let key = PREFIX;
  while (key.length < PREFIX.length + RANDOM_CHARACTERS) {
    const [byte = FAIR_BYTES] = crypto.getRandomValues(new Uint8Array(1));
    if (byte < FAIR_BYTES) key += ALPHABET[byte % ALPHABET.length];
  }
  return key;
}

const SHAPE = new RegExp(`^${PREFIX}[0-9A-Za-z]{${RANDOM_CHARACTERS}}$`);

export const isKey = (text: string): boolean => SHAPE.test(text);

/** What of a key may be stored and shown, for people to tell keys apart. */
export const visiblePrefix = (key: string): string => key.slice(0, VISIBLE_CHARACTERS);

/** SHA-256, 64 hex characters. A key has too many bits to be guessed from it, so it needs neither salt nor stretching. */
export const hashKey = (key: string): string => sha256Hex(key);
