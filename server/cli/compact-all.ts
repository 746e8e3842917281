import { setTimeout as sleep } from "node:timers/promises";
import type { CompactionReport, Compactor } from "../pyramid/compactor.ts";

export interface CompactAllOptions {
  /** Makes everything anew. */
  readonly rebuild?: boolean;
  /** Ends it before all is done. */
  readonly signal?: AbortSignal;
  onProgress?(cells: number, of: number): void;
}

/** Another compactor, such as that of a running server, is left alone for so long before it is asked what is left to do. */
const WAIT_FOR_OTHERS_MS = 1_000;

/** Compacts until nothing is left to do, or it is ended. */
export async function compactAll(compactor: Compactor, options: CompactAllOptions = {}): Promise<CompactionReport> {
  const { rebuild = false, ...limits } = options;
  const sum = { cells: 0, cellAggregates: 0 };
  for (let isFirst = true; ; isFirst = false) {
    const { done, cells, cellAggregates } = await (rebuild && isFirst
      ? compactor.rebuild(limits)
      : compactor.run(limits));
    sum.cells += cells;
    sum.cellAggregates += cellAggregates;
    if (done || limits.signal?.aborted === true) return { ...sum, done };
    await sleep(WAIT_FOR_OTHERS_MS);
  }
}
