import type { ReportLayer } from "../../tiles/layers.ts";
import type { Report } from "../../tiles/report.ts";
import { createAccounts } from "../accounts/accounts.ts";
import { type AuthOptions, createAuth } from "../accounts/auth/auth.ts";
import { HASHES } from "../accounts/auth/limits.ts";
import { createPasswords } from "../accounts/auth/passwords.ts";
import { createUsageLog } from "../accounts/usage-log.ts";
import { createAreaCatalogue } from "../areas/area-catalogue.ts";
import { createAreaSets } from "../areas/area-sets.ts";
import { createAreaShapes } from "../areas/area-shapes.ts";
import { createCityOfPlace } from "../areas/city-of-place.ts";
import type { BasemapTiles } from "../basemap/zooms.ts";
import { createBilling } from "../billing/billing.ts";
import { createBillingTable } from "../billing/billing-table.ts";
import type { Payments } from "../billing/payments.ts";
import type { Log } from "../console/log.ts";
import { type App, type AppParts, type AppSettings, createApp, DEFAULT_SETTINGS } from "../http/app.ts";
import { basemapRoutes } from "../http/routes/basemap.ts";
import { atOnce, createInTurn } from "../kit/in-turn.ts";
import { createLimiter } from "../kit/limiter.ts";
import type { Pace } from "../kit/pace.ts";
import { createRelay } from "../kit/relay.ts";
import { createModeration } from "../moderation/moderation.ts";
import { createOwnAreaScorer } from "../own-areas/own-area-scorer.ts";
import type { Clock } from "../ports/clock.ts";
import type { DerivedStore } from "../ports/derived-store.ts";
import type { ReadMeter } from "../ports/read-meter.ts";
import type { EditedReport, ReportStore } from "../ports/report-store.ts";
import type { RunSql } from "../ports/sql.ts";
import { createSql } from "../postgres/questions.ts";
import { createCompactor } from "../pyramid/compactor.ts";
import { createHurriedChanges } from "../pyramid/hurried-changes.ts";
import { createPyramid, type Pyramid } from "../pyramid/pyramid.ts";
import { createAreaScorer } from "../scores/area-scorer.ts";
import { createAreaTiles } from "../scores/areas-layer.ts";
import { createPastScores } from "../scores/past-scores.ts";
import { createScoreCache, overallScores } from "../scores/score-cache.ts";
import { areaHistoryStatement, createScoreHistory } from "../scores/score-history.ts";
import { createScorer } from "../scores/scorer.ts";
import { createScoring } from "../scores/scoring.ts";
import type { Compressor } from "../serving/content-encoding.ts";
import { createTileSource, type KeptTiles, type TileSource } from "../serving/tile-source.ts";
import type { Config } from "./config.ts";
import { pacedAdapters } from "./paced-adapters.ts";
import { type PublicUrlOptions, publicUrlFrom, publicUrlOf } from "./public-url.ts";

/** The one composition of the product. What differs between Node and workerd is chosen in the folders beside, and given here. */

/** Adapters of the ports. */
export interface Adapters {
  readonly store: ReportStore;
  readonly derived: DerivedStore;
  /** Asks PostgreSQL, and whether it answers. */
  readonly sql: RunSql;
  readonly pingDatabase: () => Promise<void>;
  readonly compressor: Compressor;
  readonly clock: Clock;
  readonly log: Log;
  /** Without it billing is off. */
  readonly payments?: Payments;
  /** Where `meterReads` made these. */
  readonly meter?: ReadMeter;
}

/** Bounds of what one process keeps in memory, where its platform gives less than a machine. */
export interface MemoryBounds {
  readonly cellBytes?: number;
  readonly aggregateBytes?: number;
  readonly indexBytes?: number;
  readonly tileBytes?: number;
  readonly scoreCells?: number;
  /** Whether requests may wait for each other's builds. */
  readonly shareBuilds?: boolean;
}

/** A pyramid and the tiles that are made of it. */
export interface OpenTiles {
  readonly pyramid: Pyramid;
  readonly source: KeptTiles;
}

/** The same as requests know it, however a runtime keeps it up with what others write. */
export interface ServedTiles {
  readonly pyramid: Pick<
    Pyramid,
    "clusterCells" | "cells" | "reports" | "outlines" | "areaReports" | "noteReport" | "noteEdited"
  >;
  readonly source: TileSource;
}

/**
 * What the product is made of below HTTP. Nothing runs by itself: a runtime repeats what has to be done now and then.
 * @param pace of compaction and scoring, where they run beside requests
 */
export function wireDomain(adapters: Adapters, bounds: MemoryBounds = {}, pace?: Pace) {
  const { store, derived, sql, compressor, clock, log, payments } = adapters;
  const behind = pace === undefined ? adapters : pacedAdapters(adapters, pace);
  const { tileBytes, scoreCells, ...ofPyramid } = bounds;

  const scores = createScoreCache({ sql, clock, ...(scoreCells && { maxCells: scoreCells }) });
  const areaScorer = createAreaScorer({ ...behind, clock, log });
  // A Worker's cron comes every five minutes.
  const turns = bounds.shareBuilds === false ? 4 : 1;
  const own = createOwnAreaScorer({ ...behind, clock, log, pyramid: areaScorer.pyramid, turns });
  const scorer = createScorer({ ...behind, clock, log });
  const scoring = createScoring(scorer, createPastScores({ ...behind, clock }), log, { areas: areaScorer, own });
  const usage = createUsageLog({ sql, log });
  const questions = createSql(sql, log);
  const accounts = createAccounts({ sql: questions, usage, clock, log, shareWork: bounds.shareBuilds ?? true });
  const billing = createBilling({ table: createBillingTable(questions), payments, clock, log });
  const shapes = createAreaShapes({ derived });
  const sets = createAreaSets({ derived, log });
  const shareBuilds = bounds.shareBuilds ?? true;
  const areas = { shapes, catalogue: createAreaCatalogue({ sets, clock, shareBuilds }) };
  const compactor = createCompactor({ ...behind, clock, log });
  const hurried = createHurriedChanges({ ...behind, clock, log });

  /** Where tiles show something new from now on. */
  const changes = createRelay<[layer: ReportLayer, geohash: string]>();
  function openTiles(): OpenTiles {
    const pyramid = createPyramid({ store, derived, clock, log, shapes, onChange: changes.send, ...ofPyramid });
    const areaTiles = createAreaTiles({ areas, pyramid, clock });
    const source = createTileSource({
      pyramid,
      scores,
      areas: areaTiles,
      compressor,
      ...(tileBytes && { maxBytes: tileBytes }),
    });
    return { pyramid, source };
  }
  return {
    clock,
    scores,
    scoring,
    usage,
    accounts,
    billing,
    questions,
    areas,
    compactor,
    hurried,
    changes,
    shareBuilds,
    openTiles,
  };
}

type HttpConfig = PublicUrlOptions &
  Pick<
    Config,
    | "reportsPerMinute"
    | "readUnitsPerMinute"
    | "profanity"
    | "proofOfWork"
    | "holdFloods"
    | "basemapStyleUrl"
    | "metricsToken"
    | "securityContact"
  >;

export interface HttpOptions
  extends Pick<
    AppParts,
    "clientAddress" | "isLocal" | "isOnThisMachine" | "live" | "metrics" | "besideAnswers" | "samples"
  > {
  readonly config: HttpConfig;
  readonly tiles: ServedTiles;
  readonly basemap: BasemapTiles;
  /** Without it nobody signs in. */
  readonly signIn?: SignInOptions;
  /** Told of the place of every report that was stored or edited, before that is acknowledged. */
  onChanged?(report: Report): void;
}

/** What sign-in needs of a runtime. */
export type SignInOptions = Pick<AuthOptions, "secret" | "mailer" | "isDemoAllowed">;

/** The HTTP interface over it, and the basemap below the reports. */
export function wireHttp(adapters: Adapters, domain: ReturnType<typeof wireDomain>, options: HttpOptions): App {
  const { store, pingDatabase, compressor, clock, log, meter } = adapters;
  const { scores, scoring, usage, accounts, billing, questions, areas } = domain;
  const { config, tiles, basemap, signIn, onChanged, ...ofRuntime } = options;
  const { pyramid, source } = tiles;
  const onReport = (report: Report) => {
    pyramid.noteReport(report);
    onChanged?.(report);
  };
  const onEdit = (edited: EditedReport, before: Report) => {
    pyramid.noteEdited(edited, before);
    onChanged?.(before);
  };
  const cityOf = createCityOfPlace(areas.catalogue);
  const moderation = createModeration({
    ...{ store, derived: adapters.derived, clock, log, cityOf, onReport, onEdit },
    // In a Worker nobody waits for another request.
    inTurn: domain.shareBuilds ? createInTurn() : atOnce,
  });
  const auth = signIn && wireAuth(signIn, { ...adapters, questions, config, shareBuilds: domain.shareBuilds });
  const parts = [scores, scoring, usage, moderation];
  const app = createApp({
    ...ofRuntime,
    moderation,
    store,
    clock,
    log,
    ...(auth && { auth, sessions: auth.sessions }),
    ...(meter && { meter }),
    areas: {
      ...areas,
      reports: pyramid.areaReports,
      history: createScoreHistory({ sql: questions, clock, statement: areaHistoryStatement }),
    },
    sql: questions,
    billing,
    pingDatabase,
    usage,
    accounts,
    tiles: source,
    codings: compressor.codings,
    publicUrl: ({ req }) => publicUrlOf({ url: req.url, header: (name) => req.header(name) }, config),
    publicUrlFrom: publicUrlFrom(config),
    pyramid,
    clusters: { ...pyramid, scoreOf: overallScores(scores) },
    onReport,
    settings: settingsOf(config),
    samples: () => [...parts.flatMap((part) => part.samples()), ...(ofRuntime.samples?.() ?? [])],
  });
  const { basemapStyleUrl: styleUrl } = config;
  app.route("/", basemapRoutes(basemap, styleUrl === undefined ? {} : { styleUrl }));
  return app;
}

interface AuthParts extends Pick<Adapters, "clock" | "log"> {
  readonly questions: AuthOptions["sql"];
  readonly config: HttpConfig;
  readonly shareBuilds: boolean;
}

function wireAuth(accounts: SignInOptions, { questions, config, clock, log, shareBuilds }: AuthParts) {
  return createAuth({
    ...accounts,
    ...{ sql: questions, clock, log },
    // In a Worker nobody waits for another request.
    passwords: createPasswords(shareBuilds ? { limiter: createLimiter(HASHES.atOnce) } : {}),
    isUrlConfigured: config.publicUrl !== undefined,
  });
}

const settingsOf = ({ metricsToken, securityContact, ...config }: HttpConfig): AppSettings => ({
  ...DEFAULT_SETTINGS,
  reportsPerMinute: config.reportsPerMinute,
  readUnitsPerMinute: config.readUnitsPerMinute,
  maskProfanity: config.profanity === "on",
  proofOfWork: config.proofOfWork === "on",
  holdFloods: config.holdFloods === "on",
  ...(metricsToken !== undefined && { metricsToken }),
  ...(securityContact !== undefined && { securityContact }),
});
