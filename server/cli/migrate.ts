import { createLog } from "../console/log.ts";
import { exitOnError } from "../console/operator-error.ts";
import { refuseArguments } from "../console/parse-options.ts";
import { createTerminal } from "../console/terminal.ts";
import { explain } from "../postgres/database.ts";
import { migrateDatabase } from "../postgres/migrate.ts";
import { createPool } from "../postgres/pool.ts";
import { readConfig } from "../runtime/config.ts";
import { migrateReportStore, openReports } from "../runtime/stores/open-reports.ts";
import { openStores } from "../runtime/stores/stores.ts";

/** `npm run migrate`: the DynamoDB table and PostgreSQL's schema, wherever the environment says they are. */
try {
  refuseArguments(process.argv.slice(2));
  const config = readConfig(process.env);
  const terminal = createTerminal(process.stdout);
  const log = createLog({
    level: config.logLevel,
    pretty: true,
    write: (line) => terminal.line(line.trimEnd()),
    now: Date.now,
  });
  const stores = openStores(config, { role: "command", log });
  try {
    await terminal.run("reports", async (note) => {
      const { store } = await openReports(stores, { clock: { now: Date.now }, log });
      await migrateReportStore(store, config.dynamo);
      note(config.dynamo === undefined ? "embedded" : `table ${config.dynamo.tableName} is there`);
      await store.close();
    });
    await terminal.run("PostgreSQL", async (note) => {
      const pool = createPool(await stores.database(), log);
      const applied = await migrateDatabase(pool).finally(() => pool.end());
      note(
        applied.length === 0
          ? "up to date"
          : `applied ${applied.map(({ version, name }) => `${version} ${name}`).join(", ")}`,
      );
    });
  } finally {
    await stores.close();
  }
} catch (error) {
  exitOnError(explain(error));
}
