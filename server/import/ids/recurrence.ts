/** Tells rows apart that are the same in every column, by counting them; rows are known by their SHA-256. */
export interface Recurrence {
  /** First pass: a row with this digest is in the file. */
  note(digest: Buffer): void;
  /** Second pass, in the file's order: how many rows with this digest came before. */
  occurrence(digest: Buffer): number;
}

const [FEWEST_BITS, MOST_BITS] = [12, 27];
/** Slots for each byte of a file, which may be packed: some hundred a row. */
const SLOTS_PER_BYTE = 8;

/**
 * Holds at most 32 MiB of filter, less for a small file, and 12 to 40 bytes for each row that is not alone: the first pass
 * finds which slots of the filter are met twice, and only rows of these are counted exactly in the second. With ten
 * million rows that is one row in fourteen by chance.
 * @param sizeBytes of the file, as far as it is known; what is found is the same whatever it is
 */
export function createRecurrence(sizeBytes = Number.POSITIVE_INFINITY): Recurrence {
  const wanted = Math.ceil(Math.log2(Math.max(1, sizeBytes) * SLOTS_PER_BYTE));
  const bits = Math.min(MOST_BITS, Math.max(FEWEST_BITS, wanted));
  const once = new Uint8Array(2 ** (bits - 3));
  const twice = new Uint8Array(2 ** (bits - 3));
  const counts = createCounter();

  return {
    note(digest) {
      const slot = digest.readUInt32LE(16) >>> (32 - bits);
      const byte = slot >> 3;
      const bit = 1 << (slot & 7);
      if ((once[byte] ?? 0) & bit) twice[byte] = (twice[byte] ?? 0) | bit;
      else once[byte] = (once[byte] ?? 0) | bit;
    },
    occurrence(digest) {
      const slot = digest.readUInt32LE(16) >>> (32 - bits);
      if (((twice[slot >> 3] ?? 0) & (1 << (slot & 7))) === 0) return 0;
      return counts.add(digest.readUIntLE(24, 6));
    },
  };
}

/** Counts 48-bit keys by open addressing in typed arrays: a Map ends at 16.7 million keys and takes five times the room. */
function createCounter(): { add(key: number): number } {
  let capacity = 1 << 12;
  let size = 0;
  let keys = new Float64Array(capacity);
  let counts = new Uint32Array(capacity);

  function slotOf(key: number): number {
    let slot = (key % 0xffffffff) & (capacity - 1);
    while ((counts[slot] ?? 0) > 0 && keys[slot] !== key) slot = (slot + 1) & (capacity - 1);
    return slot;
  }

  function grow(): void {
    const [oldKeys, oldCounts] = [keys, counts];
    capacity *= 2;
    keys = new Float64Array(capacity);
    counts = new Uint32Array(capacity);
    for (const [i, count] of oldCounts.entries()) {
      if (count === 0) continue;
      const key = oldKeys[i] ?? 0;
      const slot = slotOf(key);
      keys[slot] = key;
      counts[slot] = count;
    }
  }

  return {
    add(key) {
      if (size * 2 > capacity) grow();
      const slot = slotOf(key);
      const before = counts[slot] ?? 0;
      if (before === 0) size++;
      keys[slot] = key;
      counts[slot] = before + 1;
      return before;
    },
  };
}
