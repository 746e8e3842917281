/** @module-tag random */
import fc from "fast-check";
import { expect, test } from "vitest";
import { TIME_FORMATS, type TimeFormat } from "../../../../server/import/fields/time-format.ts";
import { createTimeReader } from "../../../../server/import/fields/time-reader.ts";
import { runs } from "../../../kit/runs.ts";

const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const two = (value: number): string => String(value).padStart(2, "0");

/** The fields of a moment in UTC, as texts. */
function fieldsOf(moment: Date) {
  const [hour, month] = [moment.getUTCHours(), moment.getUTCMonth() + 1];
  return {
    ...{ Y: String(moment.getUTCFullYear()), M: two(month), D: two(moment.getUTCDate()), Mon: MONTHS[month - 1] ?? "" },
    ...{ month, day: moment.getUTCDate(), H: two(hour), min: two(moment.getUTCMinutes()) },
    ...{ s: two(moment.getUTCSeconds()), hour12: hour % 12 || 12, half: hour < 12 ? "AM" : "PM" },
  };
}

type Write = (fields: ReturnType<typeof fieldsOf>, moment: Date) => string;

/** How programs write a whole second, and the format that it takes to read it. */
const SHAPES: readonly (readonly [TimeFormat, Write])[] = [
  ["iso", (_, moment) => moment.toISOString()],
  ["iso", (_, moment) => moment.toUTCString()],
  ["iso", (_, moment) => String(moment.getTime())],
  ["iso", ({ Y, M, D, H, min, s }) => `${Y}${M}${D}T${H}${min}${s}Z`],
  ["iso", ({ Y, M, D, H, min, s }) => `${Y}${M}${D}${H}${min}${s}`],
  ["iso", ({ Y, M, D, H, min, s }) => `${Y}/${M}/${D} ${H}:${min}:${s} UTC`],
  ["iso", ({ Y, month, day, H, min, s }) => `${day}.${month}.${Y} ${H}.${min}.${s}`],
  ["iso", ({ Y, Mon, D, H, min, s }) => `${D}-${Mon.toUpperCase()}-${Y} ${H}:${min}:${s}`],
  ["iso", ({ Y, Mon, day, hour12, half, min, s }) => `${Mon} ${day}, ${Y} at ${hour12}:${min}:${s} ${half}`],
  ["iso", ({ Y, Mon, day, H, min, s }) => `Fri ${Mon} ${String(day).padStart(2)} ${H}:${min}:${s} ${Y}`],
  ["iso", ({ Y, Mon, D, H, min, s }) => `${D}/${Mon}/${Y}:${H}:${min}:${s} +0000`],
  ["us", ({ Y, M, D, hour12, half, min, s }) => `${M}/${D}/${Y} ${two(hour12)}:${min}:${s} ${half}`],
  ["us", ({ Y, month, day, hour12, half, min, s }) => `${month}-${day}-${Y}, ${hour12}:${min}:${s}${half}`],
  ["us", ({ Y, month, day, H, min, s }) => `${month}/${day}/${Y.slice(2)} ${H}:${min}:${s}`],
  ["eu", ({ Y, M, D, H, min, s }) => `${D}/${M}/${Y} ${H}:${min}:${s}`],
  ["eu", ({ Y, Mon, D, H, min, s }) => `${D}-${Mon}-${Y.slice(2)} ${H}:${min}:${s}`],
  ["ymd", ({ Y, M, D, H, min, s }) => `${Y.slice(2)}/${M}/${D} ${H}:${min}:${s}`],
  ["unix", (_, moment) => String(moment.getTime() / 1000)],
  ["unix-ms", (_, moment) => moment.getTime().toFixed(1)],
  ["excel", (_, moment) => (moment.getTime() / 86_400_000 + 25_569).toFixed(6)],
  ["excel-1904", (_, moment) => (moment.getTime() / 86_400_000 + 24_107).toFixed(6)],
  ["compact", ({ Y, M, D, H, min, s }) => Y + M + D + H + min + s],
];

test("reads what programs write of a moment in every shape", () => {
  // From when milliseconds have thirteen digits to where years of two digits end.
  const second = fc.integer({ min: Date.UTC(2001, 8, 10) / 1000, max: Date.UTC(2068, 11, 31) / 1000 });
  fc.assert(
    fc.property(second, fc.constantFrom(...SHAPES), (seconds, [format, write]) => {
      const moment = new Date(seconds * 1000);
      const text = write(fieldsOf(moment), moment);
      expect({ text, time: createTimeReader({ format })(text) }).toEqual({ text, time: moment.getTime() });
    }),
    runs(20_000),
  );
});

test("makes of any text a whole number or a problem", () => {
  const piece = fc.constantFrom(
    ..."0123456789-/.,:+TZapmEe []()",
    " ",
    "2024",
    "-03-01",
    "Mar",
    "UTC",
    "EST",
    "T08:00",
    "年",
  );
  const text = fc.oneof(
    fc.string({ unit: "binary" }),
    fc.array(piece, { maxLength: 24 }).map((pieces) => pieces.join("")),
  );
  const readers = TIME_FORMATS.flatMap((format) => [
    createTimeReader({ format }),
    createTimeReader({ format, zone: "Europe/Oslo" }),
  ]);
  fc.assert(
    fc.property(text, fc.constantFrom(...readers), (value, read) => {
      const time = read(value);
      if (typeof time === "number") expect(time).toSatisfy(Number.isSafeInteger);
      else expect(time.problem).toMatch(/^[a-z]/);
    }),
    runs(50_000),
  );
});
