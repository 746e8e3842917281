import type { Log } from "../../server/console/log.ts";
import { type BackgroundWork, repeatInBackground } from "../../server/kit/background.ts";
import { createModeration } from "../../server/moderation/moderation.ts";
import type { Clock } from "../../server/ports/clock.ts";
import type { DerivedStore } from "../../server/ports/derived-store.ts";
import type { EditedReport, ReportEdit, ReportStore } from "../../server/ports/report-store.ts";
import type { RunSql } from "../../server/ports/sql.ts";
import { compactInBackground } from "../../server/pyramid/compact-in-background.ts";
import { type Compactor, createCompactor } from "../../server/pyramid/compactor.ts";
import { createHurriedChanges } from "../../server/pyramid/hurried-changes.ts";
import { createPyramid, type Pyramid } from "../../server/pyramid/pyramid.ts";
import { STREET_LIMITS } from "../../server/pyramid/street-base.ts";
import type { ReportPage } from "../../server/reports/area-reports.ts";
import { type CreateOutcome, createReport, type ReportDraft } from "../../server/reports/create-report.ts";
import { flagReport } from "../../server/reports/flag-report.ts";
import { listReports, type ReportQuery } from "../../server/reports/list-reports.ts";
import { createWorkerTiles } from "../../server/runtime/worker/worker-tiles.ts";
import { readScoreCard, type ScoreCard, type ScoreCardOptions } from "../../server/scores/score-card.ts";
import { createScorer } from "../../server/scores/scorer.ts";
import { createTileSource, type TileSource } from "../../server/serving/tile-source.ts";
import type { ClusterCellIndex } from "../../tiles/cluster/cluster-cell-index.ts";
import type { TileAddress } from "../../tiles/geo/tile-address.ts";
import type { ReportLayer, TimeWindow } from "../../tiles/layers.ts";
import type { Report } from "../../tiles/report.ts";

/** What a process does when it is asked, wired as `serve.ts` and `worker-app.ts` wire it. */
export interface App {
  readonly store: ReportStore;
  post(draft: ReportDraft, key?: string): Promise<CreateOutcome>;
  /** Flags of so many clients hide the report; undefined when there is none. */
  flag(id: string, address: string, flagsToHide: number): Promise<number | undefined>;
  /** Edits a report that read so before. */
  edit(before: Report, edit: ReportEdit): Promise<EditedReport | undefined>;
  clusterCells(layer: ReportLayer, tile: TileAddress, window: TimeWindow): Promise<readonly ClusterCellIndex[]>;
  /** The encoded tile of one layer; undefined when it is empty. */
  tile(layer: ReportLayer, tile: TileAddress, window: TimeWindow): Promise<Uint8Array | undefined>;
  list(query: ReportQuery): Promise<ReportPage>;
  compactor(): Compactor;
  /** The score card of a cell, without its history. */
  card(geohash: string): Promise<ScoreCard>;
  /** Where tiles have changed, as open maps are told, in order; undefined where another process tells them. */
  readonly changes?: readonly { readonly layer: ReportLayer; readonly geohash: string }[];
  /** What goes on by itself, by name. */
  readonly background: Readonly<Record<string, BackgroundWork>>;
  /** What goes on behind the answer to a request that writes. */
  afterWrite(): Promise<void>;
}

export interface AppOptions {
  readonly store: ReportStore;
  readonly derived: DerivedStore;
  readonly clock: Clock;
  readonly log: Log;
  /** Bounds of the caches. */
  readonly cellBytes: number;
  readonly aggregateBytes: number;
  readonly indexBytes: number;
}

interface NodeOptions extends AppOptions {
  readonly compactEveryMs: number;
  /** Of a process that scores. */
  readonly sql?: RunSql | undefined;
}

/** Some reports make a cell dense. */
const streetLimits = { ...STREET_LIMITS, denseRows: 8, leastNewer: 4, leastMoving: 2, mostOfHead: 10 };

const CONFIRM_EVERY_MS = 100;
const POLL_EVERY_MS = 1_000;
const SCORE_EVERY_MS = 5_000;

/** A process of Node's. */
export function createNodeApp(options: NodeOptions): App {
  const { store, log, sql, compactEveryMs } = options;
  const changes: { readonly layer: ReportLayer; readonly geohash: string }[] = [];
  const pyramid = createPyramid({ ...options, onChange: (layer, geohash) => changes.push({ layer, geohash }) });
  const scorer = sql && createScorer({ ...options, sql });
  const repeat = (name: string, everyMs: number, run: () => Promise<unknown>) =>
    repeatInBackground(async () => void (await run()), { name, everyMs, log });
  return {
    ...appOf(options, pyramid),
    clusterCells: pyramid.clusterCells,
    tile: tileOf(createTileSource({ pyramid })),
    changes,
    background: {
      confirm: repeat("confirming changes", CONFIRM_EVERY_MS, () => store.confirm()),
      poll: repeat("reading changes", POLL_EVERY_MS, pyramid.poll),
      compact: compactInBackground({
        compactor: createCompactor({ ...options, streetLimits }),
        hurried: createHurriedChanges(options),
        clock: options.clock,
        everyMs: compactEveryMs,
        log,
      }),
      ...(scorer && { score: repeat("scoring", SCORE_EVERY_MS, scorer.run) }),
    },
    afterWrite: async () => {},
  };
}

const WORKER_CONFIRMS_AFTER_MS = 300;

/** An isolate of the Worker: no background work, polls before reads, confirms behind writes. */
export function createWorkerApp(options: AppOptions): App {
  const { store, log } = options;
  const tiles = createWorkerTiles({
    open() {
      const pyramid = createPyramid({ ...options, shareBuilds: false });
      return { pyramid, source: createTileSource({ pyramid }) };
    },
    ...options,
  });
  const { list, card, ...app } = appOf(options, tiles.pyramid);
  /** As the app's middleware does it before each request that reads. */
  const reading =
    <Args extends unknown[], T>(read: (...args: Args) => Promise<T>) =>
    async (...args: Args): Promise<T> => {
      await tiles.keepUp();
      return read(...args);
    };
  return {
    ...app,
    clusterCells: reading(tiles.pyramid.clusterCells),
    tile: reading(tileOf(tiles.source)),
    list: reading(list),
    card: reading(card),
    background: {},
    async afterWrite() {
      await new Promise((resolve) => setTimeout(resolve, WORKER_CONFIRMS_AFTER_MS));
      await store.confirm().catch((error: unknown) => log.warn("changes not confirmed yet", { error }));
    },
  };
}

const tileOf =
  (source: TileSource): App["tile"] =>
  async (layer, tile, window) =>
    (await source.read({ layers: [layer], tile, window }))?.bytes;

type Tiles = Pick<Pyramid, "noteReport" | "noteEdited"> & ScoreCardOptions["pyramid"];

function appOf(options: AppOptions, tiles: Tiles): Omit<App, "clusterCells" | "tile" | "background" | "afterWrite"> {
  const { store, clock, log } = options;
  const moderation = createModeration({
    ...options,
    cityOf: async () => undefined,
    onReport: tiles.noteReport,
    onEdit: tiles.noteEdited,
  });
  return {
    store,
    post: (draft, key) => createReport({ store, clock, onReport: tiles.noteReport }, draft, key),
    flag: async (id, address, flagsToHide) =>
      (await flagReport({ store, moderation, flagsToHide }, { id, address }))?.needed,
    async edit(before, edit) {
      const edited = await store.edit(before.id, edit);
      if (edited !== undefined) tiles.noteEdited(edited, before);
      return edited;
    },
    list: (query) => listReports({ pyramid: tiles, store, clock }, query),
    card: (geohash) => readScoreCard({ pyramid: tiles, store, clock, log }, geohash),
    compactor: () => createCompactor({ ...options, streetLimits }),
  };
}
