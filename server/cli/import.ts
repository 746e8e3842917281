import { parseCommandLine, USAGE } from "../import/command-line.ts";
import { importFile } from "../import/import-file.ts";
import { createProgressDisplay } from "../import/progress.ts";
import { formatSummary } from "../import/summary.ts";
import { exitOnError } from "../operator-error.ts";
import { openCommandStore, SYSTEM_CLOCK } from "./command-store.ts";

const INTERRUPTED = 130;

/** Runs the command; returns the exit code. */
async function run(args: readonly string[]): Promise<number> {
  const command = parseCommandLine(args);
  if (command === "help") {
    process.stdout.write(USAGE);
    return 0;
  }
  const abort = new AbortController();
  // Once: a second Ctrl-C ends the process at once, which loses nothing but the count.
  process.once("SIGINT", () => abort.abort());
  process.once("SIGTERM", () => abort.abort());
  const display = createProgressDisplay({
    write: (text) => process.stderr.write(text),
    isTTY: process.stderr.isTTY === true,
    now: SYSTEM_CLOCK.now,
  });
  const store = await openCommandStore(process.env);
  try {
    const summary = await importFile({
      ...command,
      store,
      clock: SYSTEM_CLOCK,
      signal: abort.signal,
      onProgress: display.show,
    });
    display.end();
    process.stdout.write(formatSummary(summary, command));
    return summary.interrupted ? INTERRUPTED : 0;
  } finally {
    display.end();
    await store.close();
  }
}

process.exitCode = await run(process.argv.slice(2)).catch(exitOnError);
