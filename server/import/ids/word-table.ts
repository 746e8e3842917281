/**
 * Records of some numbers of 32 bits each, found by the first of these, in typed arrays: a Map ends at 16.7 million keys and takes many
 * times the room. Takes 4 bytes a number, and 8 to 16 a record to find it by.
 */
export interface WordTable {
  readonly size: number;
  /** The record's number, or -1. */
  find(key: readonly number[]): number;
  /** The number of the record with this key; its other numbers are 0 when it is new. */
  add(key: readonly number[]): number;
  get(record: number, word: number): number;
  set(record: number, word: number, value: number): void;
}

export interface WordTableOptions {
  readonly words: number;
  /** So many of these are the key. */
  readonly keyWords: number;
}

export function createWordTable({ words, keyWords }: WordTableOptions): WordTable {
  let slots = new Int32Array(1 << 10).fill(-1);
  let data = new Uint32Array(words << 9);
  let size = 0;

  function slotOf(wordAt: (i: number) => number): number {
    let mixed = 0;
    for (let i = 0; i < keyWords; i++) mixed = Math.imul(mixed ^ (mixed >>> 15) ^ wordAt(i), 0x9e3779b1);
    let slot = (mixed ^ (mixed >>> 16)) & (slots.length - 1);
    for (;;) {
      const record = slots[slot] ?? -1;
      if (record === -1 || isSame(record, wordAt)) return slot;
      slot = (slot + 1) & (slots.length - 1);
    }
  }

  function isSame(record: number, wordAt: (i: number) => number): boolean {
    for (let i = 0; i < keyWords; i++) if (data[record * words + i] !== wordAt(i)) return false;
    return true;
  }

  function grow(): void {
    const before = data;
    data = new Uint32Array(before.length * 2);
    data.set(before);
    slots = new Int32Array(slots.length * 2).fill(-1);
    for (let record = 0; record < size; record++) slots[slotOf((i) => data[record * words + i] ?? 0)] = record;
  }

  return {
    get size() {
      return size;
    },
    find: (key) => slots[slotOf((i) => (key[i] ?? 0) >>> 0)] ?? -1,
    add(key) {
      const slot = slotOf((i) => (key[i] ?? 0) >>> 0);
      const known = slots[slot] ?? -1;
      if (known !== -1) return known;
      const record = size++;
      for (let i = 0; i < keyWords; i++) data[record * words + i] = key[i] ?? 0;
      slots[slot] = record;
      if (size * words === data.length) grow();
      return record;
    },
    get: (record, word) => data[record * words + word] ?? 0,
    set(record, word, value) {
      data[record * words + word] = value;
    },
  };
}
