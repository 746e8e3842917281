import { createUsageLog } from "../../accounts/usage-log.ts";
import { createLog } from "../../console/log.ts";
import { createApp, DEFAULT_SETTINGS } from "../../http/app.ts";
import { basemapRoutes } from "../../http/routes/basemap.ts";
import type { RunSql } from "../../ports/sql.ts";
import { withClient } from "../../postgres/hyperdrive.ts";
import { createCompactor } from "../../pyramid/compactor.ts";
import { createPyramid } from "../../pyramid/pyramid.ts";
import { createPastScores } from "../../scores/past-scores.ts";
import { createScoreCache, overallScores } from "../../scores/score-cache.ts";
import { createScorer } from "../../scores/scorer.ts";
import { createScoring } from "../../scores/scoring.ts";
import { purgedTag } from "../../serving/cache-policy.ts";
import { createTileSource } from "../../serving/tile-source.ts";
import { createDynamoDerivedStore } from "../../store/dynamo/derived-dynamo.ts";
import { createDynamoStore } from "../../store/dynamo/dynamo.ts";
import { createDocumentClient } from "../../store/dynamo/dynamo-client.ts";
import { createUnitCounter } from "../../store/dynamo/unit-counter.ts";
import { createEdgeCache, type EdgeCache } from "./edge-cache.ts";
import { packedBasemap } from "./packed-basemap.ts";
import { doScheduledWork } from "./scheduled-work.ts";
import { createShardedLive } from "./sharded-live.ts";
import { asEncoded, withClientEncoding, workerCompressor } from "./worker-compressor.ts";
import { readWorkerConfig, type WorkerEnv } from "./worker-env.ts";
import { createIsolateScores } from "./worker-scores.ts";
import { createIsolateTiles } from "./worker-tiles.ts";

/** The product in one isolate: made at its first request, because workerd does no I/O and has no randomness before. */
export interface Isolate {
  /** `later` keeps the request's I/O going for what nobody waits for. */
  fetch(request: Request, later: (work: Promise<unknown>) => void): Promise<Response>;
  /** Undefined when tiles are not to be kept in the data centre's cache. */
  readonly edgeCache: EdgeCache | undefined;
  /** Compacts and scores once, within what an invocation may take. Rejects when the report store fails. */
  compact(): Promise<void>;
}

const MEBIBYTE = 2 ** 20;
/** An isolate has 128 MB for everything, and is ended when it takes more. */
const CACHE = { cellBytes: 16 * MEBIBYTE, nodeBytes: 16 * MEBIBYTE, indexBytes: 24 * MEBIBYTE };
const TILE_BYTES = 16 * MEBIBYTE;
const SCORE_CELLS = 20_000;

/** What is answered from the pyramid: these, and lists. */
const OF_PYRAMID = ["/tiles/", "/api/neighborhood/", "/api/clusters/", "/api/cities/"];
const LIST = "/api/reports";
/** What counts calls of keys. */
const OF_KEYS = ["/api/trends/", "/api/exports/"];

/** What stores reports: what is known to be stored is confirmed soon behind the answer, on another's intent or alone. */
const WRITES = ["/api/reports"];
const CONFIRM_AFTER_MS = 300;

let isolate: Isolate | undefined;

/** The one that runs this. @throws SettingsError */
export function isolateOf(env: WorkerEnv): Isolate {
  isolate ??= createIsolate(env);
  return isolate;
}

function createIsolate(env: WorkerEnv): Isolate {
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
  const sql: RunSql = (text, values = []) =>
    withClient(env.HYPERDRIVE.connectionString, async (client) => (await client.query(text, [...values])).rows);
  const scores = createScoreCache({ sql, clock, maxCells: SCORE_CELLS });
  const scoring = createScoring(
    createScorer({ store, derived, sql, clock, log }),
    createPastScores({ sql, clock }),
    log,
  );
  const usage = createUsageLog({ sql, log });
  const isolateScores = createIsolateScores(scores, clock, log);
  const tiles = createIsolateTiles({
    open() {
      const pyramid = createPyramid({ store, derived, clock, log, ...CACHE, shareBuilds: false });
      return {
        pyramid,
        tiles: createTileSource({ pyramid, scores, compressor: workerCompressor, maxBytes: TILE_BYTES }),
      };
    },
    clock,
    log,
  });
  const edgeCache = config.edgeCache ? createEdgeCache(clock, log) : undefined;
  const app = createApp({
    store,
    clock,
    tiles: tiles.source,
    codings: workerCompressor.codings,
    sql,
    usage,
    pyramid: tiles.pyramid,
    clusters: { ...tiles.pyramid, scoreOf: overallScores(scores) },
    pingDatabase: () =>
      withClient(env.HYPERDRIVE.connectionString, async (client) => void (await client.query("SELECT 1"))),
    onReport(report) {
      tiles.noteReport(report);
      edgeCache?.purge.note(purgedTag(report));
    },
    onEdit(edited, before) {
      tiles.noteEdited(edited, before);
      edgeCache?.purge.note(purgedTag(before));
    },
    ...(env.LIVE === undefined ? {} : { live: createShardedLive(env.LIVE, config.liveShards, log) }),
    clientAddress: (c) => c.req.header("CF-Connecting-IP"),
    settings: { ...DEFAULT_SETTINGS, reportsPerMinute: config.reportsPerMinute },
    log,
    samples: () => [
      ...units.samples(),
      ...scores.samples(),
      ...scoring.samples(),
      ...usage.samples(),
      ...(edgeCache?.samples() ?? []),
    ],
  });
  const { basemapStyleUrl: styleUrl } = config;
  app.route("/", basemapRoutes(packedBasemap(env.ASSETS), styleUrl === undefined ? {} : { styleUrl }));

  async function confirm(): Promise<void> {
    await new Promise((resolve) => setTimeout(resolve, CONFIRM_AFTER_MS));
    await store.confirm().catch((error: unknown) => log.warn("changes not confirmed yet", { error }));
  }

  return {
    edgeCache,
    async fetch(request, later) {
      const { pathname } = new URL(request.url);
      const isTile = pathname.startsWith("/tiles/");
      const isOf = (paths: readonly string[]) => paths.some((path) => pathname.startsWith(path));
      if (isTile) isolateScores.keepUp(later);
      // Who sends a report does not wait.
      const isList = pathname === LIST && request.method !== "POST";
      if (isList || isOf(OF_PYRAMID)) await tiles.keepUp();
      const response = await app.fetch(withClientEncoding(request));
      if (request.method === "POST" && isOf(WRITES)) later(confirm());
      // Behind each call: an isolate may be ended any time, and has no time of its own.
      if (isOf(OF_KEYS)) later(usage.flush().catch((error: unknown) => log.warn("usage not added yet", { error })));
      return asEncoded(response);
    },
    compact: () => doScheduledWork({ compactor: createCompactor({ store, derived, clock, log }), scoring, clock, log }),
  };
}
