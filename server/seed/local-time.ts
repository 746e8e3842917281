/** Calendar of a city, for everything that follows its hours. */
export interface LocalCalendar {
  /** Unix milliseconds of a wall clock time on the day that is so many days before the one of `nowMs`. */
  at(daysAgo: number, hour: number, minute: number, second: number): number;
  /** Day of the week, 0 for Sunday, of the day that is so many days before. */
  weekday(daysAgo: number): number;
}

const DAY_MS = 86_400_000;

/** Time zone by its IANA name. Around a change of the clocks a time may be an hour off. */
export function createCalendar(timezone: string, nowMs: number): LocalCalendar {
  const format = new Intl.DateTimeFormat("en-US", {
    timeZone: timezone,
    hourCycle: "h23",
    year: "numeric",
    month: "numeric",
    day: "numeric",
    hour: "numeric",
    minute: "numeric",
    second: "numeric",
  });

  /** The wall clock's time at a moment, read as if it were UTC. */
  function wallClock(timeMs: number): number {
    const parts = Object.fromEntries(format.formatToParts(timeMs).map(({ type, value }) => [type, Number(value)]));
    const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = parts;
    return Date.UTC(year, month - 1, day, hour, minute, second);
  }

  const today = Math.floor(wallClock(nowMs) / DAY_MS) * DAY_MS;
  const offsets = new Map<number, number>();

  function offsetAtNoon(day: number): number {
    const noon = day + DAY_MS / 2;
    const offset = offsets.get(day) ?? wallClock(noon) - noon;
    offsets.set(day, offset);
    return offset;
  }

  return {
    at(daysAgo, hour, minute, second) {
      const day = today - daysAgo * DAY_MS;
      return day + ((hour * 60 + minute) * 60 + second) * 1000 - offsetAtNoon(day);
    },
    weekday: (daysAgo) => new Date(today - daysAgo * DAY_MS).getUTCDay(),
  };
}
