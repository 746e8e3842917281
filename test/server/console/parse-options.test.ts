import { describe, expect, it } from "vitest";
import { OperatorError } from "../../../server/console/operator-error.ts";
import { parseOnlyOptions, parseOptions, refuseArguments } from "../../../server/console/parse-options.ts";

const OPTIONS = { every: { type: "string" }, rebuild: { type: "boolean" } } as const;

describe("a command's options", () => {
  it("are read, with words beside them where the command takes some", () => {
    expect(parseOptions(["--every", "5", "a"], OPTIONS)).toMatchObject({ values: { every: "5" }, positionals: ["a"] });
    expect(parseOnlyOptions(["--rebuild"], OPTIONS)).toEqual({ rebuild: true });
    expect(() => refuseArguments([])).not.toThrow();
  });

  it("take a value that begins with a minus and a digit, and no other", () => {
    expect(parseOptions(["--every", "-74,40", "a"], OPTIONS)).toMatchObject({
      values: { every: "-74,40" },
      positionals: ["a"],
    });
    expect(() => parseOnlyOptions(["--every", "--rebuild"], OPTIONS)).toThrow(/every/);
    expect(() => parseOnlyOptions(["--rebuild", "-7"], OPTIONS)).toThrow(/-7/);
  });

  it.each<[string, () => unknown, string]>([
    [
      "an unknown one",
      () => parseOptions(["--evry"], OPTIONS),
      "Unknown option '--evry'. The options are: --every --rebuild.",
    ],
    [
      "one without its value",
      () => parseOnlyOptions(["--every"], OPTIONS),
      "Option '--every <value>' argument missing. The options are: --every --rebuild.",
    ],
    [
      "one with a value too many",
      () => parseOnlyOptions(["--rebuild=1"], OPTIONS),
      "Option '--rebuild' does not take an argument. The options are: --every --rebuild.",
    ],
    [
      "a word",
      () => parseOnlyOptions(["austin"], OPTIONS),
      "Unexpected argument 'austin'. The options are: --every --rebuild.",
    ],
    [
      "an option of a command that has none",
      () => refuseArguments(["--dry-run"]),
      "Unknown option '--dry-run'. There are no options.",
    ],
  ])("are refused with a sentence: %s", (_, read, sentence) => {
    expect(read).toThrow(new OperatorError(sentence));
  });
});
