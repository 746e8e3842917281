import { describe, expect, test } from "vitest";
import { createTimeCounts } from "../../../../server/import/keeping/time-counts.ts";
import { seededRandom } from "../../../kit/random.ts";

const DAY_MS = 86_400_000;
const at = (text: string): number => Date.parse(text);
const MARCH_MS = at("2010-03-01");

function typical(times: readonly number[]) {
  const counts = createTimeCounts();
  for (const time of times) counts.add(time);
  return counts.typical();
}

/** So many rows, evenly over some days from March on. */
const spread = (rows: number, days: number, fromMs = MARCH_MS): number[] =>
  Array.from({ length: rows }, (_, i) => fromMs + Math.round((i * days * DAY_MS) / (rows - 1)));

describe("the typical span", () => {
  test("is that of all rows, to the millisecond, where none lies apart", () => {
    expect(typical([])).toBeUndefined();
    expect(typical([MARCH_MS + 5])).toEqual({ oldestMs: MARCH_MS + 5, newestMs: MARCH_MS + 5 });
    const times = spread(1000, 31);
    expect(typical(times)).toEqual({ oldestMs: times[0], newestMs: times.at(-1) });
  });

  test.each([
    ["1900-01-01", "before"],
    ["1970-01-01", "before"],
    ["2009-01-01", "before"],
    ["2099-12-31", "after"],
    ["9999-12-31", "after"],
  ] as const)("of a month is not stretched by one row of %s", (text, side) => {
    for (const rows of [20, 100, 10_000]) {
      const month = spread(rows, 31);
      const far = { rows: 1, oldestMs: at(text), newestMs: at(text) };
      expect(typical([at(text), ...month])).toEqual({ oldestMs: month[0], newestMs: month.at(-1), [side]: far });
    }
  });

  test("cuts many placeholders, and both sides at once", () => {
    const month = spread(1000, 31);
    const unknown = Array.from({ length: 40 }, () => at("1900-01-01"));
    expect(typical([...unknown, at("1970-01-01"), ...month, at("2099-01-01"), at("2040-01-01")])).toEqual({
      oldestMs: month[0],
      newestMs: month.at(-1),
      before: { rows: 41, oldestMs: at("1900-01-01"), newestMs: at("1970-01-01") },
      after: { rows: 2, oldestMs: at("2040-01-01"), newestMs: at("2099-01-01") },
    });
  });

  test.each([
    ["three rows over a year", [MARCH_MS, MARCH_MS + 1, MARCH_MS + 365 * DAY_MS]],
    ["a row a month for forty years", spread(480, 14_600)],
    [
      "ten rows a year for ten years before a month with 10 000",
      [...spread(100, 3650), ...spread(10_000, 31, MARCH_MS + 3650 * DAY_MS)],
    ],
    [
      "a number that doubles every year",
      Array.from({ length: 12 }, (_, year) => spread(2 ** (year + 1), 365, MARCH_MS + year * 365 * DAY_MS)).flat(),
    ],
    [
      "half of the rows ten years before the other half",
      [...spread(500, 31), ...spread(500, 31, MARCH_MS + 3650 * DAY_MS)],
    ],
  ])("loses nothing of %s", (_, times) => {
    expect(typical(times)).toEqual({ oldestMs: Math.min(...times), newestMs: Math.max(...times) });
  });

  test("does not depend on the order of the rows", () => {
    const times = [at("1900-01-01"), ...spread(3000, 400), at("2099-01-01")];
    const next = seededRandom(7);
    const shuffled = times.map((time) => [next(), time] as const).sort(([a], [b]) => a - b);
    expect(typical(shuffled.map(([, time]) => time))).toEqual(typical(times));
  });

  test("of more days than are counted one by one is still exact, and cut", () => {
    const first = at("0001-01-01");
    const times = Array.from({ length: 100_000 }, (_, i) => first + i * DAY_MS * 4 + (i % 7));
    expect(typical(times)).toEqual({ oldestMs: times[0], newestMs: times.at(-1) });
    expect(typical([...times, at("9999-12-31")])).toMatchObject({ newestMs: times.at(-1), after: { rows: 1 } });
  });
});

test("rows are counted to the day", () => {
  const counts = createTimeCounts();
  for (const time of spread(311, 31)) counts.add(time);
  expect(counts.count((time) => time >= MARCH_MS + 30 * DAY_MS)).toBe(11);
});
