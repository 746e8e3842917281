import { silentLog } from "../../../../server/console/log.ts";
import { createPool } from "../../../../server/postgres/pool.ts";
import { readConfig } from "../../../../server/runtime/config.ts";
import { openReports } from "../../../../server/runtime/stores/open-reports.ts";
import { openStores } from "../../../../server/runtime/stores/stores.ts";
import { makeReport } from "./report.ts";

/**
 * A process of its own that owns DATA_DIR, run by `stores.test.ts`: opens both stores, says "open", writes without pause and
 * says of each write that was acknowledged "r <report id>" or "n <number of the row>", until it is killed.
 */
const clock = { now: Date.now };
const stores = openStores(readConfig(process.env), { role: "server", log: silentLog });
const [store, pool] = await Promise.all([
  openReports(stores, { clock, log: silentLog }).then((reports) => reports.store),
  stores.database().then((address) => createPool(address, silentLog)),
]);
await store.migrate();
await pool.query("CREATE TABLE IF NOT EXISTS acknowledged (n integer PRIMARY KEY, filler text)");
console.log("open");

async function writeReports(): Promise<void> {
  for (let n = 0; ; n++) {
    const report = makeReport(n);
    await store.put(report);
    console.log(`r ${report.id}`);
  }
}

async function writeRows(): Promise<void> {
  for (let n = 0; ; n++) {
    await pool.query("INSERT INTO acknowledged VALUES ($1, $2)", [n, "x".repeat(200)]);
    console.log(`n ${n}`);
  }
}

if (process.env.IDLE === undefined) await Promise.all([writeReports(), writeRows()]);
