import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { mapIntoLast } from "../../../../server/import/fields/time.ts";
import { createTimeReader } from "../../../../server/import/fields/time-reader.ts";

describe("a time reader", () => {
  const readTime = createTimeReader();
  test.each([
    ["2024-02-29T12:34:56Z", "2024-02-29T12:34:56.000Z"],
    ["2024-02-29T12:34:56.789123Z", "2024-02-29T12:34:56.789Z"],
    ["2024-02-29T12:34:56+02:00", "2024-02-29T10:34:56.000Z"],
    ["2024-02-29 12:34:56 -0530", "2024-02-29T18:04:56.000Z"],
    ["2024-02-29T12:34:56-05", "2024-02-29T17:34:56.000Z"],
    ["2024-02-29T12:34", "2024-02-29T12:34:00.000Z"],
    ["2024-02-29 12:34:56", "2024-02-29T12:34:56.000Z"],
    [" 2024-02-29 ", "2024-02-29T00:00:00.000Z"],
    ["1709209296", "2024-02-29T12:21:36.000Z"],
    ["1709209296.5", "2024-02-29T12:21:36.500Z"],
    ["1709209296789", "2024-02-29T12:21:36.789Z"],
    ["946684800", "2000-01-01T00:00:00.000Z"],
  ])("reads %s", (text, iso) => {
    expect(new Date(Number(readTime(text))).toISOString()).toBe(iso);
  });

  test.each([
    "",
    "NA",
    "yesterday",
    "2023-02-29",
    "2024-13-01",
    "2024-00-10",
    "2024-01-32",
    "2024-01-01T24:00:01Z",
    "2024-01-01 12:60",
    "02/29/2024",
    "12:30",
    "-17092092",
    "17092092961",
    "2024-01-01T10:00+25:00",
  ])("refuses %j", (text) => {
    expect(readTime(text)).toEqual({ problem: expect.any(String) });
  });

  test("reads back every moment that a Date writes", () => {
    const date = fc.date({ min: new Date("1970-01-01"), max: new Date("9999-12-31"), noInvalidDate: true });
    fc.assert(
      fc.property(date, (moment) => {
        expect(readTime(moment.toISOString())).toBe(moment.getTime());
      }),
    );
  });
});

test("mapIntoLast puts the newest at the anchor, the oldest at the span's end, and keeps the order", () => {
  const times = fc.array(fc.integer({ min: 0, max: 4e12 }), { minLength: 1, maxLength: 20 });
  fc.assert(
    fc.property(times, fc.integer({ min: 1, max: 90 * 864e5 }), (unsorted, lastMs) => {
      const sorted = unsorted.toSorted((a, b) => a - b);
      const [oldestMs = 0, newestMs = 0] = [sorted[0], sorted.at(-1)];
      const mapped = sorted.map(mapIntoLast({ oldestMs, newestMs }, lastMs, 5e12));
      expect(mapped.at(-1)).toBe(5e12);
      expect(mapped[0]).toBe(oldestMs === newestMs ? 5e12 : 5e12 - lastMs);
      expect(mapped).toEqual(mapped.toSorted((a, b) => a - b));
    }),
  );
});
