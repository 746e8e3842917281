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
 * Holds 32 MiB of filter, and 20 to 28 bytes for each row whose slot of the filter an earlier row took: that is one that has its id, or by
 * chance, with ten million rows, one in fifteen.
 */
export function createLastOfId(): LastOfId {
  const noted = new Uint8Array(2 ** (FILTER_BITS - 3));
  const passed = new Uint8Array(2 ** (FILTER_BITS - 3));
  /** Rows behind the first of their slots. */
  const later = createWordTable({ words: 3, keyWords: 2 });

  /** Whether an earlier row took the slot of this one. */
  function take(filter: Uint8Array, word: number): boolean {
    const slot = word >>> (32 - FILTER_BITS);
    const bit = 1 << (slot & 7);
    const before = filter[slot >> 3] ?? 0;
    filter[slot >> 3] = before | bit;
    return (before & bit) !== 0;
  }

  return {
    note(id) {
      const [slotWord, ...key] = wordsOf(id);
      if (!take(noted, slotWord)) return;
      const record = later.add(key);
      later.set(record, 2, later.get(record, 2) + 1);
    },
    isLast(id) {
      const [slotWord, ...key] = wordsOf(id);
      const isLater = take(passed, slotWord);
      const record = later.find(key);
      if (record === -1) return true;
      const left = later.get(record, 2) - (isLater ? 1 : 0);
      later.set(record, 2, left);
      return left === 0;
    },
  };
}

function wordsOf(id: string): [number, number, number] {
  const digest = hash("sha256", id, "buffer");
  return [digest.readUInt32LE(0), digest.readUInt32LE(4), digest.readUInt32LE(8)];
}
