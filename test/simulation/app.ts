import type { Log } from "../../server/console/log.ts";
import { createIsolateTiles } from "../../server/edge/isolate-tiles.ts";
import type { Clock, DerivedStore, ReportStore } from "../../server/ports.ts";
import type { RunSql } from "../../server/postgres/sql.ts";
import { compactInBackground } from "../../server/pyramid/compact-in-background.ts";
import { type Compactor, createCompactor } from "../../server/pyramid/compactor.ts";
import { followChanges } from "../../server/pyramid/follow-changes.ts";
import { createPyramid, type Pyramid } from "../../server/pyramid/pyramid.ts";
import { repeatInBackground } from "../../server/repeat-in-background.ts";
import { type CreateOutcome, createReport, type ReportDraft } from "../../server/reports/create-report.ts";
import { flagReport } from "../../server/reports/flag-report.ts";
import { listReports, type ReportPage, type ReportQuery } from "../../server/reports/list-reports.ts";
import { createScorer } from "../../server/scores/scorer.ts";
import type { DomainIndex } from "../../tiles/domain-index.ts";
import type { ReportLayer, TimeWindow } from "../../tiles/layers.ts";
import type { Report } from "../../tiles/report.ts";
import type { TileAddress } from "../../tiles/tile-address.ts";

/** What a process does when it is asked, wired as `serve.ts` and `isolate.ts` wire it. */
export interface App {
  readonly store: ReportStore;
  post(draft: ReportDraft, key?: string): Promise<CreateOutcome>;
  /** Flags of so many clients hide the report; undefined when there is none. */
  flag(id: string, address: string, flagsToHide: number): Promise<number | undefined>;
  domains(layer: ReportLayer, tile: TileAddress, window: TimeWindow): Promise<readonly DomainIndex[]>;
  list(query: ReportQuery): Promise<ReportPage>;
  compactor(): Compactor;
  /** What goes on by itself, by name. */
  readonly background: Readonly<Record<string, () => void>>;
}

export interface AppOptions {
  readonly store: ReportStore;
  readonly derived: DerivedStore;
  readonly clock: Clock;
  readonly log: Log;
}

interface NodeOptions extends AppOptions {
  readonly compactEveryMs: number;
  /** Of a process that scores. */
  readonly sql?: RunSql | undefined;
}

/** Rows that a list reads. */
const LIST_ROWS = 20_000;
const SCORE_EVERY_MS = 5_000;

/** A process of Node's. */
export function createNodeApp(options: NodeOptions): App {
  const { log, sql, compactEveryMs } = options;
  const pyramid = createPyramid(options);
  const compactor = () => createCompactor(options);
  const scorer = sql && createScorer({ ...options, sql });
  const score = async () => void (await scorer?.run());
  return {
    ...appOf(options, pyramid),
    domains: pyramid.domains,
    compactor,
    background: {
      poll: followChanges(pyramid, log).start,
      compact: compactInBackground(compactor(), compactEveryMs, log).start,
      ...(scorer && { score: repeatInBackground(score, { name: "scoring", everyMs: SCORE_EVERY_MS, log }).start }),
    },
  };
}

/** An isolate of the Worker: no background work, polls before reads. */
export function createWorkerApp(options: AppOptions): App {
  const tiles = createIsolateTiles({
    open() {
      const pyramid = createPyramid({ ...options, shareBuilds: false });
      return { pyramid, tiles: { read: async () => undefined } };
    },
    ...options,
  });
  return {
    ...appOf(options, tiles),
    async domains(layer, tile, window) {
      await tiles.keepUp();
      return tiles.pyramid.domains(layer, tile, window);
    },
    compactor: () => createCompactor(options),
    background: {},
  };
}

type Notes = Pick<Pyramid, "noteReport" | "noteHidden">;

function appOf({ store, clock }: AppOptions, notes: Notes): Pick<App, "store" | "post" | "flag" | "list"> {
  return {
    store,
    post: (draft, key) => createReport({ store, clock, onReport: (report) => notes.noteReport(report) }, draft, key),
    flag: (id, address, flagsToHide) =>
      flagReport({ store, flagsToHide, onHide: (report: Report) => notes.noteHidden(report) }, { id, address }),
    list: (query) => listReports(store, query, LIST_ROWS),
  };
}
