import { readConfig } from "./config.ts";
import { createLog } from "./log.ts";
import { exitOnError } from "./operator-error.ts";
import { type RunningServer, startServer } from "./serve.ts";
import { createTerminal } from "./terminal.ts";

/** `npm start`: the whole product in one process, until it is told to stop. */

/** A stop that takes longer hangs; what was acknowledged is on disk either way. */
const STOP_LIMIT_MS = 12_000;
const SAME_SIGNAL_MS = 1_000;

try {
  const config = readConfig(process.env);
  const terminal = createTerminal(process.stdout);
  const pretty = process.stdout.isTTY ?? false;
  const write = pretty ? (line: string) => terminal.line(line.trimEnd()) : (line: string) => process.stdout.write(line);
  const log = createLog({ level: config.logLevel, pretty, write, now: Date.now });
  const startMs = performance.now();
  const server = await startServer(config, { log, steps: terminal });
  stopOnSignal(server, terminal.line);
  terminal.line(
    `STRATUM is at ${server.url} after ${((performance.now() - startMs) / 1000).toFixed(1)} s (Ctrl-C stops it)`,
  );
} catch (error) {
  exitOnError(error);
}

/**
 * The first signal stops in order, a second one at once; but npm passes on the Ctrl-C that the terminal has already sent to
 * us, so what follows within a moment is the same one.
 */
function stopOnSignal(server: RunningServer, say: (text: string) => void): void {
  let stoppingSinceMs: number | undefined;
  const stop = async () => {
    if (stoppingSinceMs !== undefined) {
      if (performance.now() - stoppingSinceMs > SAME_SIGNAL_MS) process.exit(130);
      return;
    }
    stoppingSinceMs = performance.now();
    say("stopping");
    setTimeout(() => process.exit(1), STOP_LIMIT_MS).unref();
    await server.close();
    say("stopped");
    process.exit(0);
  };
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => void stop());
}
