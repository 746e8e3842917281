import { OperatorError } from "../../console/operator-error.ts";

/** What a file's text is decoded by. */
export interface Encoding {
  /** As TextDecoder calls it. */
  readonly name: string;
  /** The operator named it, or the file did by its byte order mark; else it is taken for UTF-8. */
  readonly isKnown: boolean;
}

const UTF_8 = "utf-8";
/** Shares of zero bytes at every other place by which UTF-16 without a mark is known; even Chinese has line ends and commas. */
const MIN_ZERO_SHARE = 0.2;

/** @throws OperatorError on a name that is none */
export function parseEncoding(text: string): string {
  const name = text.trim().toLowerCase();
  try {
    return new TextDecoder(name === "latin-1" ? "latin1" : name).encoding;
  } catch {
    throw new OperatorError(
      `--encoding ${text} is not known; it takes names such as utf-8, utf-16le, windows-1252, iso-8859-1 and shift_jis.`,
    );
  }
}

/**
 * The encoding of a file that begins with these bytes: what its byte order mark tells, else what was named, else UTF-8.
 * @throws OperatorError when it is UTF-16 and neither tells so, or UTF-32
 */
export function findEncoding(head: Buffer, given: string | undefined): Encoding {
  const [a, b, c, d] = head;
  // Begins as UTF-16 does; nothing decodes it.
  const isUtf32 = (a === 0xff && b === 0xfe && c === 0 && d === 0) || (a === 0 && b === 0 && c === 0xfe && d === 0xff);
  if (isUtf32) throw new OperatorError("The file is UTF-32, which is not read: save it as UTF-8 and import that.");
  if (a === 0xff && b === 0xfe) return { name: "utf-16le", isKnown: true };
  if (a === 0xfe && b === 0xff) return { name: "utf-16be", isKnown: true };
  if (a === 0xef && b === 0xbb && c === 0xbf) return { name: UTF_8, isKnown: given === UTF_8 };
  if (given !== undefined) return { name: given, isKnown: true };
  const utf16 = looksLikeUtf16(head);
  if (utf16 === undefined) return { name: UTF_8, isKnown: false };
  throw new OperatorError(`The file looks like UTF-16 without a byte order mark: say --encoding ${utf16}.`);
}

function looksLikeUtf16(head: Buffer): "utf-16le" | "utf-16be" | undefined {
  const zeros = [0, 0];
  for (let i = 0; i + 1 < head.length; i += 2) {
    if (head[i] === 0 && head[i + 1] !== 0) zeros[0] = (zeros[0] ?? 0) + 1;
    if (head[i] !== 0 && head[i + 1] === 0) zeros[1] = (zeros[1] ?? 0) + 1;
  }
  const [even = 0, odd = 0] = zeros;
  if (Math.max(even, odd) < 4 || Math.max(even, odd) < (head.length / 2) * MIN_ZERO_SHARE) return undefined;
  if (Math.min(even, odd) * 4 > Math.max(even, odd)) return undefined;
  return odd > even ? "utf-16le" : "utf-16be";
}

export const isUtf8Name = ({ name }: Encoding): boolean => name === UTF_8;

/** The content as UTF-8. What an encoding has no character for becomes U+FFFD; UTF-8 itself is left as it is. */
export async function* decoded(content: AsyncIterable<Buffer>, encoding: Encoding): AsyncGenerator<Buffer> {
  if (isUtf8Name(encoding)) return yield* content;
  const decoder = new TextDecoder(encoding.name);
  for await (const chunk of content) yield Buffer.from(decoder.decode(chunk, { stream: true }));
  const rest = decoder.decode();
  if (rest !== "") yield Buffer.from(rest);
}
