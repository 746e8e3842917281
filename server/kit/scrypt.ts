import { scrypt, timingSafeEqual } from "node:crypto";

/** What a hash costs: `2 ** logN * r * 128` bytes of memory, `p` times over. */
export interface ScryptCost {
  readonly logN: number;
  readonly r: number;
  readonly p: number;
}

const KEY_BYTES = 32;
const SALT_BYTES = 16;
const NAME = "scrypt";

/**
 * Hashes a password with a salt of its own: `scrypt$logN$r$p$salt$key`, both in hex (RFC 7914). On Node another thread does it; workerd has
 * the module too, and does it on the spot.
 */
export async function hashByScrypt(password: string, cost: ScryptCost): Promise<string> {
  const salt = toHex(crypto.getRandomValues(new Uint8Array(SALT_BYTES)));
  const key = await derive(password, salt, cost);
  return [NAME, cost.logN, cost.r, cost.p, salt, toHex(key)].join("$");
}

/** Whether a password has this hash, at the cost that the hash names. False for what is no such hash. */
export async function matchesScrypt(password: string, hash: string): Promise<boolean> {
  const [name, logN, r, p, salt = "", key = ""] = hash.split("$");
  if (name !== NAME || key.length !== 2 * KEY_BYTES) return false;
  const cost = { logN: Number(logN), r: Number(r), p: Number(p) };
  const encoder = new TextEncoder();
  return timingSafeEqual(encoder.encode(toHex(await derive(password, salt, cost))), encoder.encode(key));
}

const toHex = (bytes: Uint8Array): string => Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");

/** @param salt its hex characters are what is hashed, not the bytes that they stand for: they are as random */
function derive(password: string, salt: string, { logN, r, p }: ScryptCost): Promise<Uint8Array> {
  const N = 2 ** logN;
  return new Promise((resolve, reject) => {
    // The same text however it was typed in: an é of one character or of two.
    scrypt(password.normalize("NFKC"), salt, KEY_BYTES, { N, r, p, maxmem: 256 * N * r }, (error, key) =>
      error === null ? resolve(key) : reject(error),
    );
  });
}
