import { describe, expect, it } from "vitest";
import { parseModerateCommand, USAGE } from "../../../server/cli/moderate-arguments.ts";
import { formatReportId } from "../../../tiles/report-id.ts";

const parse = (line: string) => parseModerateCommand(line.split(" ").filter((word) => word !== ""));
const ID = formatReportId({
  layer: "safety",
  geohash5: "9v6kp",
  createdAtMs: 1_780_000_000_000,
  shard: 0,
  tail: "00000000",
});

describe("parseModerateCommand", () => {
  it.each([
    ["", { name: "help" }],
    ["list --help", { name: "help" }],
    ["list", { name: "list", state: "held", limit: 50 }],
    ["list --city austin --state hidden --limit 7", { name: "list", city: "austin", state: "hidden", limit: 7 }],
    ["log --city austin", { name: "log", city: "austin", limit: 50 }],
    [`show ${ID}`, { name: "show", id: ID }],
    [`hide ${ID} --reason spam`, { name: "rule", id: ID, ruling: { action: "hide", by: "operator", reason: "spam" } }],
    [`undo ${ID} --by ann`, { name: "rule", id: ID, ruling: { action: "undo", by: "ann" } }],
  ])("reads %j", (line, command) => {
    expect(parse(line)).toEqual(command);
  });

  it.each([
    ["remove", "no command remove"],
    ["constructor", "no command constructor"],
    ["hide", "npm run moderate -- hide ID"],
    [`hide ${ID} ${ID}`, "npm run moderate -- hide ID"],
    ["hide 9q8yyk", "9q8yyk is no id of a report"],
    ["list --state shown", "--state shown is not one of held, hidden, restored, dismissed"],
    ["list --city A", "--city A is no city"],
    ["list --limit 1001", "a whole number from 1 to 1000"],
    ["list --reason x", "--reason is no option of list"],
    [`undo ${ID} --reason x`, "--reason is no option of undo"],
    [`hide ${ID} --reason ${"x".repeat(281)}`, "1 to 280 characters"],
    [`hide ${ID} --by \u001b[31m`, "none of them a control character"],
  ])("refuses %j in a sentence", (line, message) => {
    expect(() => parse(line)).toThrow(message);
  });

  it("is told in full by --help", () => {
    for (const word of ["list", "show", "hide", "restore", "dismiss", "undo", "log", "--city"])
      expect(USAGE).toContain(word);
    expect(Math.max(...USAGE.split("\n").map((line) => line.length))).toBeLessThanOrEqual(120);
  });
});
