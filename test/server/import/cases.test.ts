import { expect, test } from "vitest";
import { OperatorError } from "../../../server/console/operator-error.ts";
import { parseCommandLine } from "../../../server/import/command-line.ts";
import { formatSummary } from "../../../server/import/summary.ts";
import { reportsOf } from "../../kit/make-report.ts";
import { CASES } from "./import-cases.ts";
import { useImport } from "./import-fixture.ts";

/** Kinds of files that people download, small ones of our own making, through the command line's options. */

const world = useImport();
const OPTIONS = "--lon lon --lat lat --time opened --layer =infrastructure --category kind --severity level".split(" ");

test.each(CASES)("$name", async ({ name, content, options = [], comesTo, says }) => {
  const path = world.write(name, content);
  const command = parseCommandLine([path, ...withoutPlace(OPTIONS, options), ...options]);
  if (command === "help" || "runs" in command) throw new Error("no import");
  const run = () => world.run(path, { ...command, profile: undefined });

  if (comesTo instanceof RegExp) {
    // Before a row is stored, or for want of any that can be.
    const refusal = await run().then(
      ({ failure }) => failure,
      (error: unknown) => (error instanceof OperatorError ? error.message : error),
    );
    expect(refusal).toMatch(comesTo);
    expect(await reportsOf(world.store)).toEqual([]);
    return;
  }
  const summary = await run();
  const { written, rejected } = comesTo;
  expect([summary.written, summary.rejected, summary.rowsRead]).toEqual([written, rejected, written + rejected]);
  expect(await reportsOf(world.store)).toHaveLength(written);
  if (says !== undefined) expect(formatSummary(summary, command)).toMatch(says);
  // Again: nothing is stored twice.
  const again = await run();
  expect([again.written, again.existing, again.rejected]).toEqual([0, written, rejected]);
});

/** With --point there are no columns of degrees. */
function withoutPlace(base: readonly string[], options: readonly string[]): readonly string[] {
  return options.includes("--point") ? base.slice(4) : base;
}
