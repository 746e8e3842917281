import { createHmac, timingSafeEqual } from "node:crypto";

/** HMAC-SHA-256 of a text in UTF-8: 64 hex characters. */
export const hmacHex = (secret: string, text: string): string =>
  createHmac("sha256", secret).update(text).digest("hex");

/** Whether a signature in base64 is the text's HMAC-SHA-256, in a time that tells nothing of where it differs. */
export function isSignedBy(secret: string, text: string, signature: string): boolean {
  const encoder = new TextEncoder();
  const given = encoder.encode(signature);
  const expected = encoder.encode(createHmac("sha256", secret).update(text).digest("base64"));
  return given.length === expected.length && timingSafeEqual(given, expected);
}
