import { endWhenRefused } from "../console/end-when-refused.ts";
import { createLog } from "../console/log.ts";
import { exitOnError } from "../console/operator-error.ts";
import { refuseArguments } from "../console/parse-options.ts";
import { stopOnSignal } from "../console/stop-on-signal.ts";
import { createTerminal } from "../console/terminal.ts";
import { readConfig } from "../runtime/config.ts";
import { startEdge } from "../runtime/local-worker/serve-edge.ts";

/** `npm run edge`: the Worker in local workerd, until it is told to stop. On a port of its own, so that it runs beside `npm start`. */
try {
  refuseArguments(process.argv.slice(2));
  const config = readConfig({ ...process.env, PORT: process.env.PORT || "8788" });
  const terminal = createTerminal(process.stdout);
  const write = (line: string) => terminal.line(line.trimEnd());
  const log = createLog({ level: config.logLevel, pretty: true, write, now: Date.now });
  const edge = await startEdge(config, log, terminal);
  stopOnSignal(edge, terminal.line);
  terminal.line(`The Worker is at ${edge.url} (Ctrl-C stops it)`);
  await endWhenRefused(edge, log);
} catch (error) {
  exitOnError(error);
}
