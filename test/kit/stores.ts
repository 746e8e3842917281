import { silentLog } from "../../server/console/log.ts";
import type { DatabaseAddress } from "../../server/postgres/pool.ts";
import { type Config, readConfig } from "../../server/runtime/config.ts";
import { type DynamoAddress, openStores } from "../../server/runtime/stores/stores.ts";

/** Both embedded stores in memory, for any number of servers. */
export interface SharedStores {
  readonly dynamo: DynamoAddress;
  readonly database: DatabaseAddress;
  /** Configuration of a Node server on them, on a free port. */
  readonly config: Config;
  close(): Promise<void>;
}

export async function openSharedStores(): Promise<SharedStores> {
  const stores = openStores(readConfig({ DATA_DIR: "memory" }), { role: "server", log: silentLog });
  const [dynamo, database] = await Promise.all([stores.dynamo(), stores.database()]);
  const config = readConfig({
    PORT: "0",
    SEED: "off",
    DYNAMODB_ENDPOINT: dynamo.endpoint,
    DATABASE_URL: database.url,
    REPORTS_PER_MINUTE: "100000",
    READ_UNITS_PER_MINUTE: "100000000",
    // Tests say whom a request is from.
    TRUSTED_PROXIES: "1",
  });
  return { dynamo, database, config, close: () => stores.close() };
}
