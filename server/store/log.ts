import type { Report } from "../../tiles/report.ts";
import { mergeColumns } from "../../tiles/report-columns.ts";
import { earlierId } from "../../tiles/report-id.ts";
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

/** One change per cell, from the earliest place that any of its changes names; with its rows if all of them bring theirs. */
export function mergeChanges(changes: Iterable<LogChange>): LogChange[] {
  const merged = new Map<string, LogChange>();
  for (const change of changes) {
    const key = cellName(change);
    const known = merged.get(key);
    merged.set(key, known === undefined ? change : mergeTwo(known, change));
  }
  return [...merged.values()];
}

function mergeTwo(a: LogChange, b: LogChange): LogChange {
  const { layer, geohash5 } = a;
  const from = earlierId(a.from, b.from) ?? a.from;
  if (a.rows === undefined || b.rows === undefined) return { layer, geohash5, from };
  return { layer, geohash5, from, rows: mergeColumns(a.rows, b.rows) };
}

/** Reads a cursor of `readChanges`. @throws RangeError when it is none. */
export function parseCursor(cursor: string): number {
  const value = /^\d{1,15}$/.test(cursor) ? Number(cursor) : Number.NaN;
  if (Number.isNaN(value)) throw new RangeError(`not a cursor of the change feed: ${cursor}`);
  return value;
}
