import { expect, test } from "vitest";
import { parseSpan } from "../../../server/kit/time-span.ts";

test("parseSpan reads seconds to weeks and nothing else", () => {
  expect(["89d", "36h", "1.5d", "2w", "90s", "5m", "0d"].map(parseSpan)).toEqual([
    7_689_600_000, 129_600_000, 129_600_000, 1_209_600_000, 90_000, 300_000, 0,
  ]);
  expect(["", "d", "89", "-1d", "1y", "89 days", " 1d"].map(parseSpan)).toEqual(Array(7).fill(undefined));
});
