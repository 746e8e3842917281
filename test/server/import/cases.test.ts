import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { OperatorError } from "../../../server/console/operator-error.ts";
import { parseCommandLine } from "../../../server/import/command-line.ts";
import { importFile } from "../../../server/import/import-file.ts";
import { formatSummary } from "../../../server/import/summary.ts";
import { createMemoryDerivedStore } from "../../../server/store/memory/derived-memory.ts";
import { createMemoryStore } from "../../../server/store/memory/memory.ts";
import { reportsOf } from "../../kit/make-report.ts";
import { CASES } from "./import-cases.ts";

/** Kinds of files that people download, small ones of our own making, through the command line's options. */

const dir = mkdtempSync(join(tmpdir(), "cases-"));
afterAll(() => rmSync(dir, { recursive: true }));

const clock = { now: () => Date.parse("2026-03-01T12:00:00Z") };
const OPTIONS = "--lon lon --lat lat --time opened --layer =infrastructure --category kind --severity level".split(" ");

test.each(CASES)("$name", async ({ name, content, options = [], comesTo, says }) => {
  const path = join(dir, name);
  writeFileSync(path, content);
  const store = createMemoryStore({ clock });
  const derived = createMemoryDerivedStore({ clock });
  const command = parseCommandLine([path, ...withoutPlace(OPTIONS, options), ...options]);
  if (command === "help" || "runs" in command) throw new Error("no import");
  const run = () => importFile({ ...command, profile: undefined, store, derived, clock, retryMs: 1 });

  if (comesTo instanceof RegExp) {
    // Before a row is stored, or for want of any that can be.
    const refusal = await run().then(
      ({ failure }) => failure,
      (error: unknown) => (error instanceof OperatorError ? error.message : error),
    );
    expect(refusal).toMatch(comesTo);
    expect(await reportsOf(store)).toEqual([]);
    return;
  }
  const summary = await run();
  const { written, rejected } = comesTo;
  expect([summary.written, summary.rejected, summary.rowsRead]).toEqual([written, rejected, written + rejected]);
  expect(await reportsOf(store)).toHaveLength(written);
  if (says !== undefined) expect(formatSummary(summary, command)).toMatch(says);
  // Again: nothing is stored twice.
  const again = await run();
  expect([again.written, again.existing, again.rejected]).toEqual([0, written, rejected]);
});

/** With --point there are no columns of degrees. */
function withoutPlace(base: readonly string[], options: readonly string[]): readonly string[] {
  return options.includes("--point") ? base.slice(4) : base;
}
