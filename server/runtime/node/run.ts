import { endWhenRefused } from "../../console/end-when-refused.ts";
import { createLog } from "../../console/log.ts";
import { exitOnError } from "../../console/operator-error.ts";
import { stopOnSignal } from "../../console/stop-on-signal.ts";
import { createTerminal } from "../../console/terminal.ts";
import { readConfig } from "../config.ts";
import { startServer } from "./serve.ts";

/** The whole product in one process, until it is told to stop; says on the terminal where it is, or why it is not. */
export async function run(): Promise<void> {
  try {
    const config = readConfig(process.env);
    const terminal = createTerminal(process.stdout);
    const pretty = process.stdout.isTTY ?? false;
    const write = pretty
      ? (line: string) => terminal.line(line.trimEnd())
      : (line: string) => process.stdout.write(line);
    const log = createLog({ level: config.logLevel, pretty, write, now: Date.now });
    const server = await startServer(config, { log, steps: terminal });
    stopOnSignal(server, terminal.line);
    terminal.line(`STRATUM is at ${server.url} after ${(performance.now() / 1000).toFixed(1)} s (Ctrl-C stops it)`);
    await endWhenRefused(server, log);
  } catch (error) {
    exitOnError(error);
  }
}
