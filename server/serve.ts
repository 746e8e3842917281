import { existsSync } from "node:fs";
import { getConnInfo } from "@hono/node-server/conninfo";
import { createUsageLog } from "./accounts/usage-log.ts";
import { type App, createApp, DEFAULT_SETTINGS } from "./app.ts";
import { createBasemapTiles } from "./basemap/tiles.ts";
import { buildClientWhenStale, CLIENT_DIR } from "./client/build.ts";
import { mountClientFiles } from "./client/files.ts";
import type { Config } from "./config.ts";
import { type Log, silentLog } from "./console/log.ts";
import { type Steps, silentSteps } from "./console/terminal.ts";
import { openStores, type Stores } from "./embedded/stores.ts";
import { behindProxies, clientAddress } from "./http/forwarded.ts";
import { assertPortFree, openListener } from "./http/listener.ts";
import { createRequestMetrics } from "./http/metrics.ts";
import { createLiveHub } from "./live/hub.ts";
import { streamsOfHub } from "./live/live-streams.ts";
import { createTileWatch } from "./live/tile-watch.ts";
import type { Clock, DerivedStore, ReportStore } from "./ports.ts";
import { type Database, openDatabase } from "./postgres/database.ts";
import { type RunSql, sqlOfPool } from "./postgres/sql.ts";
import { compactInBackground } from "./pyramid/compact-in-background.ts";
import { createCompactor } from "./pyramid/compactor.ts";
import { followChanges } from "./pyramid/follow-changes.ts";
import { createPyramid } from "./pyramid/pyramid.ts";
import { repeatInBackground } from "./repeat-in-background.ts";
import { basemapRoutes } from "./routes/basemap.ts";
import { createPastScores } from "./scores/past-scores.ts";
import { createScoreCache, overallScores } from "./scores/score-cache.ts";
import { createScorer } from "./scores/scorer.ts";
import { createScoring } from "./scores/scoring.ts";
import { type SeedIfEmptyOptions, seedIfEmpty } from "./seed/seed-if-empty.ts";
import { migrateReportStore, openLogAndDerived } from "./store/open.ts";
import type { ConsumedUnits } from "./store/requests.ts";
import { createUnitCounter } from "./store/unit-counter.ts";
import { nodeCompressor } from "./tiles/node-compressor.ts";
import { createTileSource } from "./tiles/tile-source.ts";
import { createWarmTiles } from "./tiles/warm-tiles.ts";

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

/** How often this process looks whether there is something to score: new slices, or a new day. */
const SCORE_EVERY_MS = 5_000;
/** How often tiles' scores are brought up to date. */
const READ_SCORES_EVERY_MS = 2_000;
/** How long an answered call may be missing in usage_log, and how many are lost with a process that is killed. */
const ADD_USAGE_EVERY_MS = 5_000;

/**
 * Starts everything that the configuration asks for, what can be side by side: stores, migrations, seed, client, HTTP.
 * @throws OperatorError when a setting, the port or the data directory is at fault. Nothing is left running then.
 */
export async function startServer(config: Config, options: ServeOptions = {}): Promise<RunningServer> {
  const { log = silentLog, steps = silentSteps, clock = { now: Date.now }, client = true } = options;
  await assertPortFree(config.host, config.port);
  const closers = createClosers(log);
  try {
    const stores = closers.add(openStores(config, { role: "server", log }));
    await stores.claim();
    const units = createUnitCounter();
    const [reports, database] = await allOrNone(
      openReports({ config, stores, clock, steps, closers, onConsumed: units.add }),
      openMigratedDatabase(config, stores, log, steps).then(closers.add),
      client ? buildClient(log, steps) : Promise.resolve(),
    );
    const pyramid = createPyramid({ ...reports, clock, log, onChange: (...change) => live.publish(...change) });
    const sql = sqlOfPool(database.pool);
    const scores = scoreBeside({ ...reports, sql, clock, log }, closers);
    const usage = closers.add(createUsageLog({ sql, log }));
    runBeside(repeatInBackground(usage.flush, { name: "adding usage", everyMs: ADD_USAGE_EVERY_MS, log }), closers);
    const tiles = createTileSource({ pyramid, scores: scores.cache, compressor: nodeCompressor });
    const tileWatch = createTileWatch({ tiles, log });
    const live = createLiveHub({ clock, tileWatch, maxSubscribers: config.liveStreams });
    const { codings } = nodeCompressor;
    const metrics = createRequestMetrics();
    const warm = createWarmTiles({ tiles, codings, metrics, log });
    const app = createApp({
      store: reports.store,
      clock,
      tiles,
      codings,
      metrics,
      live: streamsOfHub(live),
      sql,
      usage,
      pyramid,
      clusters: { ...pyramid, scoreOf: overallScores(scores.cache) },
      pingDatabase: database.ping,
      onReport: (report) => pyramid.noteReport(report),
      onEdit: (edited, before) => pyramid.noteEdited(edited, before),
      clientAddress: (c) =>
        clientAddress(getConnInfo(c).remote.address, c.req.header("X-Forwarded-For"), config.trustedProxies),
      settings: { ...DEFAULT_SETTINGS, reportsPerMinute: config.reportsPerMinute },
      log,
      samples: () => [
        ...units.samples(),
        ...live.samples(),
        ...scores.samples(),
        ...usage.samples(),
        ...warm.samples(),
      ],
    });
    mountMap(app, config, client);
    runBeside(followChanges(pyramid, log), closers);
    runBeside(compactInBackground(createCompactor({ ...reports, clock, log }), COMPACT_EVERY_MS, log), closers);
    const fetch = behindProxies(app.fetch, config.trustedProxies);
    const listener = await openListener(config.host, config.port, fetch, warm.answer);
    closers.add({ close: () => listener.close(CLOSE_GRACE_MS) });
    // Live streams end first: the listener would wait for them in vain.
    closers.add({ close: async () => live.close() });
    return { url: listener.url, close: closers.close };
  } catch (error) {
    await closers.close();
    throw error;
  }
}

function mountMap(app: App, { basemapStyleUrl: styleUrl }: Config, client: boolean): void {
  app.route("/", basemapRoutes(createBasemapTiles(), styleUrl === undefined ? {} : { styleUrl }));
  if (!client || !existsSync(CLIENT_DIR)) return;
  mountClientFiles(app, { dir: CLIENT_DIR, ...(styleUrl === undefined ? {} : { basemapStyleUrl: styleUrl }) });
}

/** Work that goes on beside the requests until the server closes. */
function runBeside(work: { start(): void; stop(): Promise<void> }, closers: Closers): void {
  work.start();
  closers.add({ close: () => work.stop() });
}

interface ScoreBeside {
  readonly store: ReportStore;
  readonly derived: DerivedStore;
  readonly sql: RunSql;
  readonly clock: Clock;
  readonly log: Log;
}

/** Scores, and reads scores for the tiles, beside the requests: while PostgreSQL is away both are tried again and again. */
function scoreBeside(options: ScoreBeside, closers: Closers) {
  const { sql, clock, log } = options;
  const cache = createScoreCache({ sql, clock });
  const scoring = createScoring(createScorer(options), createPastScores(options), log);
  const refresh = { name: "reading scores", everyMs: READ_SCORES_EVERY_MS, log };
  runBeside(repeatInBackground(cache.refresh, refresh), closers);
  const score = async () => {
    await scoring.run();
    await cache.refresh();
  };
  runBeside(repeatInBackground(score, { name: "scoring", everyMs: SCORE_EVERY_MS, log }), closers);
  return { cache, samples: () => [...cache.samples(), ...scoring.samples()] };
}

interface OpenReports {
  readonly config: Config;
  readonly stores: Stores;
  readonly clock: Clock;
  readonly steps: Steps;
  readonly closers: Closers;
  readonly onConsumed: (units: ConsumedUnits) => void;
}

async function openReports({ config, stores, clock, steps, closers, onConsumed }: OpenReports) {
  const opened = await steps.run("DynamoDB", async (note) => {
    const { store, derived } = await openLogAndDerived(stores, clock, onConsumed);
    closers.add(store);
    await migrateReportStore(store, config.dynamo);
    note(placeOf(config, config.dynamo.embedded, config.dynamo.endpoint ?? `AWS ${config.dynamo.region}`));
    return { store, derived };
  });
  if (config.seed) await steps.run("seed", (note) => seed(opened.store, clock, note));
  return opened;
}

type SeedProgress = Parameters<NonNullable<SeedIfEmptyOptions["onProgress"]>>[0];

async function seed(store: ReportStore, clock: Clock, note: (detail: string) => void): Promise<void> {
  const onProgress = (progress: SeedProgress) => note(`${progress.written} of ${progress.total} reports`);
  const written = await seedIfEmpty({ store, clock, onProgress });
  note(written === 0 ? "not needed, there are reports" : `${written} reports`);
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

type Closers = ReturnType<typeof createClosers>;

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
