import { describe, expect, test } from "vitest";
import { adviseTimes } from "../../../../server/import/fields/time-advice.ts";

describe("adviseTimes tells what to say", () => {
  test.each([
    [
      "where one day above 12 decides for the month first",
      ["03/01/2024 08:00:00 AM", "03/13/2024 11:59:00 PM"],
      'These times look like MM/DD/YYYY HH:MM:SS AM ("03/01/2024 08:00:00 AM"): say --time-format us.',
    ],
    [
      "where one decides for the day first",
      ["01/03/2024 08:00", "13/03/2024 23:59"],
      'These times look like DD/MM/YYYY HH:MM ("01/03/2024 08:00"): say --time-format eu.',
    ],
    [
      "by both names where nothing decides",
      ["03/04/2024", "05/06/2024"],
      'Nothing tells how these times ("03/04/2024") are meant: say --time-format eu if the day is first, or --time-format us if the month is first.',
    ],
    [
      "where days and months are the same in all",
      ["03/03/2024", "05/05/2024"],
      'Nothing tells how these times ("03/03/2024") are meant: say --time-format eu if the day is first, or --time-format us if the month is first.',
    ],
    [
      "of years of two digits",
      ["3/13/24 8:05", "3/1/24 8:05"],
      'These times look like MM/DD/YY HH:MM ("3/13/24 8:05"): say --time-format us.',
    ],
    [
      "of years of two digits with a month's name",
      ["01-Mar-24", "13-MAR-24"],
      'These times look like DD-Mon-YY ("01-Mar-24"): say --time-format eu.',
    ],
    [
      "of years of two digits that may be first",
      ["24-03-01", "24-03-02"],
      'Nothing tells how these times ("24-03-01") are meant: say --time-format eu if the day is first, or --time-format ymd if the year is first.',
    ],
    [
      "of a spreadsheet's days",
      ["45352.3333333333", "45353"],
      'These times look like a spreadsheet\'s numbers of days ("45352.3333333333"): say --time-format excel.',
    ],
    [
      "of dates without blanks",
      ["202403010800", "202403312359"],
      'These times look like YYYYMMDDHHMM ("202403010800"): say --time-format compact.',
    ],
    [
      "of abbreviations",
      ["2024-03-01 08:00 IST"],
      "These times end in IST: say whose that is, as --timezone Asia/Kolkata or --timezone Europe/Dublin or --timezone Asia/Jerusalem.",
    ],
    [
      "with how many that reads, of those that are not read anyway",
      ["2024-03-01", "03/13/2024", "03/14/2024", "unknown", ""],
      'These times look like MM/DD/YYYY ("03/13/2024"): say --time-format us. That reads 2 of 3.',
    ],
  ])("%s", (_, values, advice) => {
    expect(adviseTimes(values)).toBe(advice);
  });

  test.each([
    ["all are read", ["2024-03-01", "1709280000"]],
    ["none is a time", ["pothole", "graffiti", "42"]],
    ["there are none", ["", ""]],
  ])("not where %s", (_, values) => {
    expect(adviseTimes(values)).toBeUndefined();
  });
});
