/** Runs pieces of work of one key one after the other, in the order in which they came; those of other keys beside them. */
export type InTurn = <T>(key: string, work: () => Promise<T>) => Promise<T>;

/** For a Worker, where nobody may wait for another request's promise: all at once, as they come. */
export const atOnce: InTurn = (_key, work) => work();

const MOST_KEYS = 1_000;
const MOST_WAITING = 100;

interface Line {
  last: Promise<unknown>;
  length: number;
}

/**
 * Spares work of one process that would else change the same item of a store at once, and lose to each other. No lock: another process knows
 * nothing of it, and what comes beyond the bounds is run at once.
 */
export function createInTurn(mostKeys = MOST_KEYS, mostWaiting = MOST_WAITING): InTurn {
  const lines = new Map<string, Line>();
  return async (key, work) => {
    const line = lines.get(key) ?? { last: Promise.resolve(), length: 0 };
    if (line.length > mostWaiting || (line.length === 0 && lines.size >= mostKeys)) return work();
    lines.set(key, line);
    line.length++;
    const done = line.last.then(work);
    line.last = done.catch(() => {});
    try {
      return await done;
    } finally {
      if (--line.length === 0) lines.delete(key);
    }
  };
}
