import { createHmac } from "node:crypto";
import { mapIntoLast } from "../fields/time.ts";
import type { TypicalSpan } from "./time-counts.ts";

/**
 * What a file's times were moved by. Ids have the time in them, so every later run must move them by the same, or all rows would become
 * new reports.
 */
export interface Anchor {
  /** The now that the newest row was moved to, or that all rows were dated by. */
  readonly epochMs: number;
  /** The length that the span was mapped onto; 0: every row happened at `epochMs`. */
  readonly lastMs: number;
  /** When the latest report happened that was dated by it, or may have. */
  readonly latestMs: number;
  readonly oldestMs: number;
  readonly newestMs: number;
  /** Rows that happened then or before, and then or after, were cut. */
  readonly cutBeforeMs?: number | undefined;
  readonly cutAfterMs?: number | undefined;
  /** As the operator has it. */
  readonly name?: string | undefined;
  /** The file that it was last used for. */
  readonly file: KeptFile;
}

export interface KeptFile {
  /** Its real path; left out of what came by standard input. */
  readonly path?: string | undefined;
  /** SHA-256 of the decompressed content, in hex. */
  readonly contentHash: string;
  /** A hash of how times are read from it. */
  readonly timeReading: string;
  /** Makes the tokens of this anchor different from those of any other. */
  readonly salt: string;
  /** Of the rows in the file's sketch, four hexadecimal digits each: too few to tell what a row says from, enough to tell files apart. */
  readonly tokens: readonly string[];
}

/** The anchor of a file that has none yet. */
export function newAnchor(span: TypicalSpan, lastMs: number, epochMs: number): Omit<Anchor, "file"> {
  const { oldestMs, newestMs, before, after } = span;
  return {
    epochMs,
    lastMs,
    latestMs: epochMs,
    oldestMs,
    newestMs,
    cutBeforeMs: before?.newestMs,
    cutAfterMs: after?.oldestMs,
  };
}

export const CUT = "lies so far from the other rows of the file that it was cut";
export const LATER =
  "is later than the dates that are kept of this file, which would move it into the future: --new-anchor dates all rows anew";

/** Where times of a file lie by its anchor, or why they lie nowhere. */
export function mapByAnchor(
  anchor: Omit<Anchor, "file">,
  nowMs: number,
): (timeMs: number) => number | { readonly problem: string } {
  const { epochMs, lastMs, cutBeforeMs = Number.NEGATIVE_INFINITY, cutAfterMs = Number.POSITIVE_INFINITY } = anchor;
  if (lastMs === 0) return () => epochMs;
  const map = mapIntoLast(anchor, lastMs, epochMs);
  return (timeMs) => {
    if (timeMs <= cutBeforeMs || timeMs >= cutAfterMs) return { problem: CUT };
    const mappedMs = map(timeMs);
    return mappedMs > nowMs ? { problem: LATER } : mappedMs;
  };
}

/** Tokens of the rows of a sketch. */
export const tokensOf = (least: readonly number[], salt: string): string[] =>
  least.map((value) => createHmac("sha256", salt).update(value.toString(16)).digest("hex").slice(0, 4));

const ENOUGH_TOKENS = 8;

/** Whether two versions of a file share rows: an eighth of them, or half of few. */
export function sharesRows(least: readonly number[], { tokens, salt }: KeptFile): boolean {
  const known = new Set(tokens);
  const shared = tokensOf(least, salt).filter((token) => known.has(token)).length;
  const fewer = Math.min(least.length, tokens.length);
  return shared >= Math.max(Math.min(fewer, 2), Math.min(ENOUGH_TOKENS, Math.ceil(fewer / 2))) && shared > 0;
}
