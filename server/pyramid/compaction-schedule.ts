import type { Clock } from "../ports/clock.ts";
import type { CompactionReport, Compactor, RunOptions } from "./compactor.ts";
import { GATHER_MS, type HurriedChanges } from "./hurried-changes.ts";

/** When a process compacts: everything now and then, what is hurried as soon as some of it is gathered. */
export interface CompactionSchedule {
  /** Compacts what is due; undefined when nothing is. To be called every few seconds. Rejects when a store fails. */
  run(options?: Omit<RunOptions, "hurry">): Promise<CompactionReport | undefined>;
}

export interface CompactionScheduleOptions {
  readonly compactor: Pick<Compactor, "run">;
  readonly hurried: HurriedChanges;
  readonly clock: Clock;
  /** Between the end of a compaction of everything and the next one. */
  readonly everyMs: number;
}

/** After a run nothing is hurried for so many times as long as it took: an import must not be compacted all the time. */
const REST_FACTOR = 4;

export function createCompactionSchedule(options: CompactionScheduleOptions): CompactionSchedule {
  const { hurried, clock, everyMs } = options;
  let allFromMs = Number.NEGATIVE_INFINITY;
  let hurryFromMs = Number.NEGATIVE_INFINITY;

  return {
    async run(limits = {}) {
      await hurried.look();
      const startedAtMs = clock.now();
      const isAll = startedAtMs >= allFromMs;
      const isDue = startedAtMs >= Math.max(hurried.dueAtMs() ?? Infinity, hurryFromMs);
      if (!isAll && !isDue) return undefined;
      try {
        return await compactHurried(options, isAll ? limits : { ...limits, hurry: hurried });
      } finally {
        const endedAtMs = clock.now();
        hurryFromMs = endedAtMs + Math.max(GATHER_MS, REST_FACTOR * (endedAtMs - startedAtMs));
        if (isAll) allFromMs = endedAtMs + everyMs;
      }
    },
  };
}

/** A run that takes in all that is hurried. */
export async function compactHurried(
  { compactor, hurried, clock }: Omit<CompactionScheduleOptions, "everyMs">,
  limits: RunOptions,
): Promise<CompactionReport> {
  const startedAtMs = clock.now();
  const report = await compactor.run(limits);
  if (report.done) hurried.compacted(startedAtMs);
  return report;
}
