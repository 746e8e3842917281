import { parseArgs } from "node:util";
import { readConfig } from "../config.ts";
import { openStores } from "../embedded/stores.ts";
import { createLog } from "../log.ts";
import { migrateReportStore, openLogAndDerived } from "../open-report-store.ts";
import { exitOnError, OperatorError } from "../operator-error.ts";
import { createCompactor } from "../pyramid/compactor.ts";
import { createTerminal } from "../terminal.ts";

/**
 * `npm run compact`: makes what tiles are read from out of the report log, once. `-- --every 60` goes on, every so many
 * seconds; `-- --rebuild` makes everything anew.
 */
try {
  const { values } = parseArgs({ options: { every: { type: "string" }, rebuild: { type: "boolean" } } });
  const everySeconds = values.every === undefined ? undefined : Number(values.every);
  if (everySeconds !== undefined && !(everySeconds >= 1)) {
    throw new OperatorError(`--every ${values.every}: a number of seconds, at least 1`);
  }
  const config = readConfig(process.env);
  const terminal = createTerminal(process.stdout);
  const write = (line: string) => terminal.line(line.trimEnd());
  const log = createLog({ level: config.logLevel, pretty: true, write, now: Date.now });
  const clock = { now: Date.now };
  const stores = openStores(config, { role: "command", log });
  try {
    const { store, derived } = await openLogAndDerived(stores, clock);
    await migrateReportStore(store, config.dynamo);
    const compactor = createCompactor({ store, derived, clock, log });
    let again = true;
    process.once("SIGINT", () => {
      again = false;
    });
    for (let rebuild = values.rebuild === true; again; rebuild = false) {
      await terminal.run(rebuild ? "rebuild" : "compact", async (note) => {
        const { cells, slices } = rebuild ? await compactor.rebuild() : await compactor.run();
        note(`${cells} cells, ${slices} slices`);
      });
      again &&= everySeconds !== undefined;
      if (again) await new Promise((resolve) => setTimeout(resolve, 1000 * (everySeconds ?? 0)));
    }
    await store.close();
  } finally {
    await stores.close();
  }
} catch (error) {
  exitOnError(error);
}
