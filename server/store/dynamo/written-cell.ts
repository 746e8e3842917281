import type { ReportLayer } from "../../../tiles/layers.ts";
import { idTimePrefix, timeOfId } from "../../../tiles/report-id.ts";
import { isNewborn } from "../log-changes.ts";
import type { Intent } from "./intent.ts";

/** What a process remembers of a cell that it wrote to: when, and which intents of its own may still stand. */
export interface WrittenCell {
  /** When this process last wrote to it. */
  wroteAtMs: number;
  /** Time and start of the last plain intent that is stored. */
  plainAtMs: number;
  plainFrom: string;
  /** Single intents since a time. */
  singles: number;
  singlesSinceMs: number;
}

/** The longest from an intent's time until the put of a row begins that relies on it. */
const COVERED_MS = 1000;

/** Single intents that a process writes for a cell in COVERED_MS. */
const MAX_SINGLE = 8;

/** Eventually consistent reads lag by less than a second; a process reads strongly for this long after its own writes. */
const READ_OWN_WRITES_MS = 10_000;

const NEVER = Number.NEGATIVE_INFINITY;

export const neverWritten = (): WrittenCell => ({
  wroteAtMs: NEVER,
  plainAtMs: NEVER,
  plainFrom: "",
  singles: 0,
  singlesSinceMs: NEVER,
});

/** Whether a plain intent stands for a row of an id whose put begins now. */
export function isCovered({ plainAtMs, plainFrom }: WrittenCell, id: string, nowMs: number): boolean {
  const ageMs = nowMs - plainAtMs;
  return ageMs >= 0 && ageMs <= COVERED_MS && plainFrom <= id;
}

/** A plain intent of the cell is stored. */
export function notePlain(cell: WrittenCell, { atMs, from }: Intent): void {
  cell.plainAtMs = atMs;
  // It names a point before all ids of that time, which come in any order.
  cell.plainFrom = idTimePrefix(timeOfId(from));
}

/** Whether a row is young enough, and its cell quiet enough, for an intent of its own; counts it. */
export function takeSingle(cell: WrittenCell, layer: ReportLayer, id: string, nowMs: number): boolean {
  if (!isNewborn(layer, timeOfId(id), nowMs)) return false;
  if (Math.abs(nowMs - cell.singlesSinceMs) > COVERED_MS) {
    cell.singles = 0;
    cell.singlesSinceMs = nowMs;
  }
  return ++cell.singles <= MAX_SINGLE;
}

/** Whether an eventually consistent read might miss what this process wrote. */
export const isWrittenLately = (cell: WrittenCell | undefined, nowMs: number): boolean =>
  Math.abs(nowMs - (cell?.wroteAtMs ?? NEVER)) <= READ_OWN_WRITES_MS;
