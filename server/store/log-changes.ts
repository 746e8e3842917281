import { keptFrom } from "../../tiles/kept.ts";
import type { ReportLayer } from "../../tiles/layers.ts";
import type { Report } from "../../tiles/report.ts";
import { mergeAllColumns, type ReportColumns } from "../../tiles/report-columns.ts";
import { earlierId } from "../../tiles/report-id.ts";
import type { LogChange } from "../ports/report-store.ts";
import { cellName, cellOfReport } from "./keys.ts";

/** Changes are told for a day; a reader that slept longer is told to read every cell again. */
export const FEED_LIFETIME_MS = 86_400_000;

/** How long an idempotency key is remembered. */
export const CLAIM_LIFETIME_MS = 86_400_000;

/** A report is live up to and including its last millisecond, as the age bands have it. */
export function isLive(report: Pick<Report, "expiresAtMs">, nowMs: number): boolean {
  return nowMs <= report.expiresAtMs;
}

/** Age at which a row is young enough for a change to bring it. */
export const MAX_BROUGHT_AGE_MS = 5000;

/** Whether a change may bring a report: it was created just now, as far as times of its layer tell. */
export const isNewborn = (layer: ReportLayer, createdAtMs: number, nowMs: number): boolean =>
  createdAtMs >= keptFrom(layer, nowMs - MAX_BROUGHT_AGE_MS) && createdAtMs <= nowMs + MAX_BROUGHT_AGE_MS;

/** Whether the feed may bring rows of a layer. */
export const isFresh = ({ createdAtMs }: ReportColumns, layer: ReportLayer, nowMs: number): boolean =>
  createdAtMs.every((createdMs) => isNewborn(layer, createdMs, nowMs));

/** Rows of a cell that a change brings; of more it only tells. */
const MOST_ROWS = 2000;

/** What is to be published of reports. */
export const changesOf = (reports: readonly Report[]): LogChange[] =>
  mergeChanges(reports.map((report) => ({ ...cellOfReport(report), from: report.id })));

/** One change per cell, from the earliest place that any of its changes names; with its rows if all of them bring theirs. */
export function mergeChanges(changes: Iterable<LogChange>): LogChange[] {
  return [...Map.groupBy(changes, cellName).values()].map(mergeOfCell);
}

function mergeOfCell(changes: LogChange[]): LogChange {
  const [first, ...others] = changes as [LogChange, ...LogChange[]];
  if (others.length === 0) return first;
  const { layer, geohash5 } = first;
  const from = changes.reduce((least, change) => earlierId(least, change.from) ?? least, first.from);
  const runs = changes.flatMap(({ rows }) => rows ?? []);
  const count = runs.reduce((sum, { length }) => sum + length, 0);
  if (runs.length < changes.length || count > MOST_ROWS) return { layer, geohash5, from };
  return { layer, geohash5, from, rows: mergeAllColumns(runs) };
}

/** Reads a cursor of `readChanges`. @throws RangeError when it is none. */
export function parseCursor(cursor: string): number {
  const value = /^\d{1,15}$/.test(cursor) ? Number(cursor) : Number.NaN;
  if (Number.isNaN(value)) throw new RangeError(`not a cursor of the change feed: ${cursor}`);
  return value;
}
