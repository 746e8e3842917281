import { silentLog } from "../../server/console/log.ts";
import { createCompactor } from "../../server/pyramid/compactor.ts";
import { readConfig } from "../../server/runtime/config.ts";
import { startServer } from "../../server/runtime/node/serve.ts";
import { createDynamoDerivedStore } from "../../server/store/dynamo/derived-dynamo.ts";
import { createDynamoStore } from "../../server/store/dynamo/dynamo.ts";
import { createDocumentClient, EMULATOR_CREDENTIALS } from "../../server/store/dynamo/dynamo-client.ts";
import { startDynalite } from "../kit/dynamo/dynalite-server.ts";
import { type FaultProxy, startFaultProxy } from "../kit/dynamo/fault-proxy.ts";
import { storedReports } from "../kit/dynamo/stored-reports.ts";

/** A server of its own in this process, with a fault proxy of its own before the DynamoDB that it shares. */
export interface FaultyServer {
  readonly url: string;
  readonly faults: FaultProxy["faults"];
  /** Ends it as SIGKILL does, as far as the store can tell: nothing that it has not sent gets there. */
  kill(): Promise<void>;
}

/** Servers on one table. */
export interface FaultyServers {
  start(): Promise<FaultyServer>;
  /** Ids of the reports that are stored. */
  stored(): Promise<string[]>;
  /** `npm run compact -- --rebuild`. */
  rebuild(): Promise<void>;
  close(): Promise<void>;
}

/** Nothing listens there: neither tiles nor reports need PostgreSQL, and an embedded one takes 5 s of CPU to start. */
const NO_DATABASE = "postgres://nobody@127.0.0.1:9/none?sslmode=disable";

export async function openFaultyServers(): Promise<FaultyServers> {
  const table = "faulty";
  const dynalite = await startDynalite();
  const running = new Set<{ close(): Promise<void> }>();
  return {
    async start() {
      const proxy = await startFaultProxy(dynalite.endpoint);
      const config = readConfig({
        PORT: "0",
        SEED: "off",
        DYNAMODB_ENDPOINT: proxy.endpoint,
        DYNAMODB_TABLE: table,
        DATABASE_URL: NO_DATABASE,
      });
      const server = await startServer(config, { client: false });
      const close = async () => {
        running.delete(part);
        await Promise.all([proxy.close(), server.close()]);
      };
      const part = { close };
      running.add(part);
      return { url: server.url, faults: proxy.faults, kill: close };
    },
    stored: () => storedReports(dynalite.endpoint, table),
    async rebuild() {
      const client = createDocumentClient({ endpoint: dynalite.endpoint, credentials: EMULATOR_CREDENTIALS });
      const options = { client, table, clock: { now: Date.now } };
      const parts = { store: createDynamoStore(options), derived: createDynamoDerivedStore(options) };
      await createCompactor({ ...parts, clock: options.clock, log: silentLog }).rebuild();
      await parts.store.close();
    },
    async close() {
      await Promise.all([...running].map((server) => server.close()));
      await dynalite.stop();
    },
  };
}
