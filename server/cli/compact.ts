import { setTimeout as sleep } from "node:timers/promises";
import { exitOnError, OperatorError } from "../console/operator-error.ts";
import { parseOnlyOptions } from "../console/parse-options.ts";
import { createTerminal } from "../console/terminal.ts";
import { openCommandStore } from "./command-store.ts";
import { compactAll } from "./compact-all.ts";

/**
 * `npm run compact`: makes what tiles are read from out of the report log, until nothing is left to do. `-- --every 60` goes on,
 * every so many seconds, until Ctrl-C; `-- --rebuild` makes everything anew. Whatever ends it, the next one goes on from there.
 */
try {
  const values = parseOnlyOptions(process.argv.slice(2), { every: { type: "string" }, rebuild: { type: "boolean" } });
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
        const { cells, cellAggregates, done } = await compactAll(compactor, {
          rebuild,
          signal: stop.signal,
          onProgress: (count, of) => note(`${count} of ${of} cells`),
        });
        note(
          `${cells} cells, ${cellAggregates} cell aggregates${done ? "" : "; not all is done, the next run goes on"}`,
        );
      });
      if (everySeconds === undefined) break;
      await sleep(1000 * everySeconds, undefined, { signal: stop.signal }).catch(() => {});
    }
  } finally {
    await close();
  }
} catch (error) {
  exitOnError(error);
}
