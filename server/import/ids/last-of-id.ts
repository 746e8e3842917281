import { hash } from "node:crypto";
import { createWordTable } from "./word-table.ts";

/** Finds the last fit of the rows that have one id, in two passes over the rows in the same order. */
export interface LastOfId {
  /** First pass. @param isFit whether the row can be imported; asked only where an earlier row may have its id */
  note(id: string, rowNumber: number, isFit: () => boolean): void;
  /** Second pass: whether no later row that is fit has this id. */
  isLast(id: string, rowNumber: number): boolean;
}

const FILTER_BITS = 27;

/**
 * Holds up to 32 MiB of filter, a bit for each row, and 20 to 28 bytes for each whose slot of the filter an earlier row took: that is one that has
 * its id, or by chance, with ten million rows, one in fifteen.
 */
export function createLastOfId(): LastOfId {
  const noted = createFilter();
  const passed = createFilter();
  /** Fit rows behind the first of their slots. */
  const later = createWordTable({ words: 3, keyWords: 2 });
  const unfit = createBits();

  return {
    note(id, rowNumber, isFit) {
      const [slotWord, ...key] = wordsOf(id);
      if (!noted(slotWord)) return;
      if (!isFit()) return unfit.add(rowNumber);
      const record = later.add(key);
      later.set(record, 2, later.get(record, 2) + 1);
    },
    isLast(id, rowNumber) {
      const [slotWord, ...key] = wordsOf(id);
      const isLater = passed(slotWord) && !unfit.has(rowNumber);
      const record = later.find(key);
      if (record === -1) return true;
      const left = later.get(record, 2) - (isLater ? 1 : 0);
      later.set(record, 2, left);
      return left === 0;
    },
  };
}

const PAGE_BITS = 16;

/** Tells whether a slot was taken before, and takes it. In pages, so that a short file does not cost as much as a long one. */
function createFilter(): (word: number) => boolean {
  const pages: Uint8Array[] = [];
  return (word) => {
    const slot = word >>> (32 - FILTER_BITS);
    const bit = 1 << (slot & 7);
    const at = (slot >>> 3) & (2 ** PAGE_BITS - 1);
    const number = slot >>> (3 + PAGE_BITS);
    const page = pages[number] ?? new Uint8Array(2 ** PAGE_BITS);
    pages[number] = page;
    const before = page[at] ?? 0;
    page[at] = before | bit;
    return (before & bit) !== 0;
  };
}

/** A set of numbers that are not far beyond their count. */
function createBits(): { add(number: number): void; has(number: number): boolean } {
  let bits = new Uint8Array(1 << 10);
  return {
    add(number) {
      const at = number >>> 3;
      if (at >= bits.length) {
        const longer = new Uint8Array(2 * at);
        longer.set(bits);
        bits = longer;
      }
      bits[at] = (bits[at] ?? 0) | (1 << (number & 7));
    },
    has: (number) => ((bits[number >>> 3] ?? 0) & (1 << (number & 7))) !== 0,
  };
}

function wordsOf(id: string): [number, number, number] {
  const digest = hash("sha256", id, "buffer");
  return [digest.readUInt32LE(0), digest.readUInt32LE(4), digest.readUInt32LE(8)];
}
