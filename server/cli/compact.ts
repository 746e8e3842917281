import { parseArgs } from "node:util";
import { exitOnError, OperatorError } from "../console/operator-error.ts";
import { createTerminal } from "../console/terminal.ts";
import { openCommandStore } from "./command-store.ts";

/**
 * `npm run compact`: makes what tiles are read from out of the report log, once. `-- --every 60` goes on, every so many
 * seconds, until Ctrl-C; `-- --rebuild` makes everything anew.
 */
try {
  const { values } = parseArgs({ options: { every: { type: "string" }, rebuild: { type: "boolean" } } });
  const everySeconds = values.every === undefined ? undefined : Number(values.every);
  if (everySeconds !== undefined && !(everySeconds >= 1)) {
    throw new OperatorError(`--every ${values.every}: a number of seconds, at least 1`);
  }
  const terminal = createTerminal(process.stdout);
  const { compactor, close } = await openCommandStore(process.env);
  const stop = new AbortController();
  process.once("SIGINT", () => stop.abort());
  try {
    for (let rebuild = values.rebuild === true; !stop.signal.aborted; rebuild = false) {
      await terminal.run(rebuild ? "rebuild" : "compact", async (note) => {
        const { cells, slices } = rebuild ? await compactor.rebuild() : await compactor.run();
        note(`${cells} cells, ${slices} slices`);
      });
      if (everySeconds === undefined) break;
      await pause(1000 * everySeconds, stop.signal);
    }
  } finally {
    await close();
  }
} catch (error) {
  exitOnError(error);
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener("abort", () => {
      clearTimeout(timer);
      resolve();
    });
  });
}
