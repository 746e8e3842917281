const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;
const MINUTE_MS = 60_000;
const DAYS_OF_MONTH = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

/**
 * Midnight UTC of a day of the Gregorian calendar in Unix milliseconds, `undefined` when there is no such day. Not by
 * `Date.UTC`, which takes February 30 for March 1 and the year 24 for 1924. Counts from March on, so that the leap day is
 * a year's last: Howard Hinnant, "chrono-compatible low-level date algorithms", days_from_civil.
 */
export function midnightOf(year: number, month: number, day: number): number | undefined {
  if (month < 1 || month > 12 || day < 1 || day > daysOf(year, month)) return undefined;
  const ofMarch = month > 2 ? year : year - 1;
  const era = Math.floor(ofMarch / 400);
  const yearOfEra = ofMarch - era * 400;
  const dayOfYear = Math.floor((153 * (month > 2 ? month - 3 : month + 9) + 2) / 5) + day - 1;
  const dayOfEra = yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear;
  return (era * 146_097 + dayOfEra - 719_468) * DAY_MS;
}

function daysOf(year: number, month: number): number {
  return month === 2 && isLeap(year) ? 29 : (DAYS_OF_MONTH[month - 1] ?? 0);
}

const isLeap = (year: number): boolean => year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);

/** Midnight UTC of the nth day of a year, from 1 on. */
export function midnightOfOrdinal(year: number, dayOfYear: number): number | undefined {
  const first = midnightOf(year, 1, 1);
  if (first === undefined || dayOfYear < 1 || dayOfYear > (isLeap(year) ? 366 : 365)) return undefined;
  return first + (dayOfYear - 1) * DAY_MS;
}

/** Midnight UTC of a day of an ISO week: weeks begin on Monday (1), and the first is the one that January 4 is in. */
export function midnightOfWeekDay(year: number, week: number, weekDay: number): number | undefined {
  const fourth = midnightOf(year, 1, 4);
  if (fourth === undefined || week < 1 || week > 53 || weekDay < 1 || weekDay > 7) return undefined;
  const monday = fourth - ((new Date(fourth).getUTCDay() + 6) % 7) * DAY_MS;
  const thursday = monday + ((week - 1) * 7 + 3) * DAY_MS;
  // A 53rd week that a year does not have is the first of the next.
  if (new Date(thursday).getUTCFullYear() !== year) return undefined;
  return monday + ((week - 1) * 7 + weekDay - 1) * DAY_MS;
}

/**
 * Milliseconds since midnight, `undefined` when no clock shows this. 24:00 is the end of the day; a leap second, only ever
 * the last of an hour, is the second after it, as in Unix time.
 */
export function timeOfDay(hour: number, minute: number, second: number, fraction: string): number | undefined {
  if (minute > 59 || second > 60 || (second === 60 && minute !== 59)) return undefined;
  const milliseconds = fraction === "" ? 0 : Number(fraction.slice(0, 3).padEnd(3, "0"));
  const sum = hour * HOUR_MS + minute * MINUTE_MS + second * 1000 + (second === 60 ? 0 : milliseconds);
  return hour <= 23 || sum === DAY_MS ? sum : undefined;
}
