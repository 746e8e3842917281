import { describe, expect, it } from "vitest";
import { parseAccountCommand, USAGE } from "../../../server/cli/account-arguments.ts";

const parse = (line: string) => parseAccountCommand(line.split(" ").filter((word) => word !== ""));

describe("parseAccountCommand", () => {
  it.each([
    ["", { name: "help" }],
    ["add a@b --help", { name: "help" }],
    ["list", { name: "list" }],
    ["list a@b", { name: "list", email: "a@b" }],
    ["key add a@b --key-name desk", { name: "key add", email: "a@b", keyName: "desk" }],
    ["key revoke a@b stratum_abc123", { name: "key revoke", email: "a@b", prefix: "stratum_abc123" }],
    ["add a@b", { name: "add", email: "a@b", keyName: "default", change: {} }],
    ["set a@b --plan city --limit 0", { name: "set", email: "a@b", change: { plan: "city", monthlyCallsLimit: 0 } }],
    ["operator a@b", { name: "operator", email: "a@b", isOn: true }],
    ["city a@b austin --off", { name: "city", email: "a@b", city: "austin", isOn: false }],
    ["log", { name: "log" }],
    ["refresh a@b", { name: "refresh", email: "a@b" }],
    ["delete a@b --yes", { name: "delete", email: "a@b" }],
    ["--status paused set a@b", { name: "set", email: "a@b", change: { status: "paused" } }],
  ])("reads %j", (line, command) => {
    expect(parse(line)).toEqual(command);
  });

  it.each([
    ["remove a@b", "no command remove"],
    ["key a@b", "no command key a@b"],
    ["constructor", "no command constructor"],
    ["add", "add EMAIL"],
    ["add a@b c@d", "add EMAIL"],
    ["key revoke a@b", "key revoke EMAIL PREFIX"],
    ["add ann", "ann is no e-mail address"],
    ["add a@\u001b[31mb", "is no e-mail address"],
    [`add ${"a".repeat(250)}@b.cd`, "is no e-mail address"],
    ["set a@b", "--plan, --status or --limit"],
    ["add a@b --plan gold", "--plan gold is not one of resident, agent, city"],
    ["set a@b --status cancelled", "--status cancelled is not one of"],
    ["set a@b --limit -1", "--limit -1 is not a number of calls"],
    ["set a@b --limit=-1", "--limit -1 is not a number of calls"],
    ["set a@b --limit 1e3", "--limit 1e3 is not a number of calls"],
    ["list --plan agent", "--plan is no option of list"],
    ["key add a@b --plan agent", "--plan is no option of key add"],
    [`key add a@b --key-name ${"x".repeat(81)}`, "1 to 80 characters"],
    ["city a@b", "city EMAIL SLUG"],
    ["city a@b Austin", "Austin is no city"],
    ["add a@b --off", "--off is no option of add"],
    ["delete a@b", "add --yes"],
    ["log a@b", "It is: npm run account -- log"],
    ["list a@b --yes", "--yes is no option of list"],
    ["add a@b --name x", "The options are: --plan"],
  ])("refuses %j in a sentence", (line, message) => {
    expect(() => parse(line)).toThrow(message);
  });

  it("is told in full by --help", () => {
    for (const word of [
      "add EMAIL",
      "list",
      "set EMAIL",
      "key add",
      "key revoke",
      "refresh",
      "delete EMAIL --yes",
      "log",
      "operator",
      "city",
      "--off",
      "--plan",
      "--status",
      "--limit",
    ]) {
      expect(USAGE).toContain(word);
    }
    expect(Math.max(...USAGE.split("\n").map((line) => line.length))).toBeLessThanOrEqual(120);
  });
});
