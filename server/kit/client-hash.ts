import { sha256Hex } from "./sha256.ts";

/** Names clients by hashes with a salt that dies with the process: what is kept of a client tells nobody who it was. */
export function createClientHash(): (who: string) => string {
  let salt: string | undefined;
  return (who) => {
    // Not before the first request: workerd gives no randomness while it starts.
    salt ??= crypto.getRandomValues(new Uint8Array(16)).join();
    return sha256Hex(salt + who);
  };
}
