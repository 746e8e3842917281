import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { readConfig } from "../../server/runtime/config.ts";
import { openStores } from "../../server/runtime/stores/stores.ts";
import { createDocumentClient } from "../../server/store/dynamo/dynamo-client.ts";
import { fill, openCityStore } from "../../test/kit/cities/city-store.ts";
import type { Report } from "../../tiles/report.ts";

/** The whole server, client and all, in a process of its own. */
export interface ClientSite {
  readonly url: string;
  close(): Promise<void>;
}

const quiet = { debug() {}, info() {}, warn() {}, error() {} };

/** With the three seeded cities in memory. */
export function startSeededSite(): Promise<ClientSite> {
  return startSite({ DATA_DIR: "memory" });
}

/** With these reports and nothing else. */
export async function startFilledSite(reports: Iterable<Report>): Promise<ClientSite> {
  const stores = openStores(readConfig({ DATA_DIR: "memory" }), { role: "server", log: quiet });
  try {
    const [{ endpoint = "", tableName: table }, database] = await Promise.all([stores.dynamo(), stores.database()]);
    const client = createDocumentClient({ endpoint, credentials: { accessKeyId: "local", secretAccessKey: "local" } });
    const city = openCityStore({ client, table, clock: { now: Date.now } });
    await city.store.migrate();
    await fill(city, reports);
    await city.compactor.run();
    await city.store.close();
    const site = await startSite({ DYNAMODB_ENDPOINT: endpoint, DATABASE_URL: database.url, SEED: "off" });
    return {
      url: site.url,
      async close() {
        await site.close();
        await stores.close();
      },
    };
  } catch (error) {
    await stores.close();
    throw error;
  }
}

async function startSite(settings: Readonly<Record<string, string | undefined>>): Promise<ClientSite> {
  const env = {
    ...process.env,
    HOST: "127.0.0.1",
    PORT: "0",
    BENCH_CLIENT: "on",
    REPORTS_PER_MINUTE: "1000000",
    READ_UNITS_PER_MINUTE: "100000000",
    ...settings,
  };
  const child = fork(new URL("../kit/server-process.ts", import.meta.url), {
    env,
    stdio: ["ignore", "ignore", "inherit", "ipc"],
  });
  const url = String((await Promise.race([once(child, "message"), ended(child)]))[0]);
  // The basemap's data is megabytes of JSON, read at the first tile.
  await fetch(`${url}/basemap/0/0/0.pbf`);
  return {
    url,
    async close() {
      // One that is gone already has no channel: why it went is the error to be told, not this.
      if (!child.connected) return;
      const closed = once(child, "exit");
      child.disconnect();
      await closed;
    },
  };
}

async function ended(child: ChildProcess): Promise<never> {
  const [code] = await once(child, "exit");
  throw new Error(`the server ended with ${code}`);
}
