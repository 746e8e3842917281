import { expect, test } from "vitest";
import type { ImportProgress } from "../../../server/import/import-options.ts";
import { createProgressDisplay, formatProgress } from "../../../server/import/progress.ts";

const at = (rows: number, rest: Partial<ImportProgress> = {}): ImportProgress => ({
  phase: "import",
  rows,
  totalRows: 1000,
  bytes: 0,
  totalBytes: 0,
  written: rows,
  existing: 0,
  rejected: 0,
  ...rest,
});

test("formatProgress tells the share, the rate and the time left", () => {
  expect(formatProgress(at(250, { rejected: 3, written: 200 }), 10)).toBe(
    "Importing ██████░░░░░░░░░░░░░░░░░░  25%  250 rows  25/s, 0:30 left  200 new  3 rejected",
  );
  expect(formatProgress({ ...at(86_314), phase: "first-pass", bytes: 7, totalBytes: 70_000 }, 3)).toContain(
    "86 314 rows",
  );
});

function display(isTTY: boolean) {
  let nowMs = 0;
  let output = "";
  const shown = createProgressDisplay({ write: (text) => (output += text), isTTY, now: () => nowMs });
  for (nowMs = 0; nowMs <= 8000; nowMs += 10) shown.show(at(nowMs / 8));
  shown.end();
  return output;
}

test("redraws one line on a terminal and ends it", () => {
  const output = display(true);
  expect(output.split("\n")).toHaveLength(2);
  expect(output.split("\r").length).toBeGreaterThan(50);
  expect(output.split("\r").at(-1)).toContain("100%");
});

test("writes a line every few seconds elsewhere, and how it ended", () => {
  const lines = display(false).trim().split("\n");
  expect(lines).toHaveLength(3);
  expect(lines.at(-1)).toContain("100%");
});
