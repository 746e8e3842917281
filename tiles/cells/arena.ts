/**
 * Memory for many small typed arrays that are kept and dropped together: a piece of its own for each costs more than what most are
 * filled with.
 */
export interface Arena {
  /** Zeros. */
  floats(length: number): Float64Array;
  words(length: number): Uint32Array;
  bytes(length: number): Uint8Array;
}

const ALIGNED = 8;

/** @param chunkBytes so much is allocated at once, or what is asked for if that is more */
export function createArena(chunkBytes: number): Arena {
  let chunk = new ArrayBuffer(0);
  let at = 0;
  function reserve(bytes: number): number {
    if (at + bytes > chunk.byteLength) {
      chunk = new ArrayBuffer(Math.max(bytes, chunkBytes));
      at = 0;
    }
    const from = at;
    at += Math.ceil(bytes / ALIGNED) * ALIGNED;
    return from;
  }
  return {
    floats(length) {
      const from = reserve(8 * length);
      return new Float64Array(chunk, from, length);
    },
    words(length) {
      const from = reserve(4 * length);
      return new Uint32Array(chunk, from, length);
    },
    bytes(length) {
      const from = reserve(length);
      return new Uint8Array(chunk, from, length);
    },
  };
}
