import type { BandCells } from "../areas/area-parts.ts";
import { geohashOfKey } from "../geo/cell-key.ts";
import { AGE_BANDS, BAND_COUNT, REPORT_LAYERS, type ReportLayer, WINDOW_BANDS } from "../layers.ts";
import { FULL_QUARTERS } from "../report-columns.ts";

/**
 * Scores of geohash cells: how a neighbourhood is doing, 0..100 with one decimal. Kept in tenths, as integers, so that adding
 * and comparing are exact. docs/decisions/0005-scores.md says what was chosen where the formulas leave a choice.
 */
export const SCORE_NAMES = [...REPORT_LAYERS, "overall"] as const;
export type ScoreName = (typeof SCORE_NAMES)[number];

/** The five scores of a cell, each 0..1000 tenths; null where nothing was reported for 30 days. */
export type ScoreTenths = Readonly<Record<ScoreName, number | null>>;

/** How much can be built on a score: whether a few more reporters could turn it. */
export const CONFIDENCES = ["low", "medium", "high"] as const;
export type Confidence = (typeof CONFIDENCES)[number];

/** Precisions that have scores: neighbourhoods, and the two above, which are means of the neighbourhoods inside. */
export const SCORE_PRECISIONS = [4, 5, 6] as const;
const NEIGHBORHOOD_PRECISION = 6;

/** Where a score starts from, and what a report of severity 1 and full weight adds, both in points. */
const FORMULAS: Readonly<Record<ReportLayer, { readonly start: number; readonly perSeverity: number }>> = {
  safety: { start: 100, perSeverity: -3 },
  vibe: { start: 50, perSeverity: 2 },
  infrastructure: { start: 100, perSeverity: -2 },
  opportunity: { start: 50, perSeverity: 2 },
};

const MAX_TENTHS = 1000;
const BANDS_7D = WINDOW_BANDS["7d"];
/** Older reports have no part in a score. */
export const BANDS_30D = WINDOW_BANDS["30d"];
/** Reporters' worth from which on confidence is medium, and high: so many whole reports, in quarters. */
export const MEDIUM_QUARTERS = 3 * FULL_QUARTERS;
const HIGH_QUARTERS = 10 * FULL_QUARTERS;

export type PerLayer = Readonly<Record<ReportLayer, number>>;

/** All that a neighbourhood's scores are made of; tallies of its reports add up, in any order. */
export interface ScoreTally {
  /** Sum of severity times recency weight times what each report weighs, in fortieths. */
  readonly weightFortieths: PerLayer;
  /** What the reports of the last 30 days weigh, in quarters: so many reporters' worth. */
  readonly worthQuarters: PerLayer;
  /** Reports of the last 30 days, whatever they weigh. */
  readonly reportCount30d: PerLayer;
  /** Live reports of all layers. */
  readonly reportCount: number;
  readonly reportCount7d: number;
}

const NONE: PerLayer = { safety: 0, vibe: 0, infrastructure: 0, opportunity: 0 };

export const EMPTY_TALLY: ScoreTally = {
  weightFortieths: NONE,
  worthQuarters: NONE,
  reportCount30d: NONE,
  reportCount: 0,
  reportCount7d: 0,
};

/** A cell with its scores, as they are published, and the counts behind them. */
export interface ScoredCell extends Omit<ScoreTally, "weightFortieths"> {
  /** Of precision 4, 5 or 6. */
  readonly geohash: string;
  readonly scores: ScoreTenths;
}

/** A layer's score before it is rounded and clamped, in tenths: the start plus something for every report. */
export function unclampedTenths(layer: ReportLayer, weightFortieths: number): number {
  const { start, perSeverity } = FORMULAS[layer];
  return 10 * start + (perSeverity * weightFortieths) / FULL_QUARTERS;
}

/** Scores of one neighbourhood. */
export function scoresOfTally({ weightFortieths, reportCount30d }: ScoreTally): ScoreTenths {
  return withOverall((layer) => {
    if (reportCount30d[layer] === 0) return null;
    return tenthsOfWeight(layer, weightFortieths[layer]);
  });
}

/** A layer's score in a neighbourhood that has reports, in tenths. */
export const tenthsOfWeight = (layer: ReportLayer, weightFortieths: number): number =>
  Math.min(MAX_TENTHS, Math.max(0, roundedRatio(unclampedTenths(layer, weightFortieths), 1)));

/**
 * Scores of a larger cell: of each layer the mean of its neighbourhoods' that have one, each weighed by what its own reports of that layer
 * weigh, so that one person moves it by no more than a part of what they move their neighbourhood by.
 */
export function meanScores(cells: readonly ScoredCell[]): ScoreTenths {
  return withOverall((layer) => {
    let sum = 0;
    let total = 0;
    for (const { scores, worthQuarters } of cells) {
      const score = scores[layer];
      if (score === null) continue;
      // For some milliseconds the last report of a reporter's day may be the only one that is not 30 days old, and weigh nothing.
      const worth = Math.max(1, worthQuarters[layer]);
      sum += score * worth;
      total += worth;
    }
    return total === 0 ? null : roundedRatio(sum, total);
  });
}

/** The overall score is the mean of the layers that have one. */
export function withOverall(scoreOf: (layer: ReportLayer) => number | null): ScoreTenths {
  const layers = perLayer(scoreOf);
  const known = REPORT_LAYERS.flatMap((layer) => layers[layer] ?? []);
  const sum = known.reduce((all, score) => all + score, 0);
  return { ...layers, overall: known.length === 0 ? null : roundedRatio(sum, known.length) };
}

/** How far each score can be relied on; null where there is none. */
export function confidencesOf(
  scores: ScoreTenths,
  worthQuarters: PerLayer,
): Readonly<Record<ScoreName, Confidence | null>> {
  const layers = perLayer((layer) => (scores[layer] === null ? null : confidenceOf(worthQuarters[layer])));
  const known = REPORT_LAYERS.flatMap((layer) => layers[layer] ?? []);
  return { ...layers, overall: CONFIDENCES.find((each) => known.includes(each)) ?? null };
}

export function confidenceOf(worthQuarters: number): Confidence {
  return worthQuarters < MEDIUM_QUARTERS ? "low" : worthQuarters < HIGH_QUARTERS ? "medium" : "high";
}

/** Something of every layer. */
export function perLayer<T>(of: (layer: ReportLayer) => T): Record<ReportLayer, T> {
  return {
    safety: of("safety"),
    vibe: of("vibe"),
    infrastructure: of("infrastructure"),
    opportunity: of("opportunity"),
  };
}

/** Halves go up. */
export function roundedRatio(a: number, b: number): number {
  return Math.floor((2 * a + b) / (2 * b));
}

/**
 * Tallies of all neighbourhoods in which some layer's cells lie. @throws RangeError on cells coarser than a neighbourhood.
 */
export function tallyNeighborhoods(
  cellsOf: Readonly<Partial<Record<ReportLayer, BandCells>>>,
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
  readonly weightFortieths: Record<ReportLayer, number>;
  readonly worthQuarters: Record<ReportLayer, number>;
  readonly reportCount30d: Record<ReportLayer, number>;
  reportCount: number;
  reportCount7d: number;
}

/** To add reports to. */
export const emptyTally = (): MutableTally => ({
  ...EMPTY_TALLY,
  weightFortieths: { ...NONE },
  worthQuarters: { ...NONE },
  reportCount30d: { ...NONE },
});

function addCell(tally: MutableTally, layer: ReportLayer, cells: BandCells, cell: number): void {
  const { bandCount, bandSeverity, lacking } = cells;
  for (let band = 0; band < BAND_COUNT; band++) {
    const at = cell * BAND_COUNT + band;
    const reportCount = bandCount[at] as number;
    addReports(tally, layer, band, {
      reportCount,
      worthQuarters: FULL_QUARTERS * reportCount - (lacking?.quarters[at] ?? 0),
      severityQuarters: FULL_QUARTERS * (bandSeverity[at] as number) - (lacking?.severityQuarters[at] ?? 0),
    });
  }
}

/** Sums of some reports. */
export interface ReportSums {
  readonly reportCount: number;
  /** What they weigh, and the same times their severity, in quarters. */
  readonly worthQuarters: number;
  readonly severityQuarters: number;
}

/** Adds reports of one age band. */
export function addReports(
  tally: MutableTally,
  layer: ReportLayer,
  band: number,
  { reportCount, worthQuarters, severityQuarters }: ReportSums,
): void {
  tally.reportCount += reportCount;
  if (band < BANDS_7D) tally.reportCount7d += reportCount;
  if (band >= BANDS_30D) return;
  tally.reportCount30d[layer] += reportCount;
  tally.worthQuarters[layer] += worthQuarters;
  tally.weightFortieths[layer] += severityQuarters * (AGE_BANDS[band]?.weightTenths ?? 0);
}

/**
 * Scores the neighbourhoods and the cells of precision 5 and 4 around them, which come after. All neighbourhoods of such a
 * cell must be among the tallies.
 */
export function scoreCells(tallies: ReadonlyMap<string, ScoreTally>): ScoredCell[] {
  const neighborhoods = scoreNeighborhoods(tallies);
  const above = [5, 4].flatMap((precision) =>
    [...Map.groupBy(neighborhoods, ({ geohash }) => geohash.slice(0, precision))].map(([geohash, inside]) =>
      gather(geohash, inside),
    ),
  );
  return [...neighborhoods, ...above];
}

/** Scores the neighbourhoods alone. */
export const scoreNeighborhoods = (tallies: ReadonlyMap<string, ScoreTally>): ScoredCell[] =>
  [...tallies].map(([geohash, { weightFortieths, ...counts }]) => ({
    geohash,
    scores: scoresOfTally({ weightFortieths, ...counts }),
    ...counts,
  }));

/** A larger cell from all its neighbourhoods. */
export function gather(geohash: string, neighborhoods: readonly ScoredCell[]): ScoredCell {
  const sum = (of: (cell: ScoredCell) => number) => neighborhoods.reduce((all, cell) => all + of(cell), 0);
  return {
    geohash,
    scores: meanScores(neighborhoods),
    worthQuarters: perLayer((layer) => sum(({ worthQuarters }) => worthQuarters[layer])),
    reportCount30d: perLayer((layer) => sum(({ reportCount30d }) => reportCount30d[layer])),
    reportCount: sum(({ reportCount }) => reportCount),
    reportCount7d: sum(({ reportCount7d }) => reportCount7d),
  };
}
