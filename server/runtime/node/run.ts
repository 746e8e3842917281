import { DEMO_EMAIL, DEMO_PASSWORD } from "../../accounts/auth/demo-account.ts";
import { endWhenRefused } from "../../console/end-when-refused.ts";
import { createLog, type Log } from "../../console/log.ts";
import { exitOnError } from "../../console/operator-error.ts";
import { refuseArguments } from "../../console/parse-options.ts";
import { stopOnSignal } from "../../console/stop-on-signal.ts";
import { createTerminal, type Terminal } from "../../console/terminal.ts";
import { type Config, readConfig } from "../config.ts";
import { missingOfAccounts } from "./accounts.ts";
import { type RunningServer, startServer } from "./serve.ts";
import { startSharedWork } from "./shared-work.ts";
import { startWorkers, tellFirstProcess, type WorkerPart, workerPart } from "./workers.ts";

/** The whole product, or a worker's part of it, until it is told to stop; says on the terminal where it is, or why it is not. */
export async function run(): Promise<void> {
  const part = workerPart(process.env);
  try {
    if (part === undefined) refuseArguments(process.argv.slice(2));
    const config = readConfig(process.env);
    const terminal = createTerminal(process.stdout);
    const log = logTo(terminal, config);
    await (part === undefined ? runFirst(config, terminal, log) : runWorker(part, config, log));
  } catch (error) {
    if (part === undefined) return exitOnError(error);
    // The first process says it.
    tellFirstProcess({ fault: (error as Error).message });
    process.exit(1);
  }
}

function logTo(terminal: Terminal, { logLevel: level }: Config): Log {
  const pretty = process.stdout.isTTY ?? false;
  const write = pretty ? (line: string) => terminal.line(line.trimEnd()) : (line: string) => process.stdout.write(line);
  return createLog({ level, pretty, write, now: Date.now });
}

async function runFirst(config: Config, terminal: Terminal, log: Log): Promise<void> {
  const options = { log, steps: terminal };
  const server = config.workers > 1 ? await startWorkers(config, options) : await startServer(config, options);
  stopOnSignal(server, terminal.line);
  const missing = missingOfAccounts(config);
  if (missing !== undefined) log.warn(missing);
  terminal.line(`STRATUM is at ${server.url} after ${(performance.now() / 1000).toFixed(1)} s (Ctrl-C stops it)`);
  void tellOfDemo(server, terminal);
  await endWhenRefused(server, log);
}

/** Not before it works: on a first start PostgreSQL is made behind everything else. */
async function tellOfDemo({ url, demo }: RunningServer, terminal: Terminal): Promise<void> {
  if (!(await demo)) return;
  terminal.line(`The dashboards are at ${url}/dashboard: sign in as ${DEMO_EMAIL} with ${DEMO_PASSWORD}`);
}

async function runWorker(part: WorkerPart, config: Config, log: Log): Promise<void> {
  if (part === "work") {
    stopOnSignal(await startSharedWork(config, log), () => {});
    return tellFirstProcess({ url: "" });
  }
  const server = await startServer(config, { log, part });
  stopOnSignal(server, () => {});
  tellFirstProcess({ url: server.url });
}
