import { midnightOf, midnightOfOrdinal, midnightOfWeekDay } from "./time-calendar.ts";
import { PROBLEMS, type TimeFormat, type TimeProblem } from "./time-format.ts";

const MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
export const MONTH_NAME =
  "jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?";

const YEAR_FIRST = /^(\d{4})([-/.])(\d{1,2})\2(\d{1,2})(?!\d)/;
const COMPACT = /^(\d{4})(\d\d)(\d\d)(?=[t\s]|\d{4}(?:\d\d)?[z+-])/i;
const CHINESE = /^(\d{4})[年년]\s?(\d{1,2})[月월]\s?(\d{1,2})[日일]/;
const ORDINAL = /^(\d{4})-(\d{3})(?!\d)/;
const WEEK_DAY = /^(\d{4})-?w(\d\d)-?(\d)(?!\d)/i;
/** A dot may have a blank behind it, as Czechs write. */
const NUMBERS = /^(\d{1,2})([-/]|\.\s?)(\d{1,2})\2(\d{4}|\d\d)(?![\d-])/;
const DAY_MONTH = new RegExp(
  `^(\\d{1,2})(?:st|nd|rd|th)?(?:[-/.\\s]|of\\s)*(${MONTH_NAME})[-/.,\\s]*(\\d{4}|\\d\\d)(?!\\d)`,
  "i",
);
const MONTH_DAY = new RegExp(
  `^(${MONTH_NAME})[-/.\\s]*(\\d{1,2})(?:st|nd|rd|th)?[-/,\\s]+(\\d{4}|\\d\\d(?!:))(?!\\d)`,
  "i",
);
const YEAR_MONTH_NAME = new RegExp(`^(\\d{4})[-/\\s](${MONTH_NAME})[-/\\s](\\d{1,2})(?!\\d)`, "i");

/** A day that a text begins with, as its midnight in UTC, and where it ends. */
export interface WrittenDay {
  readonly dayMs: number;
  readonly end: number;
}

/** Reads the day at a text's beginning; `undefined` when there is none in any shape. */
export function readDay(text: string, format: TimeFormat): WrittenDay | TimeProblem | undefined {
  const numbers = NUMBERS.exec(text);
  if (numbers) return dayOfNumbers(numbers, format);
  for (const [shape, midnightOfMatch] of SHAPES) {
    const match = shape.exec(text);
    if (match === null) continue;
    const dayMs = midnightOfMatch(match, format);
    if (typeof dayMs === "object") return dayMs;
    return dayMs === undefined ? PROBLEMS.noSuchDay : { dayMs, end: match[0].length };
  }
  return undefined;
}

type Midnight = (match: RegExpExecArray, format: TimeFormat) => number | TimeProblem | undefined;

const SHAPES: readonly (readonly [RegExp, Midnight])[] = [
  [YEAR_FIRST, ([, year, , month, day]) => midnightOf(Number(year), Number(month), Number(day))],
  [COMPACT, ([, year, month, day]) => midnightOf(Number(year), Number(month), Number(day))],
  [CHINESE, ([, year, month, day]) => midnightOf(Number(year), Number(month), Number(day))],
  [DAY_MONTH, ([, day = "", month = "", year = ""], format) => midnightOfNamed(year, month, day, format)],
  [MONTH_DAY, ([, month = "", day = "", year = ""], format) => midnightOfNamed(year, month, day, format)],
  [YEAR_MONTH_NAME, ([, year = "", month = "", day = ""], format) => midnightOfNamed(year, month, day, format)],
  [WEEK_DAY, ([, year, week, day]) => midnightOfWeekDay(Number(year), Number(week), Number(day))],
  [ORDINAL, ([, year, day]) => midnightOfOrdinal(Number(year), Number(day))],
];

function midnightOfNamed(
  year: string,
  month: string,
  day: string,
  format: TimeFormat,
): number | TimeProblem | undefined {
  const fullYear = readYear(year, format);
  if (fullYear === undefined) return PROBLEMS.twoDigitYear;
  return midnightOf(fullYear, MONTHS.indexOf(month.slice(0, 3).toLowerCase()) + 1, Number(day));
}

/** Three numbers: with dots and a whole year the day is first everywhere, else only the format tells. */
function dayOfNumbers(match: RegExpExecArray, format: TimeFormat): WrittenDay | TimeProblem {
  const [all, first = "", separator, second = "", third = ""] = match;
  const tells = format === "us" || format === "eu" || (format === "ymd" && third.length === 2);
  if (!tells && third.length === 2) return PROBLEMS.twoDigitYear;
  if (!tells && !separator?.startsWith(".")) return PROBLEMS.ambiguous;
  const [year, month, day] =
    format === "ymd" && tells
      ? [first, second, third]
      : format === "us"
        ? [third, first, second]
        : [third, second, first];
  const fullYear = readYear(year, format);
  if (fullYear === undefined) return PROBLEMS.noSuchDay;
  if (Number(month) > 12 && Number(day) <= 12) return PROBLEMS.monthAbove12;
  const dayMs = midnightOf(fullYear, Number(month), Number(day));
  return dayMs === undefined ? PROBLEMS.noSuchDay : { dayMs, end: all.length };
}

/** Two digits are 1969 to 2068, as in POSIX (strptime, %y), where the operator said how times are written; else nothing. */
function readYear(text: string, format: TimeFormat): number | undefined {
  const year = Number(text);
  if (text.length === 4) return year;
  if (text.length !== 2 || (format !== "us" && format !== "eu" && format !== "ymd")) return undefined;
  return year < 69 ? 2000 + year : 1900 + year;
}
