import { hash } from "node:crypto";
import { REPORT_LIFETIME_MS } from "../../../tiles/layers.ts";
import type { Clock } from "../../ports/clock.ts";
import type { ReportStore } from "../../ports/report-store.ts";
import type { Mapping } from "../fields/mapping.ts";

export interface ImportEpochOptions {
  readonly store: Pick<ReportStore, "remember">;
  readonly clock: Clock;
  readonly contentHash: string;
  readonly intoLastMs: number;
  readonly mapping: Mapping;
  /** Dates the file by now even if it was dated before; its rows become new reports. */
  readonly renew: boolean;
}

/**
 * The "now" that a file's times are mapped to. The first run decides it and every later run must find it again, or each
 * would make new ids of the same rows; so the store keeps it under what decides the times: the file's content, the span
 * and where the time is read. Not under the rest of the mapping: mending a category must not double the reports.
 * Kept until the last report dated by it has expired. Unix milliseconds.
 */
export async function findImportEpoch({
  store,
  clock,
  contentHash,
  intoLastMs,
  mapping,
  renew,
}: ImportEpochOptions): Promise<number> {
  const nowMs = clock.now();
  const timeSource = [mapping.sources.time ?? null, [...(mapping.values.time ?? [])].sort()];
  const key = `import#${hash("sha256", JSON.stringify([contentHash, intoLastMs, timeSource]), "hex")}`;
  const remember = (replace: boolean): Promise<string> =>
    store.remember(key, String(nowMs), { untilMs: nowMs + REPORT_LIFETIME_MS, replace });
  const kept = await remember(renew);
  // What is no time was kept by another program, which dated other ids by it.
  return Number(/^\d{1,15}$/.test(kept) ? kept : await remember(true));
}
