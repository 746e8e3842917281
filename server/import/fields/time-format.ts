import { OperatorError } from "../../console/operator-error.ts";

/**
 * What the shapes of times mean that could mean more than one thing; the others are read the same under all of these.
 * - `iso`: nothing is ambiguous, or it is rejected.
 * - `us`, `eu`, `ymd`: of three numbers the first is the month, the day, the year; years may have two digits.
 * - `unix`, `unix-ms`: numbers are seconds or milliseconds since 1970, whatever their size.
 * - `excel`, `excel-1904`: numbers are days of a spreadsheet, since 1900 or (old ones of a Mac) since 1904.
 * - `compact`: numbers are YYYYMMDD, YYYYMMDDHHMM or YYYYMMDDHHMMSS.
 */
export const TIME_FORMATS = ["iso", "us", "eu", "ymd", "unix", "unix-ms", "excel", "excel-1904", "compact"] as const;
export type TimeFormat = (typeof TIME_FORMATS)[number];

/** @throws OperatorError, with the list, on a name that is none. */
export function parseTimeFormat(text: string): TimeFormat {
  const format = TIME_FORMATS.find((name) => name === text.trim().toLowerCase());
  if (format === undefined) throw new OperatorError(`--time-format ${text} is not one of ${TIME_FORMATS.join(", ")}.`);
  return format;
}

/** Why a text is no time: the end of a sentence that begins with "time", the same for all texts with that fault. */
export interface TimeProblem {
  readonly problem: string;
}

/** A time as it is written. */
export interface WrittenTime {
  /** What the clock and the calendar show, as if it were UTC: Unix milliseconds. */
  readonly localMs: number;
  /** How far its clock is ahead of UTC in milliseconds, or the name or abbreviation of its zone; `undefined` when it tells none. */
  readonly zone: number | string | undefined;
}

export const PROBLEMS = {
  missing: { problem: "is missing" },
  notATime: { problem: "is not a time" },
  noSuchDay: { problem: "is not a day of the calendar" },
  noSuchHour: { problem: "is not a time of the day" },
  ambiguous: { problem: "is ambiguous: say --time-format us (month first) or --time-format eu (day first)" },
  monthAbove12: { problem: "has a month above 12: is the other number the month? Say --time-format us or eu" },
  twoDigitYear: {
    problem: "has a year of two digits: say --time-format us (month first), eu (day first) or ymd (year first)",
  },
  excel: { problem: "looks like a spreadsheet's number of a day: say --time-format excel" },
  oddSize: { problem: "is a number of a size that Unix times hardly have: say --time-format unix or unix-ms" },
  compactOrMilliseconds: {
    problem: "can be a date without blanks or milliseconds: say --time-format compact or --time-format unix-ms",
  },
  rounded: {
    problem: "was rounded by a spreadsheet to few digits: write the file again with all digits of the column",
  },
  notANumber: { problem: "is a number that --time-format does not fit" },
} as const satisfies Record<string, TimeProblem>;
