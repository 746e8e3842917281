import { timeOfId } from "../../tiles/report-id.ts";
import type { Log } from "../console/log.ts";
import { mapLimited } from "../kit/map-limited.ts";
import type { Clock } from "../ports/clock.ts";
import type { DerivedStore } from "../ports/derived-store.ts";
import type { LogChange, ReportStore } from "../ports/report-store.ts";
import { createCompactionState } from "./compaction-state.ts";
import { createRowsOfDay } from "./rows-of-day.ts";
import { fromStoredCursor } from "./stored-cursor.ts";
import type { UnmergedRows } from "./unmerged-rows.ts";

/**
 * What does not wait for the next compaction of everything: reports that were edited count in scores as they did until they are compacted, and
 * a reporter's second report of a day as the first until somebody weighs it. Both are to be right within a minute.
 */
export interface HurriedChanges {
  /** Reads what changed since it was last asked. Rejects when a store does not answer: the same is read again. */
  look(): Promise<void>;
  /** When they should be compacted, Unix milliseconds; undefined when there are none. */
  dueAtMs(): number | undefined;
  /** Everything that `look` found was compacted by a run that began at a time. */
  compacted(startedAtMs: number): void;
  /** What a hurried compaction leaves unmerged, with what it weighs. */
  weigh(unmerged: UnmergedRows): Promise<UnmergedRows>;
}

export interface HurriedChangesOptions {
  readonly store: Pick<ReportStore, "readChanges" | "readCell">;
  readonly derived: DerivedStore;
  readonly clock: Clock;
  readonly log: Log;
}

/** Changes are gathered for so long before they are compacted together; all tellings of one come within it. */
export const GATHER_MS = 10_000;

const SLEPT_MS = 10 * 60_000;
const PARALLEL = 8;

export function createHurriedChanges({ store, derived, clock, log }: HurriedChangesOptions): HurriedChanges {
  const state = createCompactionState(derived, log, clock);
  const day = createRowsOfDay({ store, clock });
  let cursor: string | undefined;
  /** When the last compaction began. */
  let compactedAtMs = 0;
  let foundAtMs: number | undefined;

  /** From the last compaction on; what was told before a longer sleep is left to the next one of everything. */
  async function begin(): Promise<string | undefined> {
    const point = await state.read();
    compactedAtMs = point?.atMs ?? 0;
    return clock.now() - compactedAtMs <= SLEPT_MS ? point?.cursor : undefined;
  }

  async function isHurried(change: LogChange): Promise<boolean> {
    if (change.rows !== undefined) return day.add(change, change.rows);
    day.forget(change);
    return isOfCompacted(change, compactedAtMs);
  }

  return {
    async look() {
      const since = cursor ?? (await begin());
      const { changes, cursor: next } =
        since === undefined ? await store.readChanges() : await fromStoredCursor(since, store.readChanges);
      // Others compact as well.
      if (cursor !== undefined && changes.some(({ rows }) => rows === undefined))
        compactedAtMs = Math.max(compactedAtMs, (await state.read())?.atMs ?? 0);
      await mapLimited(changes, PARALLEL, async (change) => {
        if (await isHurried(change)) foundAtMs ??= clock.now();
      });
      cursor = next;
    },
    dueAtMs: () => (foundAtMs === undefined ? undefined : foundAtMs + GATHER_MS),
    compacted(startedAtMs) {
      foundAtMs = undefined;
      compactedAtMs = startedAtMs;
    },
    weigh: day.weigh,
  };
}

/** Whether a change without rows is of a report that a compaction may have taken in: of an edit, or an import. Else it is a new report's. */
const isOfCompacted = ({ from }: LogChange, compactedAtMs: number): boolean =>
  !/^[0-9b-hjkmnp-z]{10}/.test(from) || timeOfId(from) < compactedAtMs;
