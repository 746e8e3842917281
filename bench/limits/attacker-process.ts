import { ATTACKS } from "./limits-attacks.ts";

/** One attack in a process of its own, as its parent says: what it takes of the processor is not to slow down those who measure. */

process.once("message", async ({ url, attack, durationMs }: { url: string; attack: string; durationMs: number }) => {
  await ATTACKS[attack]?.(url, durationMs);
  process.disconnect();
});
process.send?.("ready");
