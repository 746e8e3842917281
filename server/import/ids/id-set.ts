import { ID_WORDS, wordsOfId } from "./id-words.ts";
import { createWordTable } from "./word-table.ts";

/** A set of report ids, in 24 to 48 bytes each. */
export interface IdSet {
  readonly size: number;
  has(id: string): boolean;
  add(id: string): void;
}

export function createIdSet(): IdSet {
  const table = createWordTable({ words: ID_WORDS, keyWords: ID_WORDS });
  return {
    get size() {
      return table.size;
    },
    has: (id) => table.find(wordsOfId(id)) !== -1,
    add: (id) => void table.add(wordsOfId(id)),
  };
}
