import type { MicroCells } from "../../tiles/cells/micro-cells.ts";
import { REPORT_LAYERS, type ReportLayer } from "../../tiles/layers.ts";
import { scoreCells, tallyNeighborhoods } from "../../tiles/scores/scores.ts";
import { createAreaSets, keyOfVersion } from "../areas/area-sets.ts";
import { createAreaShapes } from "../areas/area-shapes.ts";
import type { Log } from "../console/log.ts";
import { mapLimited } from "../kit/map-limited.ts";
import { formatDay } from "../kit/utc-time.ts";
import type { Clock } from "../ports/clock.ts";
import type { DerivedStore } from "../ports/derived-store.ts";
import type { ReportStore } from "../ports/report-store.ts";
import type { RunSql } from "../ports/sql.ts";
import { type CellAggregates, type CellAggregateVersion, createCellAggregates } from "../pyramid/cell-aggregates.ts";
import { type CompactionPoint, createCompactionState } from "../pyramid/compaction-state.ts";
import type { UnmergedRows } from "../pyramid/unmerged-rows.ts";
import { readLiveSets } from "./areas-of-cells.ts";
import { findChangedCellAggregates } from "./changed-aggregates.ts";
import { createReportCounter } from "./report-counter.ts";
import { createScoreTable, type ScoredCellAggregates, type ScoreTable } from "./score-table.ts";
import { createScoreThinning } from "./score-thinning.ts";

/**
 * Scores what was compacted, and what the compaction left unmerged. A cell aggregate holds the reports' severities by age band, and the compactor makes it anew when reports
 * come or age, so a neighbourhood's scores can only have changed where a cell aggregate's version has: these are scored, and all once
 * a day, for the history. Which versions were scored stands beside the scores, written with them; hence any process may
 * score, twice, together or half way.
 */
export interface Scorer {
  /** Scores and counts what changed. Rejects when a store fails; run it again then. */
  run(): Promise<ScoringReport>;
}

export interface ScoringReport {
  /** Neighbourhoods whose scores were computed. */
  readonly neighborhoods: number;
  /** Rows of history written, of all precisions. */
  readonly rows: number;
  /** Cells of the log whose days were counted. */
  readonly counted: number;
  /** Rows of history that were thinned away. */
  readonly thinned: number;
}

export interface ScorerOptions {
  readonly store: ReportStore;
  readonly derived: DerivedStore;
  readonly sql: RunSql;
  readonly clock: Clock;
  readonly log: Log;
}

const NOTHING: ScoringReport = { neighborhoods: 0, rows: 0, counted: 0, thinned: 0 };

/** A cell aggregate has at most 1 057 cells with scores; a statement takes cell aggregates until it has so many. */
const CELLS_PER_STATEMENT = 2000;

const LAYERS_WIDTH = 4;
/** Of areas' corners in memory. */
const AREA_BYTES = 8 * 2 ** 20;

export function createScorer({ store, derived, sql, clock, log }: ScorerOptions): Scorer {
  const cellAggregates = createCellAggregates({ derived, clock, log });
  const changed = findChangedCellAggregates(cellAggregates);
  const table = createScoreTable(sql);
  const areas = { sets: createAreaSets({ derived, log }), shapes: createAreaShapes({ derived, maxBytes: AREA_BYTES }) };
  const counter = createReportCounter({ store, sql, clock, areas });
  const thinning = createScoreThinning(sql);
  const compaction = createCompactionState(derived, log, clock);
  let done: { point: CompactionPoint; day: string; sets: string } | undefined;
  /** The day of which everything was put among what waits. */
  let begunDay: string | undefined;
  /** Geohashes-3 to score. */
  const waiting = new Set<string>();
  /** The day on which nothing is left to thin. */
  let thinDay: string | undefined;

  /** Before a day's first scoring: everything is scored on it, and what has a mark although nothing is left of it. */
  async function beginDay(day: string): Promise<void> {
    changed.forget();
    // Only the first of all scorers on a day, so that a cron that remembers nothing does not do it each time.
    if (!(await table.hasBegun(day))) await table.prepare(clock.now());
    for (const name of (await table.readMarks("")).keys()) waiting.add(name.slice(0, 3));
    begunDay = day;
  }

  /** What was scored before a failure is not looked at again. */
  async function scoreChanged(day: string, fresh: UnmergedRows): Promise<ScoringReport> {
    if (begunDay !== day) await beginDay(day);
    const { geohash3s, seen, seenAll } = await changed.find(fresh);
    for (const geohash3 of geohash3s) waiting.add(geohash3);
    let report = NOTHING;
    for (const geohash3 of waiting) {
      report = added(report, await scoreGeohash({ table, cellAggregates, clock }, geohash3, day, fresh));
      waiting.delete(geohash3);
      seen(geohash3);
    }
    seenAll();
    return report;
  }

  async function scoreAndCount(day: string): Promise<ScoringReport> {
    const point = await compaction.read();
    // Areas that have just come are counted, also where nothing else has changed.
    const sets = (await readLiveSets(areas)).map(keyOfVersion).join();
    const isDone =
      done?.day === day && point?.cursor === done.point.cursor && point.atMs === done.point.atMs && sets === done.sets;
    if (point === undefined || isDone) return NOTHING;
    const report = await scoreChanged(day, point.rows);
    const counted = await counter.run();
    done = { point, day, sets };
    return { ...report, counted };
  }

  /** After what is fresh: there is time for what is old. */
  async function thin(day: string): Promise<number> {
    if (thinDay === day) return 0;
    const { done: allThin, thinned } = await thinning.run(clock.now());
    if (allThin) thinDay = day;
    return thinned;
  }

  return {
    async run() {
      const day = formatDay(clock.now());
      const report = await scoreAndCount(day);
      return { ...report, thinned: await thin(day) };
    },
  };
}

interface GeohashScoring extends Pick<ScorerOptions, "clock"> {
  readonly table: ScoreTable;
  readonly cellAggregates: CellAggregates;
}

/** Scores the cells under a geohash-3 whose cell aggregates are others than those that were last scored, or not of today. */
async function scoreGeohash(
  { table, cellAggregates, clock }: GeohashScoring,
  geohash3: string,
  day: string,
  fresh: UnmergedRows,
): Promise<ScoringReport> {
  const [marks, layers] = await Promise.all([
    table.readMarks(geohash3),
    mapLimited(
      REPORT_LAYERS,
      LAYERS_WIDTH,
      async (layer) => [layer, await cellAggregates.readVersions(layer, geohash3, fresh)] as const,
    ),
  ]);
  const names = new Set([...marks.keys(), ...layers.flatMap(([, found]) => [...found.keys()])]);
  let waiting: ScoredCellAggregates[] = [];
  let report = NOTHING;
  const flush = async (): Promise<void> => {
    report = added(report, { ...NOTHING, rows: await table.write(waiting, clock.now()) });
    waiting = [];
  };
  for (const geohash4 of [...names].sort()) {
    const found = layers.flatMap(([layer, all]): FoundCellAggregate[] => {
      const cellAggregate = all.get(geohash4);
      return cellAggregate === undefined ? [] : [{ layer, cellAggregate }];
    });
    const mark = marks.get(geohash4);
    const versions = versionsOf(found);
    if (mark !== undefined && mark.versions === versions && mark.day === day) continue;
    const scored = scoreCellAggregates(geohash4, found, versions);
    if (scored === undefined) continue;
    waiting.push(scored);
    report = added(report, {
      ...NOTHING,
      neighborhoods: scored.cells.filter((cell) => cell.geohash.length === 6).length,
    });
    if (waiting.reduce((sum, { cells }) => sum + cells.length, 0) >= CELLS_PER_STATEMENT) await flush();
  }
  if (waiting.length > 0) await flush();
  return report;
}

interface FoundCellAggregate {
  readonly layer: ReportLayer;
  readonly cellAggregate: CellAggregateVersion;
}

function versionsOf(found: readonly FoundCellAggregate[]): string | undefined {
  return found.length === 0
    ? undefined
    : found.map(({ layer, cellAggregate }) => `${layer} ${cellAggregate.version}`).join(", ");
}

/** Undefined when a cell aggregate is damaged: the compactor makes it anew, and with it another version. */
function scoreCellAggregates(
  geohash4: string,
  found: readonly FoundCellAggregate[],
  versions: string | undefined,
): ScoredCellAggregates | undefined {
  const cellsOf: Partial<Record<ReportLayer, MicroCells>> = {};
  for (const { layer, cellAggregate } of found) {
    const cells = cellAggregate.decode();
    if (cells === undefined) return undefined;
    cellsOf[layer] = cells;
  }
  return { geohash4, versions, cells: scoreCells(tallyNeighborhoods(cellsOf)) };
}

const added = (a: ScoringReport, b: ScoringReport): ScoringReport => ({
  neighborhoods: a.neighborhoods + b.neighborhoods,
  rows: a.rows + b.rows,
  counted: a.counted + b.counted,
  thinned: a.thinned + b.thinned,
});
