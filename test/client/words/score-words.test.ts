import { expect, it } from "vitest";
import { reportsBehind } from "../../../client/words/score-words.ts";

it("tells what reports count as where few people made many of them", () => {
  // One client's of a day: 1 + 1/2 + 1/4, and what comes then nothing.
  expect(reportsBehind(48, 2.75)).toBe(
    "48 reports in 30 days, many of them from the same people: together they count as 2.75",
  );
  expect(reportsBehind(4, 1.75)).toContain("count as 1.75");
  expect(reportsBehind(1200, 600)).toBe(
    "1,200 reports in 30 days, many of them from the same people: together they count as 600",
  );
});

it("tells their number alone where they count as most of it", () => {
  expect(reportsBehind(1, 1)).toBe("1 report in 30 days");
  expect(reportsBehind(3, 1.75)).toBe("3 reports in 30 days");
  expect(reportsBehind(48, 40)).toBe("48 reports in 30 days");
});
