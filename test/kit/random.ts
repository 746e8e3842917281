/** Numbers in [0, 1) that are the same in every run (mulberry32). */
export function seededRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** A stream of random numbers that its name alone decides. */
export interface Random {
  /** In [0, 1). */
  next(): number;
  chance(share: number): boolean;
  /** A whole number from 0 up to but not including `end`. */
  below(end: number): number;
  between(from: number, to: number): number;
  pick<T>(list: readonly T[]): T;
}

/**
 * Streams have names so that what one part of a run draws does not depend on how much another has drawn: a run without some
 * of its actions is the same run otherwise, which is what makes it possible to shorten one that failed.
 */
export function randomOf(name: string): Random {
  const next = seededRandom(hashOf(name));
  const between = (from: number, to: number): number => from + next() * (to - from);
  const below = (end: number): number => Math.floor(next() * end);
  return {
    next,
    below,
    between,
    chance: (share) => next() < share,
    pick: <T>(list: readonly T[]) => list[below(list.length)] as T,
  };
}

/** MurmurHash3's mixing over the characters (Austin Appleby); 32 bits. */
export function hashOf(text: string, seed = 0): number {
  let h = 1779033703 ^ seed ^ text.length;
  for (let i = 0; i < text.length; i++) {
    h = Math.imul(h ^ text.charCodeAt(i), 3432918353);
    h = (h << 13) | (h >>> 19);
  }
  h = Math.imul(h ^ (h >>> 16), 2246822507);
  h = Math.imul(h ^ (h >>> 13), 3266489909);
  return (h ^ (h >>> 16)) >>> 0;
}
