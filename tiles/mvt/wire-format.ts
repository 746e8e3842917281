import { varintLength, writeVarint } from "../codec/varint.ts";

/** Protocol buffers' wire format, written into an array at an offset. Each function returns where the next byte goes. */

/** A field's tag and a varint, its value or its length. */
export function writeHead(out: Uint8Array, at: number, tag: number, value: number): number {
  out[at] = tag;
  return writeVarint(out, at + 1, value);
}

/** Bytes of a text field of so many bytes of UTF-8. */
export const textFieldLength = (length: number): number => 1 + varintLength(length) + length;

/** A field's tag, length and UTF-8. */
export function writeTextField(out: Uint8Array, start: number, tag: number, utf8: Uint8Array): number {
  const at = writeHead(out, start, tag, utf8.length);
  out.set(utf8, at);
  return at + utf8.length;
}
