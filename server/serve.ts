import { existsSync } from "node:fs";
import { getConnInfo } from "@hono/node-server/conninfo";
import { createApp, DEFAULT_SETTINGS } from "./app.ts";
import { buildClientWhenStale, CLIENT_DIR } from "./client-build.ts";
import { mountClientFiles } from "./client-files.ts";
import type { Config } from "./config.ts";
import { openStores, type Stores } from "./embedded/stores.ts";
import { behindProxies, clientAddress } from "./forwarded.ts";
import { assertPortFree, openListener } from "./listener.ts";
import { type Log, silentLog } from "./log.ts";
import { migrateReportStore, openLogAndDerived } from "./open-report-store.ts";
import type { Clock, DerivedStore, ReportStore } from "./ports.ts";
import { type Database, openDatabase } from "./postgres/database.ts";
import { compactInBackground } from "./pyramid/compact-in-background.ts";
import { createCompactor } from "./pyramid/compactor.ts";
import { followChanges } from "./pyramid/follow-changes.ts";
import { createPyramid } from "./pyramid/pyramid.ts";
import { basemapRoutes } from "./routes/basemap.ts";
import type { ConsumedUnits } from "./store/requests.ts";
import { type Steps, silentSteps } from "./terminal.ts";
import { createTileSource } from "./tiles/tile-source.ts";
import { createUnitCounter } from "./unit-counter.ts";

export interface RunningServer {
  /** What a browser on this machine opens, without a slash at the end. */
  readonly url: string;
  /** Takes no new requests, finishes those under way (5 s at most), then closes the stores. */
  close(): Promise<void>;
}

export interface ServeOptions {
  readonly log?: Log;
  readonly steps?: Steps;
  readonly clock?: Clock;
  /** False leaves the client unbuilt and unserved: for tests of the API. */
  readonly client?: boolean;
}

const CLOSE_GRACE_MS = 5_000;

/**
 * How often this process compacts. At ten reports a second in one city, five minutes keep the cost of rewriting its slices
 * under one write unit a report; until then what is new is read from the log and kept in memory.
 */
const COMPACT_EVERY_MS = 300_000;

/**
 * Starts everything that the configuration asks for, what can be side by side: stores, migrations, seed, client, HTTP.
 * @throws OperatorError when a setting, the port or the data directory is at fault. Nothing is left running then.
 */
export async function startServer(config: Config, options: ServeOptions = {}): Promise<RunningServer> {
  const { log = silentLog, steps = silentSteps, clock = { now: Date.now }, client = true } = options;
  await assertPortFree(config.host, config.port);
  const { basemapStyleUrl: styleUrl } = config;
  const closers = createClosers(log);
  try {
    const stores = closers.add(openStores(config, { role: "server", log }));
    await stores.claim();
    const units = createUnitCounter();
    const [{ store, derived }, database] = await allOrNone(
      openStore(config, stores, clock, units.add, steps).then((opened) => {
        closers.add(opened.store);
        return opened;
      }),
      openMigratedDatabase(config, stores, log, steps).then(closers.add),
      client ? buildClient(log, steps) : Promise.resolve(),
    );
    const pyramid = createPyramid({ store, derived, clock, log });
    const follower = followChanges(pyramid, log);
    const compactor = createCompactor({ store, derived, clock, log });
    const compaction = compactInBackground(compactor, COMPACT_EVERY_MS, log);
    const app = createApp({
      store,
      clock,
      tiles: createTileSource(pyramid),
      pingDatabase: database.ping,
      onReport: (report) => pyramid.noteReport(report),
      clientAddress: (c) =>
        clientAddress(getConnInfo(c).remote.address, c.req.header("X-Forwarded-For"), config.trustedProxies),
      settings: { ...DEFAULT_SETTINGS, reportsPerMinute: config.reportsPerMinute },
      log,
      samples: units.samples,
    });
    app.route("/", basemapRoutes(styleUrl === undefined ? {} : { styleUrl }));
    if (client && existsSync(CLIENT_DIR)) mountClientFiles(app, { ...config, dir: CLIENT_DIR });
    follower.start();
    closers.add({ close: () => follower.stop() });
    compaction.start();
    closers.add({ close: () => compaction.stop() });
    const listener = await openListener(config.host, config.port, behindProxies(app.fetch, config.trustedProxies));
    closers.add({ close: () => listener.close(CLOSE_GRACE_MS) });
    return { url: listener.url, close: closers.close };
  } catch (error) {
    await closers.close();
    throw error;
  }
}

function openStore(
  config: Config,
  stores: Stores,
  clock: Clock,
  onConsumed: (units: ConsumedUnits) => void,
  steps: Steps,
): Promise<{ store: ReportStore; derived: DerivedStore }> {
  return steps.run("DynamoDB", async (note) => {
    const opened = await openLogAndDerived(stores, clock, onConsumed);
    await migrateReportStore(opened.store, config.dynamo);
    note(placeOf(config, config.dynamo.embedded, config.dynamo.endpoint ?? `AWS ${config.dynamo.region}`));
    return opened;
  });
}

async function openMigratedDatabase(config: Config, stores: Stores, log: Log, steps: Steps): Promise<Database> {
  return steps.run("PostgreSQL", async (note) => {
    const database = await openDatabase(await stores.database(), log);
    note(`${placeOf(config, config.databaseUrl === undefined, "DATABASE_URL")}, ${database.state}`);
    return database;
  });
}

function placeOf({ dataDir }: Config, embedded: boolean, elsewhere: string): string {
  if (!embedded) return elsewhere;
  return dataDir === undefined ? "in memory" : `in ${dataDir}`;
}

async function buildClient(log: Log, steps: Steps): Promise<void> {
  await steps.run("client", async (note) => note(await buildClientWhenStale(log)));
}

interface Closable {
  close(): Promise<void>;
}

/** Remembers what was opened, to close it in the opposite order; what does not close does not keep the rest open. */
function createClosers(log: Log) {
  const open: Closable[] = [];
  return {
    add<T extends Closable>(part: T): T {
      open.push(part);
      return part;
    },
    async close(): Promise<void> {
      for (const part of open.splice(0).reverse()) {
        await part.close().catch((error: unknown) => log.error("not closed", { error }));
      }
    },
  };
}

/** Waits for all even when one fails, so that nothing is still being opened when the rest is closed. */
async function allOrNone<T extends readonly unknown[]>(...work: { [I in keyof T]: Promise<T[I]> }): Promise<T> {
  const results = await Promise.allSettled(work);
  for (const result of results) if (result.status === "rejected") throw result.reason;
  return Promise.all(work) as Promise<unknown> as Promise<T>;
}
