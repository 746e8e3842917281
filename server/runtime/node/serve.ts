import { existsSync } from "node:fs";
import type { IncomingMessage } from "node:http";
import { join } from "node:path";
import { getConnInfo } from "@hono/node-server/conninfo";
import { liveLimits } from "../../accounts/limits.ts";
import { createBasemapTiles } from "../../basemap/tiles.ts";
import { CLIENT_DIR } from "../../client/build.ts";
import { type Log, silentLog } from "../../console/log.ts";
import { type Steps, silentSteps } from "../../console/terminal.ts";
import type { App } from "../../http/app.ts";
import { createRequestMetrics } from "../../http/core/metrics.ts";
import { strictTransport } from "../../http/core/safe-headers.ts";
import { mountClientFiles } from "../../http/routes/client-files.ts";
import { createBackground } from "../../kit/background.ts";
import { createClosers } from "../../kit/closers.ts";
import { createLiveHub } from "../../live/hub.ts";
import { streamsOfHub } from "../../live/live-streams.ts";
import { createTileWatch } from "../../live/tile-watch.ts";
import type { Clock } from "../../ports/clock.ts";
import { openDatabase } from "../../postgres/database.ts";
import type { ConsumedUnits } from "../../store/dynamo/requests.ts";
import { createUnitCounter } from "../../store/dynamo/unit-counter.ts";
import { createStripePayments } from "../../stripe/stripe-payments.ts";
import { type Adapters, type MemoryBounds, wireDomain, wireHttp } from "../app-wiring.ts";
import type { Config } from "../config.ts";
import { clientAddress } from "../forwarded.ts";
import { leftPrefix } from "../own-path.ts";
import { meterReads } from "../read-meter.ts";
import { refusalOf, throwIfRefused } from "../stores/database-refusal.ts";
import { openStores } from "../stores/stores.ts";
import { keepOrRemoveDemo, signInOf } from "./accounts.ts";
import { createBackgroundPace } from "./background-pace.ts";
import { drawAreasInBackground } from "./draw-areas.ts";
import { assertPortFree, openListener } from "./listener.ts";
import { isLocalRequest, isOnThisMachine } from "./local-request.ts";
import { nodeCompressor } from "./node-compressor.ts";
import { allOrNone, buildClient, placeOf, prepareReports } from "./prepare.ts";
import { repeatOwnWork, repeatSharedWork } from "./repeated-work.ts";
import { createTileFastPath } from "./tile-fast-path.ts";

export interface RunningServer {
  /** What a browser on this machine opens, without a slash at the end. */
  readonly url: string;
  /**
   * PostgreSQL's first answer: what somebody must put right before it can be used, if anything. The server goes on without it
   * and tries again; whoever started it decides, and tells.
   */
  readonly refusal: Promise<Error | undefined>;
  /** Resolves once PostgreSQL is open, with whether there is the demo account to sign in to. */
  readonly demo: Promise<boolean>;
  /** Takes no new requests, finishes those under way (5 s at most), then closes the stores; within 10 s in all. */
  close(): Promise<void>;
}

export interface ServeOptions {
  readonly log?: Log;
  readonly steps?: Steps;
  readonly clock?: Clock;
  /** False leaves the client unbuilt and unserved: for tests of the API. */
  readonly client?: boolean;
  /**
   * `requests`: answers requests on what another process has prepared, and leaves the work that is done for all to a third
   * (`workers.ts`). By default one process does everything.
   */
  readonly part?: "everything" | "requests";
}

const CLOSE_GRACE_MS = 5_000;

const MEBIBYTE = 2 ** 20;
/** Half of the usual: an embedded store reads again in a moment what is not kept, and shares the machine's memory with PostgreSQL. */
const EMBEDDED_BOUNDS: MemoryBounds = {
  cellBytes: 64 * MEBIBYTE,
  aggregateBytes: 64 * MEBIBYTE,
  indexBytes: 128 * MEBIBYTE,
};

/**
 * Starts everything that the configuration asks for, what can be side by side: stores, migrations, seed, client, HTTP. Nothing
 * waits for PostgreSQL; what needs it is refused until it is open.
 * @throws OperatorError when a setting, the port or the data directory is at fault, or PostgreSQL has refused us by the time that
 * all else is there. Nothing is left running then.
 */
export async function startServer(config: Config, options: ServeOptions = {}): Promise<RunningServer> {
  const { log = silentLog, steps = silentSteps, clock = { now: Date.now }, client = true } = options;
  const isAlone = options.part !== "requests";
  if (isAlone) await assertPortFree(config.host, config.port);
  const closers = createClosers(log);
  try {
    const stores = closers.add(openStores(config, { role: "server", log: isAlone ? log : silentLog }));
    await stores.claim();
    const units = createUnitCounter();
    const pace = createBackgroundPace(config);
    const onConsumed = (consumed: ConsumedUnits) => {
      units.add(consumed);
      pace.consumed(consumed);
    };
    const { promise: served, resolve: tellServed } = Promise.withResolvers<void>();
    const address = mustMakePostgres(config) ? () => served.then(stores.database) : stores.database;
    const database = closers.add(openDatabase({ address, log }));
    const refusal = refusalOf(database, placeOf(config, config.databaseUrl === undefined, "DATABASE_URL"), steps);
    const [reports] = await allOrNone(
      prepareReports({
        config: isAlone ? config : { ...config, seed: false },
        stores,
        clock,
        log,
        steps,
        closers,
        onConsumed,
      }),
      client && isAlone ? buildClient(log, steps) : Promise.resolve(),
    );
    await throwIfRefused(refusal);
    // Behind the last request: what could not be published is owed.
    closers.add({ close: () => reports.store.confirm({ isLast: true }) });

    const ofDatabase = { sql: database.sql, pingDatabase: database.ping };
    const payments = config.stripe && createStripePayments(config.stripe, clock);
    const adapters: Adapters = meterReads({
      ...{ ...reports, ...ofDatabase, compressor: nodeCompressor, clock, log },
      ...(payments && { payments }),
    });
    const domain = wireDomain(adapters, config.dynamo === undefined ? EMBEDDED_BOUNDS : {}, pace);
    closers.add(domain.accounts);
    const tiles = domain.openTiles();
    const work = { background: closers.add(createBackground(log)), reports, domain, opened: database.opened, log };
    repeatOwnWork(work, tiles.pyramid);
    if (isAlone) repeatSharedWork(work);
    const demo = isAlone ? keepOrRemoveDemo(config, { database, log }) : Promise.resolve(false);
    if (isAlone) drawAreasInBackground(config, { ...work, clock });

    const tileWatch = createTileWatch({ tiles: tiles.source, log });
    const live = createLiveHub({ clock, tileWatch, maxSubscribers: config.liveStreams });
    domain.changes.listen(live.publish);
    const metrics = createRequestMetrics();
    const fastPath = createTileFastPath({
      tiles: tiles.source,
      codings: nodeCompressor.codings,
      metrics,
      log,
      onAnswer: pace.answered,
      tileKeys: domain.accounts.tileKeys,
      clientAddress: (incoming) => addressOfIncoming(incoming, config),
      headers: strictTransport(config.publicUrl),
    });
    const app = wireHttp(adapters, domain, {
      config,
      tiles,
      metrics,
      basemap: createBasemapTiles(),
      live: streamsOfHub(live, liveLimits(config.liveStreams)),
      clientAddress: (c) => clientAddress(peerOf(c), (name) => c.req.header(name), config),
      ...signInOf(config, log),
      isOnThisMachine: (c) => isOnThisMachine(peerOf(c), (name) => c.req.header(name)),
      isLocal: (c) => isLocalRequest(peerOf(c), (name) => c.req.header(name)),
      samples: () => [...units.samples(), ...pace.samples(), ...live.samples(), ...fastPath.samples()],
    });
    if (client) mountClient(app, config);
    const { host, port, publicUrl } = config;
    const listener = await openListener(host, port, pace.during(app.fetch), fastPath.answer, leftPrefix(publicUrl));
    closers.add({ close: () => listener.close(CLOSE_GRACE_MS) });
    // Live streams end first: the listener would wait for them in vain.
    closers.add({ close: async () => live.close() });
    tellServed();
    return { url: listener.url, refusal, demo, close: closers.close };
  } catch (error) {
    await closers.close();
    throw error;
  }
}

/** As the app knows it. */
const addressOfIncoming = ({ socket, headers }: IncomingMessage, config: Config): string | undefined => {
  const header = (name: string) => {
    const value = headers[name.toLowerCase()];
    return Array.isArray(value) ? value.join(", ") : value;
  };
  return clientAddress(socket.remoteAddress, header, config);
};

const peerOf = (c: Parameters<typeof getConnInfo>[0]): string | undefined => getConnInfo(c).remote.address;

/** The embedded one's files take seconds of a processor to make, which what somebody waits for needs more. */
function mustMakePostgres({ databaseUrl, dataDir }: Config): boolean {
  return databaseUrl === undefined && (dataDir === undefined || !existsSync(join(dataDir, "postgres")));
}

function mountClient(app: App, { basemapStyleUrl }: Config): void {
  if (!existsSync(CLIENT_DIR)) return;
  mountClientFiles(app, { dir: CLIENT_DIR, ...(basemapStyleUrl === undefined ? {} : { basemapStyleUrl }) });
}
