import { hash } from "node:crypto";
import { createWordTable } from "./word-table.ts";

/** Finds the last of the rows that have one id, in two passes over the ids in the same order. */
export interface LastOfId {
  /** First pass. */
  note(id: string): void;
  /** Second pass: whether no later row has this id. */
  isLast(id: string): boolean;
}

const FILTER_BITS = 27;

/**
 * Holds up to 32 MiB of filter, and 20 to 28 bytes for each row whose slot of the filter an earlier row took: that is one that has its id, or by
 * chance, with ten million rows, one in fifteen.
 */
export function createLastOfId(): LastOfId {
  const noted = createFilter();
  const passed = createFilter();
  /** Rows behind the first of their slots. */
  const later = createWordTable({ words: 3, keyWords: 2 });

  return {
    note(id) {
      const [slotWord, ...key] = wordsOf(id);
      if (!noted(slotWord)) return;
      const record = later.add(key);
      later.set(record, 2, later.get(record, 2) + 1);
    },
    isLast(id) {
      const [slotWord, ...key] = wordsOf(id);
      const isLater = passed(slotWord);
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

function wordsOf(id: string): [number, number, number] {
  const digest = hash("sha256", id, "buffer");
  return [digest.readUInt32LE(0), digest.readUInt32LE(4), digest.readUInt32LE(8)];
}
