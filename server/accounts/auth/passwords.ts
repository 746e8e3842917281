import type { Limiter } from "../../kit/limiter.ts";
import { hashByScrypt, matchesScrypt, type ScryptCost } from "../../kit/scrypt.ts";
import { HASHES } from "./limits.ts";

/** https://cheatsheetseries.owasp.org/cheatsheets/Password_Storage_Cheat_Sheet.html#scrypt: the one of its settings that needs least memory but one. */
export const PASSWORD_COST: ScryptCost = { logN: 14, r: 8, p: 5 };

/** Hashes and checks passwords: slow on purpose. */
export interface Passwords {
  /** @throws PasswordsBusyError */
  hash(password: string): Promise<string>;
  /** @throws PasswordsBusyError */
  verify(of: { readonly password: string; readonly hash: string }): Promise<boolean>;
}

/** As many wait to have their passwords checked as may. */
export class PasswordsBusyError extends Error {
  override readonly name = "PasswordsBusyError";
}

export interface PasswordsOptions {
  readonly cost?: ScryptCost;
  /** Bounds how many are hashed at once; without it all are, where requests may not wait for each other. */
  readonly limiter?: Limiter;
}

export function createPasswords({
  cost = PASSWORD_COST,
  limiter = (work) => work(),
}: PasswordsOptions = {}): Passwords {
  let begun = 0;

  async function inTurn<T>(work: () => Promise<T>): Promise<T> {
    if (begun >= HASHES.atOnce + HASHES.waiting) throw new PasswordsBusyError("too many passwords are being checked");
    begun++;
    try {
      return await limiter(work);
    } finally {
      begun--;
    }
  }

  return {
    hash: (password) => inTurn(() => hashByScrypt(password, cost)),
    verify: ({ password, hash }) => inTurn(() => matchesScrypt(password, hash)),
  };
}
