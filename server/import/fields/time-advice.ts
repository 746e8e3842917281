import type { TimeFormat } from "./time-format.ts";
import { abbreviationOf, readWritten } from "./time-written.ts";
import { abbreviationsOf } from "./zone-abbreviations.ts";

/** The first is named of those that are the same for days with a month's name. */
const MEANINGS = {
  eu: "the day is first",
  us: "the month is first",
  ymd: "the year is first",
  excel: "they are a spreadsheet's numbers of days",
  compact: "they are dates without blanks",
  unix: "they are seconds since 1970",
  "unix-ms": "they are milliseconds since 1970",
} as const satisfies Partial<Record<TimeFormat, string>>;
type Named = keyof typeof MEANINGS;
const NAMED = Object.keys(MEANINGS) as readonly Named[];
const THREE_NUMBERS = /(?<!\d)\d{1,4}([-/.])\d{1,2}\1\d{2,4}(?!\d)/;
/** A format that reads reports' times as something else has read nothing: any number is seconds since 1970. */
const [EARLIEST_MS, LATEST_MS] = [Date.UTC(1990, 0), Date.UTC(2100, 0)];

interface Reading {
  readonly format: Named;
  /** Unix milliseconds for each text, `undefined` where the format reads none that is likely. */
  readonly times: readonly (number | undefined)[];
  readonly count: number;
}

/**
 * What an operator can say so that times are read which are not read without, by what most of them look like; `undefined`
 * when no option would help. Texts that are read anyway tell nothing. Nothing is ever read by what this finds.
 */
export function adviseTimes(values: readonly string[]): string | undefined {
  const unread = values
    .map((text) => text.trim())
    .filter((text) => text !== "" && localTime(text, "iso") === undefined);
  if (unread.length === 0) return undefined;
  const readings = NAMED.map((format) => readAs(format, unread));
  const most = Math.max(...readings.map(({ count }) => count));
  if (most * 2 < unread.length) return adviseZone(unread);
  const best = unread.some((text) => THREE_NUMBERS.test(text))
    ? readings.filter(({ count }) => count === most)
    : readings.filter(({ count }) => count === most).slice(0, 1);
  const [first] = best;
  const example = unread[first?.times.findIndex((time) => time !== undefined) ?? 0] ?? "";
  if (first === undefined) return undefined;
  const part = most === unread.length ? "" : ` That reads ${most} of ${unread.length}.`;
  if (best.length === 1) {
    const shape = shapeOf(example, first.format);
    return `These times look like ${shape} (${JSON.stringify(example)}): say --time-format ${first.format}.${part}`;
  }
  const ways = best.map(({ format }) => `--time-format ${format} if ${MEANINGS[format]}`);
  return `Nothing tells how these times (${JSON.stringify(example)}) are meant: say ${ways.join(", or ")}.${part}`;
}

function readAs(format: Named, texts: readonly string[]): Reading {
  const times = texts.map((text) => {
    const time = localTime(text, format);
    return time !== undefined && time >= EARLIEST_MS && time < LATEST_MS ? time : undefined;
  });
  return { format, times, count: times.filter((time) => time !== undefined).length };
}

/** What the clock shows, where also the zone is clear or left out. */
function localTime(text: string, format: TimeFormat): number | undefined {
  const written = readWritten(text, format);
  return "problem" in written || abbreviationOf(written) !== undefined ? undefined : written.localMs;
}

/** A text with letters for its digits, as operators know formats. */
function shapeOf(text: string, format: Named): string {
  if (format !== "us" && format !== "eu" && format !== "ymd") return SHAPES[format];
  const order = { us: ["MM", "DD", "YYYY"], eu: ["DD", "MM", "YYYY"], ymd: ["YY", "MM", "DD"] }[format];
  return text
    .replace(/(\d{1,2}):(\d\d)(:\d\d)?([.,]\d+)?/, (_, _hour, _minute, second) => (second ? "HH:MM:SS" : "HH:MM"))
    .replace(/\b[ap]\.?\s?m\b\.?/i, "AM")
    .replace(/\b(\d{1,4})([-/.])(\d{1,2})\2(\d{2,4})\b/, (_, _first, separator, _second, third) =>
      order.map((part) => (part === "YYYY" && third.length === 2 ? "YY" : part)).join(separator),
    )
    .replace(/\b\d{1,2}([-/.\s])([a-z]{3,9})\1\d\d\b/i, "DD$1Mon$1YY");
}

const SHAPES = {
  excel: "a spreadsheet's numbers of days",
  compact: "YYYYMMDDHHMM",
  unix: "seconds since 1970",
  "unix-ms": "milliseconds since 1970",
} as const;

function adviseZone(texts: readonly string[]): string | undefined {
  const found = texts
    .map((text) => readWritten(text, "iso"))
    .map((written) => ("problem" in written ? undefined : abbreviationOf(written)))
    .find((abbreviation) => abbreviation !== undefined && abbreviationsOf(abbreviation));
  if (found === undefined) return undefined;
  const zones = (abbreviationsOf(found) ?? []).map(({ example }) => `--timezone ${example}`);
  return `These times end in ${found}: say whose that is, as ${zones.join(" or ")}.`;
}
