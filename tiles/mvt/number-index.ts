/**
 * Numbers and the index that each was given: a Map for hot loops, by open addressing in flat arrays. Clearing costs nothing,
 * so that one can serve tile after tile.
 */
export interface NumberIndex {
  /** The index of a number, or -1. */
  find(key: number): number;
  /** Gives the number that `find` was last called with, and did not have, an index. */
  add(index: number): void;
  clear(): void;
}

const FIRST_CAPACITY = 256;

export function createNumberIndex(): NumberIndex {
  let capacity = FIRST_CAPACITY;
  let keys = new Float64Array(capacity);
  let indexes = new Int32Array(capacity);
  /** A slot counts as empty unless it was filled since the last clearing. */
  let filledIn = new Uint32Array(capacity);
  let round = 1;
  let size = 0;
  let lastKey = 0;
  let lastSlot = 0;

  function slotOf(key: number): number {
    double[0] = key;
    let slot = hash() & (capacity - 1);
    while (filledIn[slot] === round && keys[slot] !== key) slot = (slot + 1) & (capacity - 1);
    return slot;
  }

  function grow(): void {
    const old = { capacity, keys, indexes, filledIn };
    capacity *= 2;
    keys = new Float64Array(capacity);
    indexes = new Int32Array(capacity);
    filledIn = new Uint32Array(capacity);
    for (let i = 0; i < old.capacity; i++) {
      if (old.filledIn[i] !== round) continue;
      const slot = slotOf(old.keys[i] as number);
      keys[slot] = old.keys[i] as number;
      indexes[slot] = old.indexes[i] as number;
      filledIn[slot] = round;
    }
    lastSlot = slotOf(lastKey);
  }

  return {
    find(key) {
      lastKey = key;
      lastSlot = slotOf(key);
      return filledIn[lastSlot] === round ? (indexes[lastSlot] as number) : -1;
    },
    add(index) {
      if (++size * 2 > capacity) grow();
      keys[lastSlot] = lastKey;
      indexes[lastSlot] = index;
      filledIn[lastSlot] = round;
    },
    clear() {
      size = 0;
      if (++round < 2 ** 32) return;
      filledIn.fill(0);
      round = 1;
    },
  };
}

const double = new Float64Array(1);
const halves = new Uint32Array(double.buffer);

/** Mixes the bits of `double`: small integers differ in its high half only. */
function hash(): number {
  const h = Math.imul((halves[0] as number) ^ Math.imul(halves[1] as number, 0x9e3779b1), 0x85ebca6b);
  return h ^ (h >>> 15);
}
