import { hash } from "node:crypto";
import type { Clock } from "../../ports/clock.ts";
import type { ReportStore } from "../../ports/report-store.ts";
import type { Mapping } from "../fields/mapping.ts";

export interface FormerEpochOptions {
  readonly store: Pick<ReportStore, "remember">;
  readonly clock: Clock;
  readonly contentHash: string;
  readonly intoLastMs: number;
  readonly mapping: Mapping;
}

/**
 * The "now" that programs before, which kept no anchors, moved a file's times to: a remembered value under the file's content, the length
 * and where the time is read. `undefined` when none did. Unix milliseconds.
 * @throws StoreUnavailableError
 */
export async function findFormerEpoch(options: FormerEpochOptions): Promise<number | undefined> {
  const { store, clock, contentHash, intoLastMs, mapping } = options;
  const timeSource = [mapping.sources.time ?? null, [...(mapping.values.time ?? [])].sort()];
  const key = `import#${hash("sha256", JSON.stringify([contentHash, intoLastMs, timeSource]), "hex")}`;
  // There is no other way to ask; what is kept until now is kept no longer.
  const kept = await store.remember(key, "", { untilMs: clock.now() });
  return /^\d{1,15}$/.test(kept) ? Number(kept) : undefined;
}
