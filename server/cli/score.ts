import { createLog } from "../console/log.ts";
import { exitOnError } from "../console/operator-error.ts";
import { refuseArguments } from "../console/parse-options.ts";
import { createTerminal } from "../console/terminal.ts";
import { createOwnAreaScorer, type OwnAreaScorer } from "../own-areas/own-area-scorer.ts";
import { explain } from "../postgres/database.ts";
import { migrateDatabase } from "../postgres/migrate.ts";
import { createPool } from "../postgres/pool.ts";
import { sqlOfPool } from "../postgres/sql.ts";
import { createCompactor } from "../pyramid/compactor.ts";
import { readConfig } from "../runtime/config.ts";
import { migrateReportStore, openReports } from "../runtime/stores/open-reports.ts";
import { openStores } from "../runtime/stores/stores.ts";
import { createAreaScorer } from "../scores/area-scorer.ts";
import { createPastScores } from "../scores/past-scores.ts";
import { createScorer } from "../scores/scorer.ts";
import { compactAll } from "./compact-all.ts";

/** `npm run score`: compacts, then scores what changed since it was last scored, by whomever. */
try {
  refuseArguments(process.argv.slice(2));
  const config = readConfig(process.env);
  const terminal = createTerminal(process.stdout);
  const write = (line: string) => terminal.line(line.trimEnd());
  const log = createLog({ level: config.logLevel, pretty: true, write, now: Date.now });
  const clock = { now: Date.now };
  const stores = openStores(config, { role: "command", log });
  try {
    const { store, derived } = await openReports(stores, { clock, log });
    await migrateReportStore(store, config.dynamo);
    const pool = createPool(await stores.database(), log);
    try {
      await migrateDatabase(pool);
      await terminal.run("compact", async (note) => {
        const { cells } = await compactAll(createCompactor({ store, derived, clock, log }));
        note(`${cells} cells`);
      });
      await terminal.run("score", async (note) => {
        const sql = sqlOfPool(pool);
        const { neighborhoods, rows } = await createScorer({ store, derived, sql, clock, log }).run();
        const areaScorer = createAreaScorer({ store, derived, sql, clock, log });
        const areas = await areaScorer.run();
        const own = await scoreOwnAreas(createOwnAreaScorer({ store, sql, clock, log, pyramid: areaScorer.pyramid }));
        const past = await createPastScores({ sql, clock }).fill();
        note(
          `${neighborhoods} neighbourhoods, ${rows + areas.rows + own} rows written${past > 0 ? `, ${past} of past days` : ""}`,
        );
      });
    } finally {
      await pool.end();
    }
    await store.close();
  } finally {
    await stores.close();
  }
} catch (error) {
  exitOnError(explain(error));
}

/** Until nothing of them is left to do; returns the number of rows. */
async function scoreOwnAreas(scorer: OwnAreaScorer): Promise<number> {
  let rows = 0;
  for (;;) {
    const done = await scorer.run();
    rows += done.rows;
    if (done.cells === 0 && done.areas === 0) return rows;
  }
}
