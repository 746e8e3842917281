const DAY_MS = 86_400_000;
const OFFSET = /GMT(?:([+-])(\d\d):(\d\d)(?::(\d\d))?)?$/;

/** Tells how many milliseconds a zone is ahead of UTC at a moment, by the time zone data of the JavaScript engine. */
export function offsetReader(timeZone: string): (utcMs: number) => number {
  const format = new Intl.DateTimeFormat("en-US", { timeZone, timeZoneName: "longOffset" });
  return (utcMs) => {
    const [, sign, hours = 0, minutes = 0, seconds = 0] = OFFSET.exec(format.format(utcMs)) ?? [];
    const offsetMs = (Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds)) * 1000;
    return sign === "-" ? -offsetMs : offsetMs;
  };
}

/** A moment from which on a zone's clocks show something else. All in milliseconds. */
export interface Transition {
  readonly atMs: number;
  readonly beforeMs: number;
  readonly afterMs: number;
}

/**
 * The transitions of a stretch of time and a day around it, and the offset at its beginning: looked for day by day, because
 * Intl tells offsets and not their changes, and some zones change theirs for no more than three weeks.
 */
export function readTransitions(
  offsetAt: (utcMs: number) => number,
  fromMs: number,
  toMs: number,
): { readonly firstMs: number; readonly transitions: readonly Transition[] } {
  const startMs = fromMs - DAY_MS;
  const firstMs = offsetAt(startMs);
  const transitions: Transition[] = [];
  let beforeMs = firstMs;
  for (let dayMs = startMs; dayMs < toMs + DAY_MS; dayMs += DAY_MS) {
    const afterMs = offsetAt(dayMs + DAY_MS);
    if (afterMs === beforeMs) continue;
    transitions.push({ atMs: findChange(offsetAt, dayMs, afterMs), beforeMs, afterMs });
    beforeMs = afterMs;
  }
  return { firstMs, transitions };
}

/** The first moment of a day's 24 hours with the offset that it ends with, to the second. */
function findChange(offsetAt: (utcMs: number) => number, dayMs: number, afterMs: number): number {
  let [low, high] = [0, DAY_MS / 1000];
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (offsetAt(dayMs + middle * 1000) === afterMs) high = middle;
    else low = middle;
  }
  return dayMs + high * 1000;
}
