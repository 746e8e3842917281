import { midnightOf, timeOfDay } from "./time-calendar.ts";
import { PROBLEMS, type TimeFormat, type TimeProblem, type WrittenTime } from "./time-format.ts";

const DAY_MS = 86_400_000;
const NUMBER = /^-?\d+(?:[.,]\d+)?(?:e\+?\d{1,2})?$/i;
/** As ASP.NET writes dates in JSON: milliseconds, and an offset that changes nothing. */
const DATE_OF_JSON = /^\/Date\((-?\d{1,15})(?:[+-]\d{4})?\)\/$/;
/** As spreadsheets show a number of twelve digits and more: 1.70928E+12 is right to about three hours. */
const ROUNDED = /^\d(?:[.,]\d{1,8})?E\+1\d$/;
const COMPACT = /^(\d{4})(\d\d)(\d\d)(?:(\d\d)(\d\d)(\d\d)?)?$/;
/** Unix times by how many digits they have: until 2286, and from 1973 on. */
const EPOCHS = [
  { digits: [9, 10], perSecond: 1 },
  { digits: [12, 13], perSecond: 1e3 },
  { digits: [15, 16], perSecond: 1e6 },
  { digits: [18, 19], perSecond: 1e9 },
] as const;
/** Of seconds after a day and a half; a number with fewer is a year, or none that tells a time. */
const LEAST_EPOCH_DIGITS = 6;
/** Days of a spreadsheet from 1954 to 2119. */
const [FIRST_LIKELY_SERIAL, LAST_LIKELY_SERIAL] = [20_000, 80_000];
const LAST_SERIAL = 2_958_466;
const [EXCEL_EPOCH_MS, EXCEL_1904_EPOCH_MS] = [Date.UTC(1899, 11, 30), Date.UTC(1904, 0, 1)];
const LARGEST_DATE_MS = 8.64e15;

/** Reads a time that is written as a number; `undefined` when the text is none. */
export function readNumber(text: string, format: TimeFormat): WrittenTime | TimeProblem | undefined {
  if (!NUMBER.test(text)) {
    const json = text.startsWith("/") ? DATE_OF_JSON.exec(text) : null;
    return json ? epoch(Number(json[1]), 1e3) : undefined;
  }
  if (text.includes("E") && ROUNDED.test(text)) return PROBLEMS.rounded;
  const value = Number(text.replace(",", "."));
  if (format === "unix") return epoch(value, 1);
  if (format === "unix-ms") return epoch(value, 1e3);
  if (format === "excel" || format === "excel-1904") return serial(value, format);
  if (format === "compact") return compact(text) ?? PROBLEMS.notANumber;
  return guess(text, value);
}

/** What a number can only be, by its size. */
function guess(text: string, value: number): WrittenTime | TimeProblem {
  const digits = digitsOf(Math.abs(value));
  const date = compact(text);
  const found = EPOCHS.find(({ digits: [fewest, most] }) => digits >= fewest && digits <= most);
  if (date) return found ? PROBLEMS.compactOrMilliseconds : date;
  if (found) return epoch(value, found.perSecond);
  if (value >= FIRST_LIKELY_SERIAL && value < LAST_LIKELY_SERIAL) return PROBLEMS.excel;
  return digits >= LEAST_EPOCH_DIGITS ? PROBLEMS.oddSize : PROBLEMS.notATime;
}

/** Of the whole part; 20 for all that have more. */
function digitsOf(value: number): number {
  let digits = 1;
  for (let least = 10; value >= least && digits < 20; least *= 10) digits++;
  return digits;
}

function epoch(value: number, perSecond: number): WrittenTime | TimeProblem {
  const localMs = Math.round((value / perSecond) * 1000);
  return Math.abs(localMs) <= LARGEST_DATE_MS ? { localMs, zone: 0 } : PROBLEMS.notATime;
}

/**
 * A spreadsheet's day, with the time of day behind the point, to the nearest second: more than that its eleven shown digits do not tell.
 * Day 60 since 1900 is February 29 of that year, which never was: Lotus 1-2-3 had it, and Excel kept it (ECMA-376, 18.17.4.1).
 */
function serial(value: number, format: "excel" | "excel-1904"): WrittenTime | TimeProblem {
  const seconds = Math.round(value * 86_400);
  if (value < 0 || value >= LAST_SERIAL) return PROBLEMS.notANumber;
  if (format === "excel-1904") return { localMs: EXCEL_1904_EPOCH_MS + seconds * 1000, zone: undefined };
  const day = Math.floor(seconds / 86_400);
  if (day === 60) return PROBLEMS.noSuchDay;
  if (day === 0) return PROBLEMS.notANumber;
  return { localMs: EXCEL_EPOCH_MS + seconds * 1000 + (day < 60 ? DAY_MS : 0), zone: undefined };
}

/** YYYYMMDD, YYYYMMDDHHMM or YYYYMMDDHHMMSS; `undefined` for another shape, and for what no calendar or clock shows. */
function compact(text: string): WrittenTime | undefined {
  const match = COMPACT.exec(text);
  if (match === null) return undefined;
  const [, year, month, day, hour = "0", minute = "0", second = "0"] = match;
  const dayMs = midnightOf(Number(year), Number(month), Number(day));
  const ofDayMs = timeOfDay(Number(hour), Number(minute), Number(second), "");
  if (dayMs === undefined || ofDayMs === undefined || Number(year) < 1900 || Number(year) > 2100) return undefined;
  return { localMs: dayMs + ofDayMs, zone: undefined };
}
