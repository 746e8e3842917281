import { sha256Hex } from "./sha256.ts";

/** A strong entity tag, with its quotes: the same bytes have the same on every machine (docs/decisions/0003-entity-tags.md). */
export async function entityTag(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  return `"${(await sha256Hex(bytes)).slice(0, 24)}"`;
}
