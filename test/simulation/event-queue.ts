/** Something that happens at a time. */
export interface SimEvent {
  readonly atMs: number;
  run(): unknown;
}

/** Events by time, and by the order in which they were added where times are the same. */
export interface EventQueue {
  add(event: SimEvent): void;
  /** Takes the next one out. */
  take(): SimEvent | undefined;
  /** When the next one happens; Infinity when there is none. */
  nextAtMs(): number;
}

interface Entry {
  readonly event: SimEvent;
  readonly order: number;
}

/** A binary heap. */
export function createEventQueue(): EventQueue {
  const heap: Entry[] = [];
  let added = 0;

  const isBefore = (a: Entry, b: Entry): boolean =>
    a.event.atMs < b.event.atMs || (a.event.atMs === b.event.atMs && a.order < b.order);

  function rise(entry: Entry): void {
    let child = heap.length;
    heap.push(entry);
    for (
      let parent = (child - 1) >> 1;
      child > 0 && isBefore(entry, heap[parent] as Entry);
      parent = (child - 1) >> 1
    ) {
      heap[child] = heap[parent] as Entry;
      child = parent;
    }
    heap[child] = entry;
  }

  function sink(entry: Entry): void {
    let parent = 0;
    for (let child = 1; child < heap.length; child = 2 * parent + 1) {
      if (child + 1 < heap.length && isBefore(heap[child + 1] as Entry, heap[child] as Entry)) child++;
      if (!isBefore(heap[child] as Entry, entry)) break;
      heap[parent] = heap[child] as Entry;
      parent = child;
    }
    heap[parent] = entry;
  }

  return {
    add: (event) => rise({ event, order: added++ }),
    take() {
      const first = heap[0];
      const last = heap.pop();
      if (first !== undefined && last !== undefined && heap.length > 0) sink(last);
      return first?.event;
    },
    nextAtMs: () => heap[0]?.event.atMs ?? Infinity,
  };
}
