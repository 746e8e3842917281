export interface FrequentValue {
  readonly key: string;
  /** Exact until a summary of more keys than are held; then at least so often. */
  readonly count: number;
}

export interface FrequentValues {
  add(key: string): void;
  /** Most frequent first; of the same count, first met first. */
  top(most: number): FrequentValue[];
  isExact(): boolean;
}

/**
 * Counts which keys come most often in memory for `capacity` of them (Misra and Gries): exact while there are no more; then
 * counts fall short by at most `keys / capacity`, and no key that comes more often than that is missed. Constant time a key, on average.
 */
export function createFrequentValues(capacity: number): FrequentValues {
  const counts = new Map<string, number>();
  let exact = true;
  return {
    add(key) {
      const count = counts.get(key);
      if (count !== undefined || counts.size < capacity) {
        counts.set(key, (count ?? 0) + 1);
        return;
      }
      exact = false;
      for (const [held, times] of counts) {
        if (times === 1) counts.delete(held);
        else counts.set(held, times - 1);
      }
    },
    top: (most) =>
      [...counts]
        .map(([key, count]) => ({ key, count }))
        .sort((a, b) => b.count - a.count)
        .slice(0, most),
    isExact: () => exact,
  };
}
