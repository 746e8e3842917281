import type { MicroCells } from "../../tiles/cells/micro-cells.ts";
import { geohashOfKey } from "../../tiles/geo/cell-key.ts";
import { BASE32, columnAt, parseCell, rowAt } from "../../tiles/geo/geohash.ts";
import {
  BAND_COUNT,
  REPORT_LAYERS,
  type ReportLayer,
  TIME_WINDOWS,
  type TimeWindow,
  WINDOW_BANDS,
} from "../../tiles/layers.ts";
import type { Report } from "../../tiles/report.ts";
import {
  confidencesOf,
  gather,
  SCORE_NAMES,
  type ScoredCell,
  type ScoreTenths,
  scoreCells,
  tallyNeighborhoods,
} from "../../tiles/scores/scores.ts";
import type { City } from "../areas/cities.ts";
import { cityOfCell } from "../areas/city-of-cell.ts";
import type { Log } from "../console/log.ts";
import { DAY_MS, formatDay, startOfDay } from "../kit/utc-time.ts";
import type { Pyramid } from "../pyramid/pyramid.ts";
import { type Area, listArea, type ReportSource } from "../reports/area-reports.ts";
import type { DayScores, ScoreHistory } from "./score-history.ts";

/** Everything about one cell. */
export interface ScoreCard {
  readonly cell: ScoredCell;
  readonly city: City | undefined;
  readonly counts: Readonly<Record<ReportLayer, Readonly<Record<TimeWindow, number>>>>;
  /** Newest first. */
  readonly latest: readonly Report[];
  /** Undefined while PostgreSQL is away. */
  readonly history: CardHistory | undefined;
}

export interface CardHistory {
  /** Days on which the cell was scored, of the last 30 and before today; ascending. */
  readonly days: readonly DayScores[];
  /** Scores now less those of a week ago, in tenths, of those that both times have medium confidence or more; undefined without any. */
  readonly change7d: ScoreTenths | undefined;
}

export interface ScoreCardOptions extends ReportSource {
  readonly pyramid: ReportSource["pyramid"] & Pick<Pyramid, "cells">;
  readonly log: Log;
  /** Without it there is no history. */
  readonly history?: ScoreHistory;
}

const LATEST = 5;
const LOG_PRECISION = 5;
const SERIES_DAYS = 30;
/** Of the cells whose cell aggregates the counts of a wide cell were made of. */
const CELL_AGGREGATE_LENGTH = 4;

/**
 * Reads the card of a cell of precision 4, 5 or 6: both databases at once. Counts and, in cells of 5 and 6, the latest come from
 * the rows of one log cell a layer, however many there are.
 * @throws StoreUnavailableError
 */
export async function readScoreCard(options: ScoreCardOptions, geohash: string): Promise<ScoreCard> {
  const { clock } = options;
  const [{ perLayer, latest }, days] = await Promise.all([readReports(options, geohash), readDays(options, geohash)]);
  const cellsOf = Object.fromEntries(perLayer) as Record<ReportLayer, MicroCells>;
  const inside = scoreCells(tallyNeighborhoods(cellsOf)).filter(
    (cell) => cell.geohash.length === 6 && cell.geohash.startsWith(geohash),
  );
  const cell = geohash.length === 6 && inside[0] !== undefined ? inside[0] : gather(geohash, inside);
  const counts = Object.fromEntries(perLayer.map(([layer, found]) => [layer, countWindows(found, geohash)]));
  return {
    cell,
    city: cityOfCell(geohash),
    counts: counts as ScoreCard["counts"],
    latest,
    history: days && {
      days: days.slice(-SERIES_DAYS),
      change7d: changeSince(days, cell, clock.now() - 7 * DAY_MS),
    },
  };
}

async function readReports(options: ScoreCardOptions, geohash: string) {
  const node = geohash.slice(0, LOG_PRECISION);
  const perLayer = await Promise.all(
    REPORT_LAYERS.map(async (layer) => [layer, await options.pyramid.cells(layer, node)] as const),
  );
  // After the counts, which bring the rows into memory.
  const query = { area: areaOf(geohash), layers: REPORT_LAYERS, limit: LATEST, endAfter: Infinity };
  return { perLayer, latest: (await listArea(options, query)).reports };
}

function areaOf(geohash: string): Area {
  const precision = geohash.length;
  const { column, row } = parseCell(geohash);
  const isWide = precision < LOG_PRECISION;
  return {
    cells: isWide ? [...BASE32].map((char) => geohash + char) : [geohash.slice(0, LOG_PRECISION)],
    cellAggregateLength: CELL_AGGREGATE_LENGTH,
    isWhole: () => precision <= LOG_PRECISION,
    has: (lonDeg, latDeg) => columnAt(lonDeg, precision) === column && rowAt(latDeg, precision) === row,
  };
}

/** Days before today. */
async function readDays(
  { history, clock, log }: ScoreCardOptions,
  geohash: string,
): Promise<readonly DayScores[] | undefined> {
  const today = formatDay(clock.now());
  try {
    const days = await history?.read(geohash, startOfDay(clock.now()) - SERIES_DAYS * DAY_MS);
    return days?.filter(({ day }) => day < today);
  } catch (error) {
    log.debug("score card without history", { error });
    return undefined;
  }
}

/** A week ago is the day that ended nearest before: it may be a few days longer when scoring had stopped. */
export function changeSince(days: readonly DayScores[], now: ScoredCell, thenMs: number): ScoreTenths | undefined {
  const then = days.findLast(({ day }) => day <= formatDay(thenMs));
  if (then === undefined || then.day < formatDay(thenMs - 7 * DAY_MS)) return undefined;
  return changeBetween(then, now);
}

type Standing = Pick<ScoredCell, "scores" | "worthQuarters">;

/** Scores less those before, in tenths, of those that both times have medium confidence or more; undefined without any. */
export function changeBetween(then: Standing, now: Standing): ScoreTenths | undefined {
  const [before, after] = [then, now].map(reliableScores) as [ScoreTenths, ScoreTenths];
  const changes = SCORE_NAMES.map((name) => [name, differenceOf(after[name], before[name])] as const);
  return changes.every(([, change]) => change === null) ? undefined : (Object.fromEntries(changes) as ScoreTenths);
}

/** A few reporters more or less turn what has low confidence: its change says nothing. */
function reliableScores({ scores, worthQuarters }: Standing): ScoreTenths {
  const confidences = confidencesOf(scores, worthQuarters);
  const told = SCORE_NAMES.map((name) => [name, confidences[name] === "low" ? null : scores[name]]);
  return Object.fromEntries(told) as ScoreTenths;
}

const differenceOf = (a: number | null, b: number | null): number | null => (a === null || b === null ? null : a - b);

function countWindows(cells: MicroCells, geohash: string): Record<TimeWindow, number> {
  const bands = new Array<number>(BAND_COUNT).fill(0);
  for (let cell = 0; cell < cells.length; cell++) {
    if (!geohashOfKey(cells.key[cell] as number, cells.precision).startsWith(geohash)) continue;
    for (let band = 0; band < BAND_COUNT; band++) {
      bands[band] = (bands[band] as number) + (cells.bandCount[cell * BAND_COUNT + band] as number);
    }
  }
  const upTo = (window: TimeWindow) => bands.slice(0, WINDOW_BANDS[window]).reduce((sum, count) => sum + count, 0);
  return Object.fromEntries(TIME_WINDOWS.map((window) => [window, upTo(window)])) as Record<TimeWindow, number>;
}
