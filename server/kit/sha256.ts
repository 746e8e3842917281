import { createHash } from "node:crypto";

/**
 * SHA-256 of bytes, or of a text in UTF-8: 64 hex characters. Node and workerd both have this module. Web Crypto's digest is a job for
 * another thread, which costs fifteen times as much for a text and no less for a tile.
 */
export const sha256Hex = (of: string | Uint8Array): string => createHash("sha256").update(of).digest("hex");
