import { exitOnError } from "../console/operator-error.ts";
import { parseCommandLine, USAGE } from "../import/command-line.ts";
import { importFile } from "../import/import-file.ts";
import { formatRuns } from "../import/keeping/run-list.ts";
import { undoRun } from "../import/keeping/undo.ts";
import { untilTold } from "../import/keeping/until-told.ts";
import { createProgressDisplay } from "../import/progress.ts";
import type { RunsCommand } from "../import/runs-command.ts";
import { formatSummary } from "../import/summary.ts";
import { createUndoDisplay, formatUndone } from "../import/undo-summary.ts";
import { type CommandStore, openCommandStore, SYSTEM_CLOCK } from "./command-store.ts";
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
  const signal = abortOnSignals();
  if ("runs" in command) return runsCommand(command, signal);
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
    const stored = summary.written + summary.replaced;
    if (stored > 0 && !summary.interrupted && !command.dryRun) await compact({ store, compactor }, stored, signal);
    process.stdout.write(formatSummary(summary, command));
    if (summary.failure !== undefined) process.stderr.write(`${summary.failure}\n`);
    if (summary.interrupted) return INTERRUPTED;
    return summary.failure === undefined ? 0 : FAILED;
  } finally {
    display.end();
    await close();
  }
}

type Compacted = Pick<CommandStore, "store" | "compactor">;

async function compact({ store, compactor }: Compacted, changed: number, signal: AbortSignal): Promise<void> {
  if (changed >= MANY_REPORTS) await untilTold(store, signal);
  const { cells, done } = await compactAll(compactor, { signal });
  process.stderr.write(
    done ? `Compacted ${cells} cells: the map is ready\n` : "Compaction ended; the next one goes on\n",
  );
}

async function runsCommand({ runs }: RunsCommand, signal: AbortSignal): Promise<number> {
  const commandStore = await openCommandStore(process.env);
  const { store, derived, close } = commandStore;
  try {
    if (runs === "list") {
      process.stdout.write(await formatRuns({ derived, clock: SYSTEM_CLOCK }));
      return 0;
    }
    const show = createUndoDisplay((text) => process.stderr.write(text), SYSTEM_CLOCK.now);
    const outcome = await undoRun({ store, derived, clock: SYSTEM_CLOCK, runId: runs.undo, signal, onProgress: show });
    if (outcome !== "interrupted") await compact(commandStore, outcome.removed + outcome.restored, signal);
    process.stdout.write(formatUndone(runs.undo, outcome));
    return outcome === "interrupted" ? INTERRUPTED : 0;
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
