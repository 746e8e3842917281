import type { Report } from "../../tiles/report.ts";
import type { LogChange } from "../ports.ts";
import { cellName } from "./keys.ts";

/** Changes are told for a day; a reader that slept longer is told to read every cell again. */
export const FEED_LIFETIME_MS = 86_400_000;

/** How long an idempotency key is remembered. */
export const CLAIM_LIFETIME_MS = 86_400_000;

/** A report is live up to and including its last millisecond, as the age bands have it. */
export function isLive(report: Pick<Report, "expiresAtMs">, nowMs: number): boolean {
  return nowMs <= report.expiresAtMs;
}

/** One change per cell, from the earliest place that any of its changes names. */
export function mergeChanges(changes: Iterable<LogChange>): LogChange[] {
  const merged = new Map<string, LogChange>();
  for (const change of changes) {
    const key = cellName(change);
    const known = merged.get(key);
    if (known === undefined || change.from < known.from) merged.set(key, change);
  }
  return [...merged.values()];
}

/** Reads a cursor of `readChanges`. @throws RangeError when it is none. */
export function parseCursor(cursor: string): number {
  const value = /^\d{1,15}$/.test(cursor) ? Number(cursor) : Number.NaN;
  if (Number.isNaN(value)) throw new RangeError(`not a cursor of the change feed: ${cursor}`);
  return value;
}
