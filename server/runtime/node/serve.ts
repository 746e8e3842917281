import { existsSync } from "node:fs";
import { getConnInfo } from "@hono/node-server/conninfo";
import { createBasemapTiles } from "../../basemap/tiles.ts";
import { buildClientWhenStale, CLIENT_DIR } from "../../client/build.ts";
import { type Log, silentLog } from "../../console/log.ts";
import { type Steps, silentSteps } from "../../console/terminal.ts";
import type { App } from "../../http/app.ts";
import { createRequestMetrics } from "../../http/core/metrics.ts";
import { mountClientFiles } from "../../http/routes/client-files.ts";
import { type Background, createBackground } from "../../kit/background.ts";
import { type Closers, createClosers } from "../../kit/closers.ts";
import { createLiveHub } from "../../live/hub.ts";
import { streamsOfHub } from "../../live/live-streams.ts";
import { createTileWatch } from "../../live/tile-watch.ts";
import type { Clock } from "../../ports/clock.ts";
import type { ReportStore } from "../../ports/report-store.ts";
import { openDatabase } from "../../postgres/database.ts";
import { compactInBackground } from "../../pyramid/compact-in-background.ts";
import type { Pyramid } from "../../pyramid/pyramid.ts";
import { type SeedIfEmptyOptions, seedIfEmpty } from "../../seed/seed-if-empty.ts";
import type { ConsumedUnits } from "../../store/dynamo/requests.ts";
import { createUnitCounter } from "../../store/dynamo/unit-counter.ts";
import { type Adapters, wireDomain, wireHttp } from "../app-wiring.ts";
import type { Config } from "../config.ts";
import { refusalOf, throwIfRefused } from "../stores/database-refusal.ts";
import { migrateReportStore, type OpenedReports, openReports, placeOfDynamo } from "../stores/open-reports.ts";
import { openStores, type Stores } from "../stores/stores.ts";
import { createBackgroundPace } from "./background-pace.ts";
import { behindProxies, clientAddress } from "./forwarded.ts";
import { assertPortFree, openListener } from "./listener.ts";
import { nodeCompressor } from "./node-compressor.ts";
import { createTileFastPath } from "./tile-fast-path.ts";

export interface RunningServer {
  /** What a browser on this machine opens, without a slash at the end. */
  readonly url: string;
  /**
   * PostgreSQL's first answer: what somebody must put right before it can be used, if anything. The server goes on without it
   * and tries again; whoever started it decides, and tells.
   */
  readonly refusal: Promise<Error | undefined>;
  /** Takes no new requests, finishes those under way (5 s at most), then closes the stores; within 10 s in all. */
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
 * How often this process compacts. At ten reports a second in one city, five minutes keep the cost of rewriting its cell aggregates
 * under one write unit a report; until then what is new is read from the log and kept in memory.
 */
const COMPACT_EVERY_MS = 300_000;

/** How often what other processes wrote is read: half of the promised two seconds in which every process shows a report. */
const POLL_EVERY_MS = 1_000;
/** How often it is looked whether stored rows wait to be confirmed: they should be before the next poll of the others. */
const CONFIRM_EVERY_MS = 100;
/** How often some of what has expired is deleted: a few milliseconds of the writing thread. */
const SWEEP_EVERY_MS = 5_000;
/** How often this process looks whether there is something to score: new cell aggregates, or a new day. */
const SCORE_EVERY_MS = 5_000;
/** How often tiles' scores are brought up to date. */
const READ_SCORES_EVERY_MS = 2_000;
/** How long an answered call may be missing in usage_log, and how many are lost with a process that is killed. */
const ADD_USAGE_EVERY_MS = 5_000;

/**
 * Starts everything that the configuration asks for, what can be side by side: stores, migrations, seed, client, HTTP. Nothing
 * waits for PostgreSQL; what needs it is refused until it is open.
 * @throws OperatorError when a setting, the port or the data directory is at fault, or PostgreSQL has refused us by the time that
 * all else is there. Nothing is left running then.
 */
export async function startServer(config: Config, options: ServeOptions = {}): Promise<RunningServer> {
  const { log = silentLog, steps = silentSteps, clock = { now: Date.now }, client = true } = options;
  await assertPortFree(config.host, config.port);
  const closers = createClosers(log);
  try {
    const stores = closers.add(openStores(config, { role: "server", log }));
    await stores.claim();
    const units = createUnitCounter();
    const pace = createBackgroundPace(
      config.dynamo === undefined ? {} : { unitsPerSecond: config.backgroundUnitsPerSecond },
    );
    const onConsumed = (consumed: ConsumedUnits) => {
      units.add(consumed);
      pace.consumed(consumed);
    };
    const database = closers.add(openDatabase({ address: stores.database, log }));
    const refusal = refusalOf(database, placeOf(config, config.databaseUrl === undefined, "DATABASE_URL"), steps);
    const [reports] = await allOrNone(
      prepareReports({ config, stores, clock, log, steps, closers, onConsumed }),
      client ? buildClient(log, steps) : Promise.resolve(),
    );
    await throwIfRefused(refusal);
    // Behind the last request: what could not be published is owed.
    closers.add({ close: () => reports.store.confirm({ isLast: true }) });

    const ofDatabase = { sql: database.sql, pingDatabase: database.ping };
    const adapters: Adapters = { ...reports, ...ofDatabase, compressor: nodeCompressor, clock, log };
    const domain = wireDomain(adapters, {}, pace);
    closers.add(domain.usage);
    const tiles = domain.openTiles();
    const background = closers.add(createBackground(log));
    repeatWork(background, { reports, pyramid: tiles.pyramid, domain, opened: database.opened, log });

    const tileWatch = createTileWatch({ tiles: tiles.source, log });
    const live = createLiveHub({ clock, tileWatch, maxSubscribers: config.liveStreams });
    domain.changes.listen(live.publish);
    const metrics = createRequestMetrics();
    const fastPath = createTileFastPath({ tiles: tiles.source, codings: nodeCompressor.codings, metrics, log });
    const app = wireHttp(adapters, domain, {
      config,
      tiles,
      metrics,
      basemap: createBasemapTiles(),
      live: streamsOfHub(live),
      clientAddress: (c) =>
        clientAddress(getConnInfo(c).remote.address, c.req.header("X-Forwarded-For"), config.trustedProxies),
      samples: () => [...units.samples(), ...pace.samples(), ...live.samples(), ...fastPath.samples()],
    });
    if (client) mountClient(app, config);
    const fetch = behindProxies(pace.during(app.fetch), config.trustedProxies);
    const listener = await openListener(config.host, config.port, fetch, fastPath.answer);
    closers.add({ close: () => listener.close(CLOSE_GRACE_MS) });
    // Live streams end first: the listener would wait for them in vain.
    closers.add({ close: async () => live.close() });
    return { url: listener.url, refusal, close: closers.close };
  } catch (error) {
    await closers.close();
    throw error;
  }
}

function mountClient(app: App, { basemapStyleUrl }: Config): void {
  if (!existsSync(CLIENT_DIR)) return;
  mountClientFiles(app, { dir: CLIENT_DIR, ...(basemapStyleUrl === undefined ? {} : { basemapStyleUrl }) });
}

interface RepeatedWork {
  readonly reports: OpenedReports;
  readonly pyramid: Pick<Pyramid, "poll">;
  readonly domain: ReturnType<typeof wireDomain>;
  /** When PostgreSQL is there. */
  readonly opened: Promise<void>;
  readonly log: Log;
}

/** What goes on beside the requests: while a store is away it is tried again and again. */
function repeatWork(background: Background, { reports, pyramid, domain, opened: from, log }: RepeatedWork): void {
  const { store, sweep } = reports;
  const { usage, scores, scoring, compactor } = domain;
  const score = async () => {
    await scoring.run();
    await scores.refresh();
  };
  background.repeat(() => store.confirm(), { name: "confirming changes", everyMs: CONFIRM_EVERY_MS });
  background.repeat(pyramid.poll, { name: "reading changes", everyMs: POLL_EVERY_MS });
  if (sweep !== undefined) background.repeat(sweep, { name: "deleting what expired", everyMs: SWEEP_EVERY_MS });
  background.start(compactInBackground(compactor, COMPACT_EVERY_MS, log));
  background.repeat(usage.flush, { name: "adding usage", everyMs: ADD_USAGE_EVERY_MS, from });
  background.repeat(scores.refresh, { name: "reading scores", everyMs: READ_SCORES_EVERY_MS, from });
  background.repeat(score, { name: "scoring", everyMs: SCORE_EVERY_MS, from });
}

interface PrepareReports {
  readonly config: Config;
  readonly stores: Stores;
  readonly clock: Clock;
  readonly log: Log;
  readonly steps: Steps;
  readonly closers: Closers;
  readonly onConsumed: (units: ConsumedUnits) => void;
}

async function prepareReports({ config, stores, clock, log, steps, closers, onConsumed }: PrepareReports) {
  const opened = await steps.run("reports", async (note) => {
    const reports = await openReports(stores, { clock, log, onProgress: note, onConsumed });
    closers.add(reports.store);
    await migrateReportStore(reports.store, config.dynamo);
    note(placeOf(config, config.dynamo === undefined, placeOfDynamo(config.dynamo)));
    return reports;
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

function placeOf({ dataDir }: Config, embedded: boolean, elsewhere: string): string {
  if (!embedded) return elsewhere;
  return dataDir === undefined ? "in memory" : `in ${dataDir}`;
}

async function buildClient(log: Log, steps: Steps): Promise<void> {
  await steps.run("client", async (note) => note(await buildClientWhenStale(log)));
}

/** Waits for all even when one fails, so that nothing is still being opened when the rest is closed. */
async function allOrNone<T extends readonly unknown[]>(...work: { [I in keyof T]: Promise<T[I]> }): Promise<T> {
  const results = await Promise.allSettled(work);
  for (const result of results) if (result.status === "rejected") throw result.reason;
  return Promise.all(work) as Promise<unknown> as Promise<T>;
}
