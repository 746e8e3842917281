import type { Log } from "../console/log.ts";
import { DAY_MS, formatDay, HOUR_MS, startOfDay, startOfHour } from "../kit/utc-time.ts";
import type { Clock } from "../ports/clock.ts";
import type { ReportStore } from "../ports/report-store.ts";
import type { RunSql } from "../ports/sql.ts";
import type { Pyramid } from "../pyramid/pyramid.ts";
import { scoreArea } from "../scores/area-scores.ts";
import { createAreaTable } from "../scores/area-table.ts";
import { AREAS_PER_STATEMENT, fillPastOf } from "../scores/past-area-scores.ts";
import { createDueAreaTable, type DueArea, type ScoredArea } from "./due-area-table.ts";
import { asFoundArea } from "./own-area.ts";
import { createOwnAreaCounter } from "./own-area-counter.ts";
import { readOwnAreaReports } from "./own-area-reports.ts";
import { createOwnCellTable } from "./own-cell-table.ts";

/**
 * Counts and scores areas of accounts, apart from what is public: once an hour from what is stored by then, so that no report costs more for
 * them. Any process may, twice, together or half way: progress is kept in PostgreSQL.
 */
export interface OwnAreaScorer {
  /** Does some of what is to be done, if there is anything. Rejects when a store fails; run it again then. */
  run(): Promise<OwnAreaReport>;
}

export interface OwnAreaReport {
  readonly cells: number;
  /** Areas that were scored. */
  readonly areas: number;
  /** Rows of history written. */
  readonly rows: number;
}

export interface OwnAreaScorerOptions {
  readonly store: ReportStore;
  readonly sql: RunSql;
  readonly clock: Clock;
  readonly log: Log;
  /** A pyramid for the background; it is polled here. Only asked for where there are own areas. */
  pyramid(): Pyramid;
  /** So many times as much is done at once, where minutes pass between two runs; 1 without it. */
  readonly turns?: number;
}

/** Bounds of a turn, of which a run mostly is one: what is left is done by the next, some seconds later. */
const CELLS_PER_TURN = 64;
const AREAS_PER_TURN = 50;
const MOST_MS = 5_000;
/** Where nothing was left to do it is looked again after so long, or in another hour. */
const LOOK_AGAIN_MS = 10_000;

const NOTHING: OwnAreaReport = { cells: 0, areas: 0, rows: 0 };

export function createOwnAreaScorer(options: OwnAreaScorerOptions): OwnAreaScorer {
  const { store, sql, clock, log, pyramid, turns = 1 } = options;
  const cells = createOwnCellTable(sql);
  const due = createDueAreaTable(sql);
  const table = createAreaTable(sql, "own_area_scores");
  const counter = createOwnAreaCounter({ store, table: cells, clock });
  let restUntilMs = Number.NEGATIVE_INFINITY;
  let thinDay: string | undefined;

  async function fillPast(): Promise<number> {
    const ids = await due.unfilled(AREAS_PER_STATEMENT);
    if (ids.length === 0) return 0;
    const rows = await fillPastOf({ sql, clock, table }, ids, "own_area_counts");
    await due.noteFilled(ids);
    return rows;
  }

  /** Those that the time was not enough for are due again soon. */
  async function scoreDue(endMs: number): Promise<Pick<OwnAreaReport, "areas" | "rows">> {
    const taken = await due.take(AREAS_PER_TURN, clock.now());
    if (taken.length === 0) return { areas: 0, rows: 0 };
    const behind = pyramid();
    await behind.poll();
    const done: ScoredArea[] = [];
    const scores: ReturnType<typeof scoreArea>[] = [];
    const nowMs = clock.now();
    for (const area of taken) {
      if (performance.now() > endMs) done.push({ id: area.id, dueMs: nowMs, isPaused: area.isPaused });
      else if (!area.isAllowed) done.push({ id: area.id, dueMs: nextHour(nowMs), isPaused: true });
      else {
        const { reports, untilMs } = await readOwnAreaReports(behind, asFoundArea(area).area, nowMs);
        scores.push(scoreArea(area.id, reports));
        done.push({ id: area.id, dueMs: dueAfter(nowMs, untilMs), isPaused: false });
      }
    }
    const rows = scores.length === 0 ? 0 : await table.write(scores, nowMs);
    await due.settle(done, nowMs);
    noteResumed(taken, done);
    return { areas: scores.length, rows };
  }

  function noteResumed(taken: readonly DueArea[], done: readonly ScoredArea[]): void {
    const resumed = taken.filter(({ isPaused }, i) => isPaused && done[i]?.isPaused === false).length;
    if (resumed > 0) log.debug("own areas are counted again", { resumed });
  }

  async function tidy(): Promise<void> {
    const day = formatDay(clock.now());
    if (thinDay === day) return;
    await table.thin(clock.now());
    await cells.tidy();
    thinDay = day;
  }

  async function takeTurn(): Promise<OwnAreaReport> {
    const endMs = performance.now() + MOST_MS;
    const counted = await counter.run(CELLS_PER_TURN, endMs);
    const past = await fillPast();
    const { areas, rows } = await scoreDue(endMs);
    return { cells: counted, areas, rows: rows + past };
  }

  return {
    async run() {
      const nowMs = clock.now();
      const isResting = nowMs < restUntilMs && nowMs >= restUntilMs - LOOK_AGAIN_MS;
      if (isResting) return NOTHING;
      let report = NOTHING;
      restUntilMs = Number.NEGATIVE_INFINITY;
      for (let turn = 0; turn < turns; turn++) {
        const done = await takeTurn();
        report = added(report, done);
        if (done.cells + done.areas + done.rows > 0) continue;
        restUntilMs = Math.min(nowMs + LOOK_AGAIN_MS, nextHour(nowMs));
        break;
      }
      await tidy();
      return report;
    },
  };
}

const added = (a: OwnAreaReport, b: OwnAreaReport): OwnAreaReport => ({
  cells: a.cells + b.cells,
  areas: a.areas + b.areas,
  rows: a.rows + b.rows,
});

const nextHour = (timeMs: number): number => startOfHour(timeMs) + HOUR_MS;

/** The first hour in which ages may have changed something, and at least once a day, for the history. */
function dueAfter(nowMs: number, changesAtMs: number): number {
  const nextDay = startOfDay(nowMs) + DAY_MS;
  const changed = changesAtMs === Infinity ? Infinity : Math.ceil(changesAtMs / HOUR_MS) * HOUR_MS;
  return Math.max(nextHour(nowMs), Math.min(nextDay, changed));
}
