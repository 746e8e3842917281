import { join } from "node:path";
import { seedAreas } from "../../area-import/seed-areas.ts";
import type { Log } from "../../console/log.ts";
import { OperatorError } from "../../console/operator-error.ts";
import type { Steps, Terminal } from "../../console/terminal.ts";
import { createBackground } from "../../kit/background.ts";
import { createClosers } from "../../kit/closers.ts";
import { openDatabase } from "../../postgres/database.ts";
import { seedIfEmpty } from "../../seed/seed-if-empty.ts";
import type { Config } from "../config.ts";
import { assertPortFree } from "../node/listener.ts";
import { refusalOf, throwIfRefused } from "../stores/database-refusal.ts";
import { openDynamo } from "../stores/open-dynamo.ts";
import { migrateReportStore } from "../stores/open-reports.ts";
import { openStores, type Stores } from "../stores/stores.ts";
import { buildEdgeAssets } from "./assets.ts";
import { type LocalWorker, startLocalWorker } from "./local-worker.ts";

export interface RunningEdge {
  readonly url: string;
  /** As a server's (`serve.ts`). */
  readonly refusal: Promise<Error | undefined>;
  close(): Promise<void>;
}

/** As the cron trigger of `wrangler.toml`, which does not fire by itself here. */
const CRON_EVERY_MS = 5 * 60_000;

/**
 * Starts the Worker in local workerd on the stores of the configuration. A Worker asks over the network, so in place of the embedded
 * report store it has an emulator of DynamoDB, and with that a PostgreSQL of its own, in `edge/` of DATA_DIR.
 * @throws OperatorError when a setting, the port or the data directory is at fault. Nothing is left running then.
 */
export async function startEdge(given: Config, log: Log, terminal: Terminal): Promise<RunningEdge> {
  const config = ownDataDir(given);
  if (config.dynamo !== undefined && config.dynamo.credentials === undefined) {
    throw new OperatorError(
      "A Worker cannot use AWS profiles or roles: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.",
    );
  }
  await assertPortFree(config.host, config.port);
  const closers = createClosers(log);
  try {
    const stores = closers.add(openStores(config, { role: "server", log }));
    await stores.claim();
    const database = closers.add(openDatabase({ address: stores.database, log }));
    const refusal = refusalOf(database, config.databaseUrl === undefined ? "embedded" : "DATABASE_URL", terminal);
    const work = [prepareReports(config, stores, log, terminal), buildAssets(config, log, terminal)];
    // Nothing may still be opening when the stores are closed.
    for (const result of await Promise.allSettled(work)) if (result.status === "rejected") throw result.reason;
    await throwIfRefused(refusal);
    const worker = await terminal.run("workerd", () => startWorker(config, stores, terminal));
    closers.add(worker);
    const background = closers.add(createBackground(log));
    background.repeat(worker.scheduled, { name: "compaction", everyMs: CRON_EVERY_MS });
    return { url: worker.url, refusal, close: closers.close };
  } catch (error) {
    await closers.close();
    throw error;
  }
}

function ownDataDir(config: Config): Config {
  const { dynamo, dataDir } = config;
  return dynamo !== undefined || dataDir === undefined ? config : { ...config, dataDir: join(dataDir, "edge") };
}

async function prepareReports(config: Config, stores: Stores, log: Log, steps: Steps): Promise<void> {
  const clock = { now: Date.now };
  await steps.run("DynamoDB", async (note) => {
    const { store, derived } = openDynamo(await stores.dynamo(), { clock });
    try {
      await migrateReportStore(store, config.dynamo);
      const onBegin = () => seedAreas({ derived, clock, log });
      const written = config.seed ? await seedIfEmpty({ store, clock, onBegin }) : 0;
      if (written > 0) note(`seeded ${written} reports`);
    } finally {
      await store.close();
    }
  });
}

async function buildAssets(config: Config, log: Log, steps: Steps): Promise<void> {
  await steps.run("assets", () => buildEdgeAssets(log, config));
}

async function startWorker(config: Config, stores: Stores, terminal: Terminal): Promise<LocalWorker> {
  const { host, port, logLevel, reportsPerMinute, liveStreams, liveShards, edgeCache, basemapStyleUrl } = config;
  const {
    publicUrl,
    trustedProxies,
    forwardedHeaders,
    metricsToken,
    securityContact,
    profanity,
    proofOfWork,
    holdFloods,
  } = config;
  // workerd must know where PostgreSQL is: the embedded one listens once it is open, any other need not answer yet.
  const [dynamo, database] = await Promise.all([stores.dynamo(), stores.database()]);
  return startLocalWorker({
    dynamo,
    database,
    host,
    port,
    vars: {
      LOG_LEVEL: logLevel,
      REPORTS_PER_MINUTE: String(reportsPerMinute),
      READ_UNITS_PER_MINUTE: String(config.readUnitsPerMinute),
      PROFANITY: profanity,
      PROOF_OF_WORK: proofOfWork,
      HOLD_FLOODS: holdFloods,
      LIVE_STREAMS: String(liveStreams),
      LIVE_SHARDS: String(liveShards),
      EDGE_CACHE: edgeCache ? "on" : "off",
      TRUSTED_PROXIES: String(trustedProxies),
      ...(publicUrl === undefined ? {} : { PUBLIC_URL: publicUrl }),
      ...(forwardedHeaders === undefined ? {} : { FORWARDED_HEADERS: forwardedHeaders }),
      ...(metricsToken === undefined ? {} : { METRICS_TOKEN: metricsToken }),
      ...(securityContact === undefined ? {} : { SECURITY_CONTACT: securityContact }),
      ...(basemapStyleUrl === undefined ? {} : { BASEMAP_STYLE_URL: basemapStyleUrl }),
    },
    onLog: ({ message }) => terminal.line(message),
  });
}
