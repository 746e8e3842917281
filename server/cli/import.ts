import { exitOnError } from "../console/operator-error.ts";
import { printable } from "../console/printable.ts";
import { userPath } from "../console/user-path.ts";
import { parseCommandLine } from "../import/command-line.ts";
import { isAddress } from "../import/feeds/address.ts";
import { STDIN_PATH } from "../import/files/stdin-file.ts";
import { importFile } from "../import/import-file.ts";
import type { ImportOptions, ImportSummary } from "../import/import-options.ts";
import { formatRuns } from "../import/keeping/run-list.ts";
import { undoRun } from "../import/keeping/undo.ts";
import { untilTold } from "../import/keeping/until-told.ts";
import { findProfile } from "../import/profiles/named-profiles.ts";
import { createProgressDisplay } from "../import/progress.ts";
import type { RunsCommand } from "../import/runs-command.ts";
import { formatSummary } from "../import/summary.ts";
import { createUndoDisplay, formatUndone } from "../import/undo-summary.ts";
import { USAGE } from "../import/usage.ts";
import { type CommandStore, openCommandStore, SYSTEM_CLOCK } from "./command-store.ts";
import { compactAll } from "./compact-all.ts";
import { importAddress, importForever } from "./import-feed.ts";

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
  const { watchMs, profile: profileName, ...rest } = command;
  const profile = profileName === undefined ? undefined : await findProfile(whereItIs(profileName, /[/\\.]/));
  const opened = await openCommandStore(process.env);
  const { store, derived, close } = opened;
  const paths = {
    path: whereItIs(command.path),
    rejectsPath: command.rejectsPath === undefined ? undefined : userPath(command.rejectsPath),
  };
  const options = { ...rest, ...paths, profile, store, derived, clock: SYSTEM_CLOCK };
  try {
    if (watchMs !== undefined) {
      // The round in hand is imported to its end: it is not told of the signal.
      const importFile = (each: ImportOptions) => importInto(opened, each);
      const say = (line: string): void => void process.stdout.write(`${printable(line)}\n`);
      await importForever({ options, signal, importFile }, { everyMs: watchMs, say });
      return 0;
    }
    const importFile = (each: ImportOptions) => importInto(opened, { ...each, signal });
    const summary = await (isAddress(command.path)
      ? importAddress({ options, signal, importFile }, (line) => void process.stderr.write(`${printable(line)}\n`))
      : importFile(options));
    if (summary === undefined) return INTERRUPTED;
    process.stdout.write(formatSummary(summary, command));
    if (summary.failure !== undefined) process.stderr.write(`${printable(summary.failure)}\n`);
    if (summary.interrupted) return INTERRUPTED;
    return summary.failure === undefined ? 0 : FAILED;
  } finally {
    await close();
  }
}

/** What names a file, by its folder; an address, standard input, and what does not look like a path are as they are. */
function whereItIs(path: string, looks = /./): string {
  return path === STDIN_PATH || isAddress(path) || !looks.test(path) ? path : userPath(path);
}

/** Imports a file, shows how far it is, and compacts what it wrote. */
async function importInto({ store, compactor }: CommandStore, options: ImportOptions): Promise<ImportSummary> {
  const { signal, dryRun } = options;
  const display = createProgressDisplay({
    write: (text) => process.stderr.write(text),
    isTTY: process.stderr.isTTY === true,
    now: SYSTEM_CLOCK.now,
  });
  try {
    const summary = await importFile({ ...options, onProgress: display.show });
    display.end();
    // Else the first to look at the map would wait while a server reads every row that is new.
    const stored = summary.written + summary.replaced;
    if (stored > 0 && !summary.interrupted && !dryRun) await compact({ store, compactor }, stored, signal);
    return summary;
  } finally {
    display.end();
  }
}

type Compacted = Pick<CommandStore, "store" | "compactor">;

async function compact({ store, compactor }: Compacted, changed: number, signal?: AbortSignal): Promise<void> {
  if (changed >= MANY_REPORTS) await untilTold(store, signal);
  const { cells, done } = await compactAll(compactor, signal === undefined ? {} : { signal });
  process.stderr.write(
    done ? `Compacted ${cells} cells: the map is ready\n` : "Compaction ended; the next one goes on\n",
  );
}

async function runsCommand({ runs }: RunsCommand, signal: AbortSignal): Promise<number> {
  const commandStore = await openCommandStore(process.env);
  const { store, derived, close } = commandStore;
  try {
    if (runs === "list") {
      process.stdout.write(printable(await formatRuns({ derived, clock: SYSTEM_CLOCK })));
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
