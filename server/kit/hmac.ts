import { createHmac, timingSafeEqual } from "node:crypto";

/** HMAC-SHA-256 of a text in UTF-8: 64 hex characters. */
export const hmacHex = (secret: string, text: string): string =>
  createHmac("sha256", secret).update(text).digest("hex");

/** Whether a signature in base64 is the text's HMAC-SHA-256, in a time that tells nothing of where it differs. */
export function isSignedBy(secret: string, text: string, signature: string): boolean {
  const given = Buffer.from(signature, "base64");
  const expected = createHmac("sha256", secret).update(text).digest();
  return given.length === expected.length && timingSafeEqual(given, expected);
}
