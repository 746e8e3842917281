/** Random numbers that are the same for the same seed, on every machine. */
export interface Random {
  /** In [0, 1). */
  next(): number;
  /** A whole number in [from, to]. */
  between(from: number, to: number): number;
  /** Normally distributed, mean 0, deviation 1. */
  gaussian(): number;
  /** One of a list, which must not be empty. */
  pick<T>(items: readonly T[]): T;
  /** Index into weights, by their proportion. */
  weighted(weights: readonly number[]): number;
  bytes(count: number): Uint8Array;
}

export function createRandom(seed: number): Random {
  return randomFrom(sfc32(seed));
}

/** sfc32 of Chris Doty-Humphrey's PractRand, which passes it. */
function sfc32(seed: number): () => number {
  let [a, b, c, counter] = [seed | 0, 0x9e3779b9 | 0, 0x243f6a88 | 0, 1];

  function next(): number {
    const sum = (((a + b) | 0) + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = ((c << 21) | (c >>> 11)) + sum;
    c |= 0;
    return (sum >>> 0) / 2 ** 32;
  }
  for (let i = 0; i < 16; i++) next();
  return next;
}

/** Everything that is drawn, out of numbers in [0, 1). */
export function randomFrom(next: () => number): Random {
  function weighted(weights: readonly number[]): number {
    let left = next() * weights.reduce((sum, weight) => sum + weight, 0);
    const found = weights.findIndex((weight) => {
      left -= weight;
      return left < 0;
    });
    return found < 0 ? weights.length - 1 : found;
  }

  return {
    next,
    weighted,
    between: (from, to) => from + Math.floor(next() * (to - from + 1)),
    gaussian: () => Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next()),
    pick(items) {
      const item = items[Math.floor(next() * items.length)];
      if (item === undefined) throw new RangeError("nothing to pick from");
      return item;
    },
    bytes: (count) => Uint8Array.from({ length: count }, () => Math.floor(next() * 256)),
  };
}
