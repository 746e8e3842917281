import { exitOnError } from "../console/operator-error.ts";
import { parseCommandLine, USAGE } from "../import/command-line.ts";
import { importFile } from "../import/import-file.ts";
import { formatRuns } from "../import/keeping/run-list.ts";
import { untilTold } from "../import/keeping/until-told.ts";
import { createProgressDisplay } from "../import/progress.ts";
import { formatSummary } from "../import/summary.ts";
import { openCommandStore, SYSTEM_CLOCK } from "./command-store.ts";
import { compactAll } from "./compact-all.ts";

const INTERRUPTED = 130;
const FAILED = 1;
const SAME_SIGNAL_MS = 1_000;
/** After fewer, whoever starts next is not kept long by reading them once more. */
const MANY_REPORTS = 10_000;

/** Runs the command; returns the exit code. */
async function run(args: readonly string[]): Promise<number> {
  const command = parseCommandLine(args);
  if (command === "help") {
    process.stdout.write(USAGE);
    return 0;
  }
  if ("runs" in command) return runsCommand();
  const signal = abortOnSignals();
  const display = createProgressDisplay({
    write: (text) => process.stderr.write(text),
    isTTY: process.stderr.isTTY === true,
    now: SYSTEM_CLOCK.now,
  });
  const { store, derived, compactor, close } = await openCommandStore(process.env);
  try {
    const summary = await importFile({
      ...command,
      store,
      derived,
      clock: SYSTEM_CLOCK,
      signal,
      onProgress: display.show,
    });
    display.end();
    // Else the first to look at the map would wait while a server reads every row that is new.
    if (summary.written > 0 && !summary.interrupted && !command.dryRun) {
      if (summary.written >= MANY_REPORTS) await untilTold(store, signal);
      const { cells, done } = await compactAll(compactor, { signal });
      process.stderr.write(
        done ? `Compacted ${cells} cells: the map is ready\n` : "Compaction ended; the next one goes on\n",
      );
    }
    process.stdout.write(formatSummary(summary, command));
    if (summary.failure !== undefined) process.stderr.write(`${summary.failure}\n`);
    if (summary.interrupted) return INTERRUPTED;
    return summary.failure === undefined ? 0 : FAILED;
  } finally {
    display.end();
    await close();
  }
}

async function runsCommand(): Promise<number> {
  const { derived, close } = await openCommandStore(process.env);
  try {
    process.stdout.write(await formatRuns({ derived, clock: SYSTEM_CLOCK }));
    return 0;
  } finally {
    await close();
  }
}

/**
 * Aborts on the first signal and ends the process on a second one, which loses nothing but the count. npm passes on the
 * Ctrl-C that the terminal has already sent to us, so what follows within a moment is the same one.
 */
function abortOnSignals(): AbortSignal {
  const abort = new AbortController();
  let firstMs = Number.NaN;
  const stop = (): void => {
    if (performance.now() - firstMs > SAME_SIGNAL_MS) process.exit(INTERRUPTED);
    if (abort.signal.aborted) return;
    firstMs = performance.now();
    abort.abort();
  };
  process.on("SIGINT", stop);
  process.on("SIGTERM", stop);
  return abort.signal;
}

process.exitCode = await run(process.argv.slice(2)).catch(exitOnError);
