import { spawnSync } from "node:child_process";
import { expect, test } from "vitest";
import { printable } from "../../../server/console/printable.ts";

test("what a terminal would obey, or nobody sees, is written out; line feeds, tabs and all letters stay", () => {
  expect(printable("a\x1b[31m\x9b\r\u202e\u200b\u2028b\tc\nå道👍")).toBe(
    "a\\u001b[31m\\u009b\\u000d\\u202e\\u200b\\u2028b\tc\nå道👍",
  );
});

test("an operator's sentence with a name out of a file is shown so", () => {
  const url = new URL("../../../server/console/operator-error.ts", import.meta.url).href;
  const script = `import { exitOnError, OperatorError } from "${url}"; exitOnError(new OperatorError("no \\x1b[31mred"));`;
  const { status, stderr } = spawnSync(process.execPath, ["--input-type=module", "-e", script], { encoding: "utf8" });
  expect([status, stderr]).toEqual([1, "no \\u001b[31mred\n"]);
});
