import { timeOfDay } from "./time-calendar.ts";
import { MONTH_NAME, readDay } from "./time-date.ts";
import { PROBLEMS, type TimeFormat, type TimeProblem, type WrittenTime } from "./time-format.ts";
import { readSuffix } from "./time-suffix.ts";

/** The longest that anything here is written in; no longer text is looked at, so that each costs about the same. */
const LONGEST = 100;
const WEEKDAY = /^(?:mon|tue|wed|thu|fri|sat|sun)[a-z]*\.?,?\s+/i;
/** C's asctime, `date` and Ruby: the year behind the time. */
const YEAR_LAST = new RegExp(
  `^(${MONTH_NAME})\\s+(\\d{1,2})\\s+(\\d{1,2}:\\d\\d(?::\\d\\d)?(?:[.]\\d+)?(?:\\s?[ap]m)?)\\s+(?:([a-z]{1,5}|[+-]\\d{4})\\s+)?(\\d{4})$`,
  "i",
);
const TIME_FIRST = /^(\d{1,2}:\d\d(?::\d\d)?(?:\s?[ap]\.?m\.?)?),?\s+(.+)$/i;
const TIME =
  /^(?:t|:|\s-\s(?=\d\d?:)|,?\s*(?:at\s)?\s*)(\d{1,2})(?:[:.h](\d\d)(?:[:.](\d\d)(?:[.,:](\d+))?)?|(\d\d)(?:(\d\d)(?:[.,](\d+))?)?)?(?:\s*([ap])\.?\s?m\.?(?![a-z])|([ap])(?![a-z]))?/i;

/** Reads a day in any of its shapes, with a time and a zone behind it or without. */
export function readDateTime(text: string, format: TimeFormat): WrittenTime | TimeProblem {
  if (text.length > LONGEST) return PROBLEMS.notATime;
  const value = dayFirst(text.replace("\u2212", "-"));
  const day = readDay(value, format);
  if (day === undefined) return PROBLEMS.notATime;
  if ("problem" in day) return day;
  const rest = value.slice(day.end);
  const time = TIME.exec(rest);
  const ofDayMs = time === null ? 0 : ofDayOfMatch(time);
  if (ofDayMs === undefined) return PROBLEMS.noSuchHour;
  const zone = readSuffix(rest.slice(time?.[0].length ?? 0).trim());
  return typeof zone === "object" ? zone : { localMs: day.dayMs + ofDayMs, zone };
}

/** The day at the beginning, where millions of rows have it anyway. */
function dayFirst(text: string): string {
  if (!/^\d/.test(text)) return text.replace(WEEKDAY, "").replace(YEAR_LAST, "$2 $1 $5 $3 $4");
  return text[1] === ":" || text[2] === ":" ? text.replace(TIME_FIRST, "$2 $1") : text;
}

function ofDayOfMatch(match: RegExpExecArray): number | undefined {
  const [, hour, minute, second, fraction, minuteOfFour, secondOfSix, fractionOfSix, half, letter] = match;
  const hour24 = on24Hours(Number(hour), (half ?? letter ?? "").toLowerCase());
  if (hour24 === undefined) return undefined;
  const [minutes, seconds] = [Number(minute ?? minuteOfFour ?? 0), Number(second ?? secondOfSix ?? 0)];
  return timeOfDay(hour24, minutes, seconds, fraction ?? fractionOfSix ?? "");
}

/** 12 AM is midnight, 12 PM noon; 13 PM to 23 PM and 0 AM come of programs that write 24 hours and the half as well. */
function on24Hours(hour: number, half: string): number | undefined {
  if (half === "") return hour;
  if (half === "a") return hour <= 11 ? hour : hour === 12 ? 0 : undefined;
  if (hour === 0 || hour > 23) return undefined;
  return hour < 12 ? hour + 12 : hour;
}
