import { sha256Hex } from "./sha256.ts";

/** A strong entity tag, with its quotes: the same bytes have the same on every machine (docs/decisions/0003-entity-tags.md). */
export function entityTag(bytes: Uint8Array): string {
  return `"${sha256Hex(bytes).slice(0, 24)}"`;
}
