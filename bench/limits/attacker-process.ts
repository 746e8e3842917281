import { ATTACKS } from "./limits-attacks.ts";

export interface Orders {
  readonly url: string;
  readonly attack: string;
  readonly durationMs: number;
  readonly keys: readonly string[];
}

/** One attack in a process of its own, as its parent says: what it takes of the processor is not to slow down those who measure. */

process.once("message", async ({ url, attack, durationMs, keys }: Orders) => {
  await ATTACKS[attack]?.(url, durationMs, keys);
  process.disconnect();
});
process.send?.("ready");
