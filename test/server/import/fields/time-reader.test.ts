import { describe, expect, test } from "vitest";
import type { TimeFormat } from "../../../../server/import/fields/time-format.ts";
import { createTimeReader, type TimeReaderOptions } from "../../../../server/import/fields/time-reader.ts";

/** What a reader makes of a text: the moment as ISO, or the problem. */
function told(text: string, options?: TimeReaderOptions): string {
  const time = createTimeReader(options)(text);
  return typeof time === "number" ? new Date(time).toISOString() : time.problem;
}

const EIGHT = "2024-03-01T08:00:00.000Z";
const MIDNIGHT = "2024-03-01T00:00:00.000Z";
const EVENING = "2024-03-01T20:00:00.000Z";

describe("without an option, what means one thing only is read", () => {
  test.each([
    // ISO 8601 and what databases make of it.
    ["2024-03-01T08:00:00.000", EIGHT],
    ["2024-03-01 08:00:00 UTC", EIGHT],
    ["2024-03-01 08:00:00+00", EIGHT],
    ["2024-03-01T08:00:00-0500", "2024-03-01T13:00:00.000Z"],
    ["2024-03-01T08:00:00.123456789Z", "2024-03-01T08:00:00.123Z"],
    ["2024-03-01T08:00:00,5Z", "2024-03-01T08:00:00.500Z"],
    ["2024-03-01 08:00:00.1 -05:00", "2024-03-01T13:00:00.100Z"],
    ["2024-03-01T24:00:00Z", "2024-03-02T00:00:00.000Z"],
    ["2016-12-31T23:59:60Z", "2017-01-01T00:00:00.000Z"],
    ["20240301T080000Z", EIGHT],
    ["20240301T0800", EIGHT],
    ["20240301080000Z", EIGHT],
    ["20240301080000", EIGHT],
    ["20240301 080000.25", "2024-03-01T08:00:00.250Z"],
    ["20240301", MIDNIGHT],
    ["2024-03-01T08Z", EIGHT],
    ["2024-03-01T0800Z", EIGHT],
    ["2024-3-1 8:05", "2024-03-01T08:05:00.000Z"],
    ["2024/03/01 08:00", EIGHT],
    ["2024/03/01 08:00:00+00", EIGHT],
    ["2024.03.01 08:00", EIGHT],
    ["2024-03-01-05:00", "2024-03-01T05:00:00.000Z"],
    ["2024-061", MIDNIGHT],
    ["2024-W09-5", MIDNIGHT],
    ["2020-W53-5T08:00Z", "2021-01-01T08:00:00.000Z"],
    ["2024-03-01T08:00:00[America/New_York]", "2024-03-01T13:00:00.000Z"],
    ["2024-03-01T08:00:00-05:00[America/New_York]", "2024-03-01T13:00:00.000Z"],
    ["2024-03-01T08:00:00Z[Europe/Oslo]", EIGHT],
    ["2024-03-01 08:00:00 America/New_York", "2024-03-01T13:00:00.000Z"],
    ["2024-03-01 08:00:00 -0500 EST", "2024-03-01T13:00:00.000Z"],
    ["2024-03-01T08:00:00\u221205:00", "2024-03-01T13:00:00.000Z"],
    ["2024-03-01 08:00:00:123", "2024-03-01T08:00:00.123Z"],
    ["0024-03-01", "0024-03-01T00:00:00.000Z"],
    // Dots are day first wherever they are written.
    ["01.03.2024 08:00", EIGHT],
    ["01.03.2024 - 08:00:00", EIGHT],
    ["1.3.2024 8.00", EIGHT],
    ["1. 3. 2024 8:00", EIGHT],
    ["01.03.2024", MIDNIGHT],
    // Names of months.
    ["01-Mar-2024 08:00", EIGHT],
    ["1 March 2024 20:00", EVENING],
    ["1st of March, 2024 at 8:00 p.m.", EVENING],
    ["March 1, 2024", MIDNIGHT],
    ["Mar 1, 2024 8:00 AM", EIGHT],
    ["Mar  1 2024  8:00PM", EVENING],
    ["Mar 1, 2024, 8:00:00\u202fPM", EVENING],
    ["2024-Mar-01 08:00", EIGHT],
    ["Fri Mar 01 2024 08:00:00 GMT+0000 (Coordinated Universal Time)", EIGHT],
    ["Fri Mar 01 2024 09:00:00 GMT+0100 (Central European Standard Time)", EIGHT],
    ["Fri, 1 Mar 2024 08:00:00 GMT", EIGHT],
    ["Fri, 01 Mar 2024 03:00:00 -0500", EIGHT],
    ["Fri Mar  1 08:00:00 2024", EIGHT],
    ["Fri Mar  1 08:00:00 UTC 2024", EIGHT],
    ["Fri Mar 01 08:00:00 +0000 2024", EIGHT],
    ["01/Mar/2024:08:00:00 +0000", EIGHT],
    ["8:00 AM, 1 March 2024", EIGHT],
    ["2024-03-01 08h00", EIGHT],
    ["2024年3月1日 8:00", EIGHT],
    // Unix times, by their digits.
    ["1709280000", EIGHT],
    ["1709280000.123", "2024-03-01T08:00:00.123Z"],
    ["1709280000,5", "2024-03-01T08:00:00.500Z"],
    ["1709280000000", EIGHT],
    ["1709280000000.0", EIGHT],
    ["1709280000123456", "2024-03-01T08:00:00.123Z"],
    ["1709280000123456789", "2024-03-01T08:00:00.123Z"],
    ["1.7e9", "2023-11-14T22:13:20.000Z"],
    ["1.709280000123e12", "2024-03-01T08:00:00.123Z"],
    ["-1709280000000", "1915-11-02T16:00:00.000Z"],
    ["/Date(1709280000000-0500)/", EIGHT],
  ])("%s", (text, iso) => {
    expect(told(text)).toBe(iso);
  });

  test.each([
    ["", "is missing"],
    ["03/04/2024 08:00", "is ambiguous: say --time-format us (month first) or --time-format eu (day first)"],
    ["13/04/2024", "is ambiguous: say --time-format us (month first) or --time-format eu (day first)"],
    ["3-4-2024", "is ambiguous: say --time-format us (month first) or --time-format eu (day first)"],
    ["3/1/24", "has a year of two digits: say --time-format us (month first), eu (day first) or ymd (year first)"],
    ["01.03.24", "has a year of two digits: say --time-format us (month first), eu (day first) or ymd (year first)"],
    ["01-Mar-24", "has a year of two digits: say --time-format us (month first), eu (day first) or ymd (year first)"],
    ["03.13.2024", "has a month above 12: is the other number the month? Say --time-format us or eu"],
    ["45352.3333333333", "looks like a spreadsheet's number of a day: say --time-format excel"],
    [
      "202403010800",
      "can be a date without blanks or milliseconds: say --time-format compact or --time-format unix-ms",
    ],
    ["1.70928E+12", "was rounded by a spreadsheet to few digits: write the file again with all digits of the column"],
    ["2024-03-01 08:00 EST", "ends in EST: say with --timezone AREA/CITY whose that is"],
    ["2024-03-01 08:00 XYZ", "names a time zone that is not known"],
    ["2024-03-01 08:00[Nowhere/City]", "names a time zone that is not known"],
    ["2023-02-29", "is not a day of the calendar"],
    ["31 April 2024", "is not a day of the calendar"],
    ["2024-W53-1", "is not a day of the calendar"],
    ["2023-366", "is not a day of the calendar"],
    ["2024-03-01 13:00 AM", "is not a time of the day"],
    ["2024-03-01 0:30 PM", "is not a time of the day"],
    ["2024-03-01 24:30", "is not a time of the day"],
    ["2024-03-01 12:30:60", "is not a time of the day"],
    ["99999999", "is a number of a size that Unix times hardly have: say --time-format unix or unix-ms"],
    ["-86400000", "is a number of a size that Unix times hardly have: say --time-format unix or unix-ms"],
    ["17092800001", "is a number of a size that Unix times hardly have: say --time-format unix or unix-ms"],
    ["01.03.2024 - 05.03", "is not a time"],
    ["01.03.2024 - 05.03.2024", "is not a time"],
    ["12345", "is not a time"],
    ["2024", "is not a time"],
    ["2024-03", "is not a time"],
    ["yesterday", "is not a time"],
    ["2024-03-01 08:00 and more", "is not a time"],
    [`2024-03-01${" ".repeat(200)}08:00`, "is not a time"],
  ])("%j is rejected with what to say", (text, problem) => {
    expect(told(text)).toBe(problem);
  });
});

describe("a format tells what is ambiguous", () => {
  test.each<[TimeFormat, string, string]>([
    ["us", "03/01/2024 08:00:00 AM", EIGHT],
    ["us", "03/13/2024 11:59:00 PM", "2024-03-13T23:59:00.000Z"],
    ["us", "12/31/2023 12:05:00 AM", "2023-12-31T00:05:00.000Z"],
    ["us", "12/31/2023 12:05 pm", "2023-12-31T12:05:00.000Z"],
    ["us", "3/1/2024 8:05", "2024-03-01T08:05:00.000Z"],
    ["us", "3/1/2024 8:05P", "2024-03-01T20:05:00.000Z"],
    ["us", "3/1/24", MIDNIGHT],
    ["us", "3/1/68", "2068-03-01T00:00:00.000Z"],
    ["us", "3/1/69", "1969-03-01T00:00:00.000Z"],
    ["us", "03-01-2024", MIDNIGHT],
    ["us", "08:00 03/01/2024", EIGHT],
    ["us", "01-MAR-24 08.00.00.000000 AM", EIGHT],
    ["us", "2024-03-01T08:00:00Z", EIGHT],
    ["us", "13/01/2024", "has a month above 12: is the other number the month? Say --time-format us or eu"],
    ["us", "13/13/2024", "is not a day of the calendar"],
    ["us", "02/30/2024", "is not a day of the calendar"],
    ["eu", "01/03/2024, 08:00:00", EIGHT],
    ["eu", "1/3/24 8:00", EIGHT],
    ["eu", "01.03.24", MIDNIGHT],
    ["eu", "Friday, 01-Mar-24 08:00:00 GMT", EIGHT],
    ["ymd", "24/03/01 08:00", EIGHT],
    ["ymd", "01/03/2024", "is ambiguous: say --time-format us (month first) or --time-format eu (day first)"],
    ["unix", "86400", "1970-01-02T00:00:00.000Z"],
    ["unix", "-86400.5", "1969-12-30T23:59:59.500Z"],
    ["unix", "2024-03-01T08:00:00Z", EIGHT],
    ["unix-ms", "86400000", "1970-01-02T00:00:00.000Z"],
    ["unix-ms", "-86400000", "1969-12-31T00:00:00.000Z"],
    ["unix-ms", "202403010800", "1976-05-31T15:03:30.800Z"],
    ["unix-ms", "1e99", "is not a time"],
    ["compact", "202403010800", EIGHT],
    ["compact", "20240301080000", EIGHT],
    ["compact", "1709280000", "is a number that --time-format does not fit"],
    ["excel", "1", "1900-01-01T00:00:00.000Z"],
    ["excel", "59", "1900-02-28T00:00:00.000Z"],
    ["excel", "60", "is not a day of the calendar"],
    ["excel", "61", "1900-03-01T00:00:00.000Z"],
    ["excel", "45352.3333333333", EIGHT],
    ["excel", "45352,33333", EIGHT],
    ["excel", "0.5", "is a number that --time-format does not fit"],
    ["excel", "2958466", "is a number that --time-format does not fit"],
    ["excel", "2024-03-01T08:00:00Z", EIGHT],
    ["excel-1904", "0", "1904-01-01T00:00:00.000Z"],
    ["excel-1904", "43890.3333333333", EIGHT],
  ])("%s: %s", (format, text, expected) => {
    expect(told(text, { format })).toBe(expected);
  });
});

describe("a zone tells when a time without one is", () => {
  const zone = "America/New_York";

  test.each([
    ["2024-07-01 08:00", "2024-07-01T12:00:00.000Z"],
    ["2024-12-01", "2024-12-01T05:00:00.000Z"],
    ["2024-03-10 02:30", "2024-03-10T07:30:00.000Z"],
    ["2024-11-03 01:30", "2024-11-03T05:30:00.000Z"],
    ["2024-11-03 01:30 EDT", "2024-11-03T05:30:00.000Z"],
    ["2024-11-03 01:30 EST", "2024-11-03T06:30:00.000Z"],
    ["2024-11-03 01:30 ET", "2024-11-03T05:30:00.000Z"],
    ["2024-11-03 01:30-05:00", "2024-11-03T06:30:00.000Z"],
    ["2024-07-01 08:00 UTC", "2024-07-01T08:00:00.000Z"],
    ["2024-07-01 08:00 Europe/Oslo", "2024-07-01T06:00:00.000Z"],
    ["1709280000", EIGHT],
    ["2024-07-01 08:00 EST", "ends in EST, which America/New_York does not have then"],
    ["2024-07-01 08:00 IST", "ends in IST, which America/New_York does not have then"],
  ])("%s", (text, expected) => {
    expect(told(text, { zone })).toBe(expected);
  });

  test("also of a spreadsheet's days", () => {
    expect(told("45352.125", { zone, format: "excel" })).toBe(EIGHT);
  });

  test.each([
    ["Asia/Kolkata", "2024-07-01 08:00 IST", "2024-07-01T02:30:00.000Z"],
    ["Europe/Dublin", "2024-07-01 08:00 IST", "2024-07-01T07:00:00.000Z"],
    ["Asia/Shanghai", "2024-07-01 08:00 CST", "2024-07-01T00:00:00.000Z"],
    ["America/Phoenix", "2024-07-01 08:00 MST", "2024-07-01T15:00:00.000Z"],
    ["+05:45", "2024-07-01 08:00", "2024-07-01T02:15:00.000Z"],
  ])("in %s: %s", (other, text, expected) => {
    expect(told(text, { zone: other })).toBe(expected);
  });
});

describe("notes count", () => {
  test("times without a zone that were read as UTC", () => {
    const read = createTimeReader();
    for (const text of ["2024-03-01 08:00", "2024-03-01", "2024-03-01T08:00Z", "1709280000", "yesterday"]) read(text);
    expect(read.notes()).toEqual([
      "2 times without a zone read as UTC: say --timezone AREA/CITY if they are of another.",
    ]);
  });

  test("times that a zone's clocks never show, or twice", () => {
    const read = createTimeReader({ zone: "America/New_York" });
    for (const text of ["2024-03-10 02:30", "2024-11-03 01:30", "2024-11-03 01:59", "2024-11-03 02:00"]) read(text);
    expect(read.notes()).toEqual([
      "1 time in an hour that America/New_York leaves out moved forward by it.",
      "2 times in an hour that America/New_York has twice read as the first.",
    ]);
  });

  test("times that were not read, beside others that were, with what to say for them", () => {
    const read = createTimeReader({ zone: "UTC" });
    for (const text of ["03/13/2024", "03/14/2024", "soon"]) read(text);
    expect(read.notes()).toEqual([]);
    read("2024-03-01");
    expect(read.notes()).toEqual([
      '3 times could not be read. These times look like MM/DD/YYYY ("03/13/2024"): say --time-format us. That reads 2 of 3.',
    ]);
  });

  test("times that show that day and month changed places", () => {
    const read = createTimeReader({ format: "us", zone: "UTC" });
    for (const text of ["01/03/2024", "13/03/2024", "31/12/2024"]) read(text);
    expect(read.notes()).toEqual([
      '2 times could not be read. These times look like DD/MM/YYYY ("13/03/2024"): say --time-format eu.',
      "2 times with a month above 12: if day and month change places, the others were read wrongly.",
    ]);
  });

  test("nothing when all times say their zone", () => {
    const read = createTimeReader();
    read("2024-03-01T08:00Z");
    expect(read.notes()).toEqual([]);
  });
});
