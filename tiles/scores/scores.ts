import type { MicroCells } from "../cells/micro-cells.ts";
import { geohashOfKey } from "../geo/cell-key.ts";
import { AGE_BANDS, BAND_COUNT, REPORT_LAYERS, type ReportLayer, WINDOW_BANDS } from "../layers.ts";

/**
 * Scores of geohash cells: how a neighbourhood is doing, 0..100 with one decimal. Kept in tenths, as integers, so that adding
 * and comparing are exact. docs/decisions/0005-scores.md says what was chosen where the formulas leave a choice.
 */
export const SCORE_NAMES = [...REPORT_LAYERS, "overall"] as const;
export type ScoreName = (typeof SCORE_NAMES)[number];

/** The five scores of a cell, each 0..1000 tenths. */
export type ScoreTenths = Readonly<Record<ScoreName, number>>;

/** Precisions that have scores: neighbourhoods, and the two above, which are means of the neighbourhoods inside. */
export const SCORE_PRECISIONS = [4, 5, 6] as const;
const NEIGHBORHOOD_PRECISION = 6;

/** Score without reports, and what a report of severity 1 and full weight adds, both in points. */
const FORMULAS: Readonly<Record<ReportLayer, { readonly start: number; readonly perSeverity: number }>> = {
  safety: { start: 100, perSeverity: -3 },
  vibe: { start: 50, perSeverity: 2 },
  infrastructure: { start: 100, perSeverity: -2 },
  opportunity: { start: 50, perSeverity: 2 },
};

const MAX_TENTHS = 1000;
const BANDS_7D = WINDOW_BANDS["7d"];

/** All that a neighbourhood's scores are made of; tallies of its reports add up, in any order. */
export interface ScoreTally {
  /** Per layer the sum of severity times recency weight, in tenths. */
  readonly weightTenths: Readonly<Record<ReportLayer, number>>;
  /** Live reports of all layers. */
  readonly reportCount: number;
  readonly reportCount7d: number;
}

export const EMPTY_TALLY: ScoreTally = {
  weightTenths: { safety: 0, vibe: 0, infrastructure: 0, opportunity: 0 },
  reportCount: 0,
  reportCount7d: 0,
};

/** A cell with its scores, as they are published. */
export interface ScoredCell {
  /** Of precision 4, 5 or 6. */
  readonly geohash: string;
  readonly scores: ScoreTenths;
  readonly reportCount: number;
  readonly reportCount7d: number;
}

/** A layer's score before it is clamped, in tenths: the start plus something for every report. */
export function unclampedTenths(layer: ReportLayer, weightTenths: number): number {
  const { start, perSeverity } = FORMULAS[layer];
  return 10 * start + perSeverity * weightTenths;
}

/** Scores of one neighbourhood. */
export function scoresOfTally({ weightTenths }: ScoreTally): ScoreTenths {
  return withOverall((layer) => Math.min(MAX_TENTHS, Math.max(0, unclampedTenths(layer, weightTenths[layer]))));
}

/** Of a place without reports. */
export const NEUTRAL_SCORES: ScoreTenths = scoresOfTally(EMPTY_TALLY);

/** Scores of a larger cell: the mean of its neighbourhoods' scores, each counted once per live report. */
export function meanScores(cells: readonly ScoredCell[]): ScoreTenths {
  const total = cells.reduce((sum, { reportCount }) => sum + reportCount, 0);
  if (total === 0) return NEUTRAL_SCORES;
  return withOverall((layer) =>
    roundedRatio(
      cells.reduce((sum, { scores, reportCount }) => sum + scores[layer] * reportCount, 0),
      total,
    ),
  );
}

function withOverall(scoreOf: (layer: ReportLayer) => number): ScoreTenths {
  const four = {
    safety: scoreOf("safety"),
    vibe: scoreOf("vibe"),
    infrastructure: scoreOf("infrastructure"),
    opportunity: scoreOf("opportunity"),
  };
  const sum = four.safety + four.vibe + four.infrastructure + four.opportunity;
  return { ...four, overall: roundedRatio(sum, REPORT_LAYERS.length) };
}

/** Of whole numbers that are not negative; halves go up. */
function roundedRatio(a: number, b: number): number {
  return Math.floor((2 * a + b) / (2 * b));
}

/**
 * Tallies of all neighbourhoods in which some layer's cells lie. @throws RangeError on cells coarser than a neighbourhood.
 */
export function tallyNeighborhoods(
  cellsOf: Readonly<Partial<Record<ReportLayer, MicroCells>>>,
): Map<string, ScoreTally> {
  const tallies = new Map<number, MutableTally>();
  for (const layer of REPORT_LAYERS) {
    const cells = cellsOf[layer];
    if (cells === undefined) continue;
    if (cells.precision < NEIGHBORHOOD_PRECISION) {
      throw new RangeError(`cells of precision ${cells.precision} do not make neighbourhoods`);
    }
    const factor = 32 ** (cells.precision - NEIGHBORHOOD_PRECISION);
    for (let cell = 0; cell < cells.length; cell++) {
      const key = Math.floor((cells.key[cell] as number) / factor);
      const tally = tallies.get(key) ?? emptyTally();
      tallies.set(key, tally);
      addCell(tally, layer, cells, cell);
    }
  }
  const ascending = [...tallies].sort(([a], [b]) => a - b);
  return new Map(ascending.map(([key, tally]) => [geohashOfKey(key, NEIGHBORHOOD_PRECISION), tally]));
}

interface MutableTally extends ScoreTally {
  readonly weightTenths: Record<ReportLayer, number>;
  reportCount: number;
  reportCount7d: number;
}

const emptyTally = (): MutableTally => ({ ...EMPTY_TALLY, weightTenths: { ...EMPTY_TALLY.weightTenths } });

function addCell(tally: MutableTally, layer: ReportLayer, cells: MicroCells, cell: number): void {
  for (let band = 0; band < BAND_COUNT; band++) {
    const count = cells.bandCount[cell * BAND_COUNT + band] as number;
    tally.weightTenths[layer] +=
      (cells.bandSeverity[cell * BAND_COUNT + band] as number) * (AGE_BANDS[band]?.weightTenths ?? 0);
    tally.reportCount += count;
    if (band < BANDS_7D) tally.reportCount7d += count;
  }
}

/**
 * Scores the neighbourhoods and the cells of precision 5 and 4 around them, which come after. All neighbourhoods of such a
 * cell must be among the tallies.
 */
export function scoreCells(tallies: ReadonlyMap<string, ScoreTally>): ScoredCell[] {
  const neighborhoods = [...tallies].map(([geohash, tally]): ScoredCell => {
    const { reportCount, reportCount7d } = tally;
    return { geohash, scores: scoresOfTally(tally), reportCount, reportCount7d };
  });
  const above = [5, 4].flatMap((precision) =>
    [...Map.groupBy(neighborhoods, ({ geohash }) => geohash.slice(0, precision))].map(([geohash, inside]) =>
      gather(geohash, inside),
    ),
  );
  return [...neighborhoods, ...above];
}

/** A larger cell from all its neighbourhoods. */
export function gather(geohash: string, neighborhoods: readonly ScoredCell[]): ScoredCell {
  return {
    geohash,
    scores: meanScores(neighborhoods),
    reportCount: neighborhoods.reduce((sum, { reportCount }) => sum + reportCount, 0),
    reportCount7d: neighborhoods.reduce((sum, { reportCount7d }) => sum + reportCount7d, 0),
  };
}
