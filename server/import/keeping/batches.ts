/** Collects items into batches, a few of which are written at a time, so that neither the store nor memory is flooded. */
export interface Batches<T> {
  /** Resolves when there is room for the next. @throws what a batch failed with */
  add(item: T): Promise<void>;
  /** Resolves when everything is written. @throws what a batch failed with */
  finish(): Promise<void>;
  /** Begins no other batch; resolves when those that were begun have ended. */
  abandon(): Promise<void>;
}

export interface BatchesOptions<T> {
  /** Is asked of each batch in the order of the items, before it is written. */
  check?(batch: readonly T[]): void;
  write(batch: readonly T[]): Promise<void>;
}

const BATCH_ITEMS = 2000;
const BATCHES_IN_FLIGHT = 3;

export function createBatches<T>({ check, write }: BatchesOptions<T>): Batches<T> {
  const inFlight = new Set<Promise<void>>();
  let batch: T[] = [];
  let failure: { readonly error: unknown } | undefined;

  async function send(): Promise<void> {
    const all = batch;
    batch = [];
    while (inFlight.size >= BATCHES_IN_FLIGHT) await Promise.race(inFlight);
    if (failure) throw failure.error;
    try {
      check?.(all);
    } catch (error) {
      failure = { error };
      throw error;
    }
    const writing = write(all)
      .catch((error: unknown) => {
        failure ??= { error };
      })
      .finally(() => inFlight.delete(writing));
    inFlight.add(writing);
  }

  return {
    async add(item) {
      batch.push(item);
      if (batch.length >= BATCH_ITEMS) await send();
    },
    async abandon() {
      batch = [];
      await Promise.all(inFlight);
    },
    async finish() {
      try {
        if (batch.length > 0) await send();
      } finally {
        await Promise.all(inFlight);
      }
      if (failure) throw failure.error;
    },
  };
}
