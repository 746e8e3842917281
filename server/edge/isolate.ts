import { createApp, DEFAULT_SETTINGS } from "../app.ts";
import { createLog } from "../log.ts";
import { withClient } from "../postgres/hyperdrive.ts";
import { createCompactor } from "../pyramid/compactor.ts";
import { createPyramid } from "../pyramid/pyramid.ts";
import { basemapRoutes } from "../routes/basemap.ts";
import { createDynamoDerivedStore } from "../store/derived-dynamo.ts";
import { createDynamoStore } from "../store/dynamo.ts";
import { createDocumentClient } from "../store/dynamo-client.ts";
import { createTileSource } from "../tiles/tile-source.ts";
import { createUnitCounter } from "../unit-counter.ts";
import { createIsolateTiles } from "./isolate-tiles.ts";
import { packedBasemap } from "./packed-basemap.ts";
import { asEncoded, withClientEncoding, workerCompressor } from "./worker-compressor.ts";
import { readWorkerConfig, type WorkerEnv } from "./worker-env.ts";

/** The product in one isolate: made at its first request, because workerd does no I/O and has no randomness before. */
export interface Isolate {
  fetch(request: Request): Promise<Response>;
  /** Compacts once, for less time than lies between two runs. Rejects when the store fails. */
  compact(): Promise<void>;
}

const MEBIBYTE = 2 ** 20;
/** An isolate has 128 MB for everything, and is ended when it takes more. */
const CACHE = { cellBytes: 16 * MEBIBYTE, nodeBytes: 16 * MEBIBYTE, indexBytes: 24 * MEBIBYTE };
const TILE_BYTES = 16 * MEBIBYTE;

/** The cron trigger fires every five minutes. */
const COMPACT_WITHIN_MS = 4 * 60_000;

export function createIsolate(env: WorkerEnv): Isolate {
  const config = readWorkerConfig(env);
  const { embedded: _, tableName: table, ...address } = config.dynamo;
  const clock = { now: Date.now };
  const log = createLog({
    level: config.logLevel,
    pretty: false,
    write: (line) => console.log(line.trimEnd()),
    ...clock,
  });
  const units = createUnitCounter();
  const options = { client: createDocumentClient(address), table, clock, onConsumed: units.add };
  const store = createDynamoStore(options);
  const derived = createDynamoDerivedStore(options);
  const tiles = createIsolateTiles({
    open() {
      const pyramid = createPyramid({ store, derived, clock, log, ...CACHE, shareBuilds: false });
      return { pyramid, tiles: createTileSource({ pyramid, compressor: workerCompressor, maxBytes: TILE_BYTES }) };
    },
    clock,
    log,
  });
  const app = createApp({
    store,
    clock,
    tiles: tiles.source,
    codings: workerCompressor.codings,
    sql: (text, values = []) =>
      withClient(env.HYPERDRIVE.connectionString, async (client) => (await client.query(text, [...values])).rows),
    pingDatabase: () =>
      withClient(env.HYPERDRIVE.connectionString, async (client) => void (await client.query("SELECT 1"))),
    onReport: tiles.noteReport,
    clientAddress: (c) => c.req.header("CF-Connecting-IP"),
    settings: { ...DEFAULT_SETTINGS, reportsPerMinute: config.reportsPerMinute },
    log,
    samples: units.samples,
  });
  const { basemapStyleUrl: styleUrl } = config;
  app.route("/", basemapRoutes(packedBasemap(env.ASSETS), styleUrl === undefined ? {} : { styleUrl }));

  return {
    async fetch(request) {
      if (new URL(request.url).pathname.startsWith("/tiles/")) await tiles.keepUp();
      return asEncoded(await app.fetch(withClientEncoding(request)));
    },
    async compact() {
      const compactor = createCompactor({ store, derived, clock, log });
      const startMs = clock.now();
      const late = new Promise<undefined>((resolve) => setTimeout(() => resolve(undefined), COMPACT_WITHIN_MS));
      // What is left undone when time is up is done by the next run: a compaction may be cut off anywhere.
      const done = await Promise.race([compactor.run(), late]);
      if (done === undefined) log.warn("compaction cut off; the next one goes on", { ms: COMPACT_WITHIN_MS });
      else log.info("compacted", { ...done, ms: clock.now() - startMs });
    },
  };
}
