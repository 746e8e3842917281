import { endWhenRefused } from "./console/end-when-refused.ts";
import { createLog } from "./console/log.ts";
import { exitOnError } from "./console/operator-error.ts";
import { stopOnSignal } from "./console/stop-on-signal.ts";
import { createTerminal } from "./console/terminal.ts";
import { readConfig } from "./runtime/config.ts";
import { startServer } from "./runtime/node/serve.ts";
import { startSharedWork } from "./runtime/node/shared-work.ts";
import { startWorkers, tellFirstProcess, type WorkerPart, workerPart } from "./runtime/node/workers.ts";

/** `npm start`: the whole product, in one process or several, until it is told to stop. */

const terminal = createTerminal(process.stdout);

function openLog(level: ReturnType<typeof readConfig>["logLevel"]) {
  const pretty = process.stdout.isTTY ?? false;
  const write = pretty ? (line: string) => terminal.line(line.trimEnd()) : (line: string) => process.stdout.write(line);
  return createLog({ level, pretty, write, now: Date.now });
}

async function start(): Promise<void> {
  const config = readConfig(process.env);
  const log = openLog(config.logLevel);
  const options = { log, steps: terminal };
  const server = config.workers > 1 ? await startWorkers(config, options) : await startServer(config, options);
  stopOnSignal(server, terminal.line);
  const seconds = (performance.now() / 1000).toFixed(1);
  terminal.line(`STRATUM is at ${server.url} after ${seconds} s (Ctrl-C stops it)`);
  await endWhenRefused(server, log);
}

/** What the first process says, a worker does not say again. */
async function startWorker(part: WorkerPart): Promise<void> {
  try {
    const config = readConfig(process.env);
    const log = openLog(config.logLevel);
    if (part === "work") {
      stopOnSignal(await startSharedWork(config, log), () => {});
      return tellFirstProcess({ url: "" });
    }
    const server = await startServer(config, { log, part });
    stopOnSignal(server, () => {});
    tellFirstProcess({ url: server.url });
  } catch (error) {
    tellFirstProcess({ fault: (error as Error).message });
    throw error;
  }
}

const part = workerPart(process.env);
try {
  await (part === undefined ? start() : startWorker(part));
} catch (error) {
  if (part === undefined) exitOnError(error);
  else process.exit(1);
}
