import type { TileKeys } from "../../accounts/tile-keys.ts";
import { createLog } from "../../console/log.ts";
import { addressOf } from "../../kit/network-address.ts";
import { createSmtpMailer } from "../../mail/smtp-mailer.ts";
import type { Clock } from "../../ports/clock.ts";
import type { RunSql } from "../../ports/sql.ts";
import { withClient } from "../../postgres/hyperdrive.ts";
import { purgedTags } from "../../serving/cache-policy.ts";
import { createDynamoDerivedStore } from "../../store/dynamo/derived-dynamo.ts";
import { createDynamoStore } from "../../store/dynamo/dynamo.ts";
import type { ConsumedUnits } from "../../store/dynamo/requests.ts";
import { createUnitCounter } from "../../store/dynamo/unit-counter.ts";
import { createWorkerClient } from "../../store/dynamo/worker-client.ts";
import { createStripePayments } from "../../stripe/stripe-payments.ts";
import { type Adapters, type MemoryBounds, type SignInOptions, wireDomain, wireHttp } from "../app-wiring.ts";
import { leftPrefix } from "../own-path.ts";
import { meterReads } from "../read-meter.ts";
import { createAlarmSetter } from "./compaction-alarm.ts";
import { createEdgeCache, type EdgeCache } from "./edge-cache.ts";
import { packedBasemap } from "./packed-basemap.ts";
import { doHurriedWork, doScheduledWork } from "./scheduled-work.ts";
import { createShardedLive } from "./sharded-live.ts";
import { asEncoded, withClientEncoding, workerCompressor } from "./worker-compressor.ts";
import { readWorkerConfig, type WorkerConfig, type WorkerEnv } from "./worker-env.ts";
import { createWorkerScores } from "./worker-scores.ts";
import { createWorkerTiles } from "./worker-tiles.ts";

/** The product in one isolate: made at its first request, because workerd does no I/O and has no randomness before. */
export interface WorkerApp {
  /** `later` keeps the request's I/O going for what nobody waits for. */
  fetch(request: Request, later: (work: Promise<unknown>) => void): Promise<Response>;
  /** Undefined when tiles are not to be kept in the data centre's cache. */
  readonly edgeCache: EdgeCache | undefined;
  /** Judges keys of tiles that come out of that cache. */
  readonly tileKeys: TileKeys;
  /** Adds what was counted, if it was not a moment ago. */
  flushNowAndThen(): Promise<void> | undefined;
  /** The path that requests may carry before ours. */
  readonly prefix: string | undefined;
  /** Compacts and scores once, within what an invocation may take. Rejects when the report store fails. */
  compact(): Promise<void>;
  /** The same, if something does not wait for the cron trigger. */
  compactHurried(): Promise<void>;
}

const MEBIBYTE = 2 ** 20;
/** An isolate has 128 MB for everything, and is ended when it takes more. */
const BOUNDS: MemoryBounds = {
  cellBytes: 16 * MEBIBYTE,
  aggregateBytes: 16 * MEBIBYTE,
  indexBytes: 24 * MEBIBYTE,
  tileBytes: 16 * MEBIBYTE,
  scoreCells: 20_000,
  // Requests of an isolate share no I/O.
  shareBuilds: false,
};

/** What is known to be stored is confirmed so long behind the answer, on another's intent or alone. */
const CONFIRM_AFTER_MS = 300;
/** How long tiles with a key wait here to be added to usage, and how many are lost with an isolate. */
const ADD_TILES_EVERY_MS = 5_000;

let workerApp: WorkerApp | undefined;

/** The one that runs this. @throws SettingsError */
export function workerAppOf(env: WorkerEnv): WorkerApp {
  workerApp ??= createWorkerApp(env);
  return workerApp;
}

function createWorkerApp(env: WorkerEnv): WorkerApp {
  const config = readWorkerConfig(env);
  const clock = { now: Date.now };
  const write = (line: string) => console.log(line.trimEnd());
  const log = createLog({ level: config.logLevel, pretty: false, write, ...clock });
  const units = createUnitCounter();
  const adapters: Adapters = meterReads({
    ...openDynamo(config, clock, units.add),
    ...hyperdrive(env),
    compressor: workerCompressor,
    ...(config.stripe && { payments: createStripePayments(config.stripe, clock) }),
    clock,
    log,
  });
  const domain = wireDomain(adapters, BOUNDS);
  const tiles = createWorkerTiles({ open: domain.openTiles, clock, log });
  const scores = createWorkerScores(domain.scores, clock, log);
  const edgeCache = config.edgeCache ? createEdgeCache(clock, log) : undefined;

  const setAlarm = createAlarmSetter(env.COMPACTION, { clock, log });

  async function confirm(): Promise<void> {
    await new Promise((resolve) => setTimeout(resolve, CONFIRM_AFTER_MS));
    await adapters.store.confirm().catch((error: unknown) => log.warn("changes not confirmed yet", { error }));
    await setAlarm();
  }

  const flush = () => domain.accounts.flush().catch((error: unknown) => log.warn("usage not added yet", { error }));
  let flushedMs = Number.NEGATIVE_INFINITY;
  /** A statement for each tile would be as many as tiles. */
  function flushNowAndThen(): Promise<void> | undefined {
    if (Math.abs(clock.now() - flushedMs) < ADD_TILES_EVERY_MS) return undefined;
    flushedMs = clock.now();
    return flush();
  }

  const app = wireHttp(adapters, domain, {
    config,
    tiles,
    basemap: packedBasemap(env.ASSETS),
    ...(env.LIVE === undefined ? {} : { live: createShardedLive(env.LIVE, config.liveShards, log) }),
    ...signInOf(config),
    clientAddress: (c) => addressOf(c.req.header("CF-Connecting-IP") ?? ""),
    onChanged: (report) => {
      for (const tag of purgedTags(report)) edgeCache?.purge.note(tag);
    },
    besideAnswers: {
      reading: tiles.keepUp,
      tile: scores.keepUp,
      change: confirm,
      call: flush,
      keyedTile: flushNowAndThen,
    },
    samples: () => [...units.samples(), ...(edgeCache?.samples() ?? [])],
  });

  return {
    edgeCache,
    tileKeys: domain.accounts.tileKeys,
    flushNowAndThen,
    prefix: leftPrefix(config.publicUrl),
    fetch: async (request, later) => asEncoded(await app.fetch(withClientEncoding(request), env, contextOf(later))),
    compact: () => doScheduledWork({ ...domain, log }),
    compactHurried: () => doHurriedWork({ ...domain, log }),
  };
}

/** Nobody signs in without a secret, and nobody signs up without mails. Others come in here: there is no demo account. */
function signInOf({ authSecret: secret, smtp }: WorkerConfig): { readonly signIn?: SignInOptions } {
  if (secret === undefined) return {};
  return { signIn: { secret, isDemoAllowed: false, ...(smtp && { mailer: createSmtpMailer(smtp) }) } };
}

function openDynamo({ dynamo }: WorkerConfig, clock: Clock, onConsumed: (units: ConsumedUnits) => void) {
  const { tableName: table, ...address } = dynamo;
  const options = { client: createWorkerClient(address), table, clock, onConsumed };
  return { store: createDynamoStore(options), derived: createDynamoDerivedStore(options) };
}

/** PostgreSQL over a connection for each statement, which the platform pools. */
function hyperdrive({ HYPERDRIVE }: WorkerEnv): Pick<Adapters, "sql" | "pingDatabase"> {
  const sql: RunSql = (text, values = []) =>
    withClient(HYPERDRIVE.connectionString, async (client) => (await client.query(text, [...values])).rows);
  // Hyperdrive answers by itself what it was asked before, but for queries that ask the time.
  return { sql, pingDatabase: async () => void (await sql("SELECT now()")) };
}

/** The part of the platform's execution context that the app uses. */
function contextOf(later: (work: Promise<unknown>) => void) {
  return { waitUntil: later, passThroughOnException: () => {}, props: {} };
}
