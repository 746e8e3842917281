import { type IdWords, idOfWords, wordsOfId } from "../ids/id-words.ts";
import { createWordTable } from "../ids/word-table.ts";
import type { Hash64 } from "./journal-items.ts";

/** What is known of a source's rows, in 44 to 88 bytes each. */
export interface RowIndex {
  readonly size: number;
  find(key: Hash64): KnownRow | undefined;
  set(key: Hash64, row: KnownRow): void;
}

export interface KnownRow {
  /** The report that it is; of one that has none any more, the last. */
  readonly id: string;
  /** Of what that says. */
  readonly digest: Hash64;
  /** Of that id; one that has no report any more gets the next. */
  readonly turn: number;
  /** False: the run that made it was undone. */
  readonly isThere: boolean;
}

/** Numbers of a record: the key, the id, the digest, the turn, and whether it is there. */
const [ID, DIGEST, TURN, THERE, WORDS] = [2, 6, 8, 9, 10];

export function createRowIndex(): RowIndex {
  const table = createWordTable({ words: WORDS, keyWords: 2 });
  return {
    get size() {
      return table.size;
    },
    find(key) {
      const record = table.find(key);
      if (record === -1) return undefined;
      const word = (i: number): number => table.get(record, i);
      const words: IdWords = [word(ID), word(ID + 1), word(ID + 2), word(ID + 3)];
      const digest: Hash64 = [word(DIGEST), word(DIGEST + 1)];
      return { id: idOfWords(words), digest, turn: word(TURN), isThere: word(THERE) === 1 };
    },
    set(key, { id, digest, turn, isThere }) {
      const record = table.add(key);
      const values = [...wordsOfId(id), ...digest, turn, isThere ? 1 : 0];
      for (const [i, value] of values.entries()) table.set(record, ID + i, value);
    },
  };
}
