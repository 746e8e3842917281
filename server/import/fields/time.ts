const DATE_TIME =
  /^(\d{4})-(\d\d)-(\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d)(?:[.,](\d{1,9}))?)?\s?(Z|[+-]\d\d(?::?\d\d)?)?)?$/i;
const UNIX_SECONDS = /^\d{9,10}(\.\d+)?$/;
const UNIX_MILLISECONDS = /^\d{12,13}$/;

/**
 * Reads a moment: ISO 8601 (with `T` or a space; without an offset it is UTC; a date alone is its midnight), Unix seconds
 * (9 or 10 digits) or Unix milliseconds (12 or 13 digits). Returns Unix milliseconds, `undefined` when it is none of these.
 * Not by `Date.parse`, which takes February 30 for March 1, and times without an offset for local ones.
 */
export function parseTime(text: string): number | undefined {
  const value = text.trim();
  if (UNIX_SECONDS.test(value)) return Math.round(Number(value) * 1000);
  if (UNIX_MILLISECONDS.test(value)) return Number(value);
  const match = DATE_TIME.exec(value);
  if (match === null) return undefined;
  const [, year, month, day, hour = "0", minute = "0", second = "0", fraction = "", zone = "Z"] = match;
  const date = new Date(Date.UTC(Number(year), Number(month) - 1, Number(day)));
  // Date.UTC does, too.
  if (date.getUTCMonth() !== Number(month) - 1 || date.getUTCDate() !== Number(day)) return undefined;
  if (Number(hour) > 23 || Number(minute) > 59 || Number(second) > 59) return undefined;
  const ofDayMs = (Number(hour) * 3600 + Number(minute) * 60 + Number(second)) * 1000;
  const offset = offsetMs(zone);
  if (offset === undefined) return undefined;
  return date.getTime() + ofDayMs + Number(fraction.padEnd(3, "0").slice(0, 3)) - offset;
}

function offsetMs(zone: string): number | undefined {
  if (zone.toUpperCase() === "Z") return 0;
  const hours = Number(zone.slice(1, 3));
  const minutes = Number(zone.slice(3).replace(":", "") || "0");
  if (hours > 23 || minutes > 59) return undefined;
  return (zone.startsWith("-") ? -1 : 1) * (hours * 60 + minutes) * 60_000;
}

export interface TimeSpan {
  readonly oldestMs: number;
  readonly newestMs: number;
}

/**
 * A linear map of a file's time span onto the `lastMs` before `importEpochMs`: its newest row happens at the anchor, its oldest
 * `lastMs` earlier. A span of a single moment is all at the anchor. Whole milliseconds in and out.
 */
export function mapIntoLast(span: TimeSpan, lastMs: number, importEpochMs: number): (timeMs: number) => number {
  const length = span.newestMs - span.oldestMs;
  const scale = length === 0 ? 0 : lastMs / length;
  return (timeMs) => importEpochMs - Math.round((span.newestMs - timeMs) * scale);
}
