import { randomBytes, scrypt, timingSafeEqual } from "node:crypto";

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
 * Hashes a password with a salt of its own: `scrypt$logN$r$p$salt$key` (RFC 7914). On Node another thread does it; workerd has the module
 * too, and does it on the spot.
 */
export async function hashByScrypt(password: string, cost: ScryptCost): Promise<string> {
  const salt = randomBytes(SALT_BYTES);
  const key = await derive(password, salt, cost);
  return [NAME, cost.logN, cost.r, cost.p, salt.toString("base64url"), key.toString("base64url")].join("$");
}

/** Whether a password has this hash, at the cost that the hash names. False for what is no such hash. */
export async function matchesScrypt(password: string, hash: string): Promise<boolean> {
  const [name, logN, r, p, salt = "", key = ""] = hash.split("$");
  const expected = Buffer.from(key, "base64url");
  if (name !== NAME || expected.length !== KEY_BYTES) return false;
  const cost = { logN: Number(logN), r: Number(r), p: Number(p) };
  return timingSafeEqual(await derive(password, Buffer.from(salt, "base64url"), cost), expected);
}

function derive(password: string, salt: Buffer, { logN, r, p }: ScryptCost): Promise<Buffer> {
  const N = 2 ** logN;
  return new Promise((resolve, reject) => {
    // The same text however it was typed in: an é of one character or of two.
    scrypt(password.normalize("NFKC"), salt, KEY_BYTES, { N, r, p, maxmem: 256 * N * r }, (error, key) =>
      error === null ? resolve(key) : reject(error),
    );
  });
}
