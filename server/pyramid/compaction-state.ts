import type { DerivedStore } from "../ports.ts";

/** How far the compaction has come: a cursor of the change feed, up to which every change is in the slices. */
export interface CompactionState {
  read(): Promise<CompactionPoint | undefined>;
  /** Moves on; when another compactor moved it meanwhile, its word stands: the changes are simply compacted again. */
  advance(from: CompactionPoint | undefined, to: CompactionPoint): Promise<void>;
}

export interface CompactionPoint {
  /** Every change up to this cursor of the feed is in the slices. */
  readonly cursor: string;
  /** When the cursor was taken, Unix milliseconds. */
  readonly atMs: number;
}

const GROUP = "compaction";
const NAME = "cursor";

export function createCompactionState(derived: DerivedStore): CompactionState {
  async function read(): Promise<(CompactionPoint & { version: number }) | undefined> {
    const item = await derived.get(GROUP, NAME, { consistent: true });
    const [cursor, atMs] = item === undefined ? [] : new TextDecoder().decode(item.body).split(" ");
    if (item === undefined || cursor === undefined) return undefined;
    return { cursor, atMs: Number(atMs), version: item.version };
  }
  return {
    read,
    async advance(from, to) {
      const state = await read();
      if (state?.cursor !== from?.cursor) return;
      const body = new TextEncoder().encode(`${to.cursor} ${to.atMs}`);
      await derived.put(GROUP, NAME, body, { expected: state?.version });
    },
  };
}
