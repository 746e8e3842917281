import type { PartRange } from "../areas/area-parts.ts";
import { AGE_BANDS, ageBand, BAND_COUNT, type ReportLayer } from "../layers.ts";
import { FULL_QUARTERS } from "../report-columns.ts";
import { BANDS_30D, roundedRatio, tenthsOfWeight } from "./scores.ts";

const WEIGHT_TENTHS = AGE_BANDS.map(({ weightTenths }) => weightTenths);

/** A layer of an area. */
export interface LayerOfParts {
  /** Its score, 0..1000; null where nothing was reported for 30 days. */
  readonly tenths: number | null;
  readonly worthQuarters: number;
  /** Reports by age band. */
  readonly bandCount: readonly number[];
}

/**
 * The mean of the scores of an area's neighbourhoods, each weighed by its reports' worth: what `meanScores` makes of `scoresOfTally`, of one
 * layer and in one loop, for a wide tile has thousands of parts. @param ranges each neighbourhood at most once
 */
export function meanOfParts(layer: ReportLayer, ranges: readonly PartRange[]): LayerOfParts {
  const sums = { score: 0, weight: 0, worthQuarters: 0, bandCount: new Array<number>(BAND_COUNT).fill(0) };
  for (const range of ranges) addRange(sums, layer, range);
  const { score, weight, worthQuarters, bandCount } = sums;
  return { tenths: weight === 0 ? null : roundedRatio(score, weight), worthQuarters, bandCount };
}

interface Sums {
  score: number;
  weight: number;
  worthQuarters: number;
  readonly bandCount: number[];
}

function addRange(sums: Sums, layer: ReportLayer, { told, from, until, single }: PartRange): void {
  const { bandCount: counts, bandSeverity, lacking } = told.parts;
  const { singles, atMs } = told;
  let next = single;
  for (let part = from; part < until; part++) {
    let [weightFortieths, worth, count30d] = [0, 0, 0];
    for (let band = 0, at = part * BAND_COUNT; band < BAND_COUNT; band++, at++) {
      const count = counts[at] as number;
      if (count === 0) continue;
      sums.bandCount[band] = (sums.bandCount[band] as number) + count;
      if (band >= BANDS_30D) continue;
      const severityQuarters = FULL_QUARTERS * (bandSeverity[at] as number);
      const severityLess = lacking === undefined ? 0 : (lacking.severityQuarters[at] as number);
      count30d += count;
      worth += FULL_QUARTERS * count - (lacking === undefined ? 0 : (lacking.quarters[at] as number));
      weightFortieths += (severityQuarters - severityLess) * (WEIGHT_TENTHS[band] as number);
    }
    for (; next < singles.length && singles.part[next] === part; next++) {
      const band = ageBand(atMs - (singles.createdAtMs[next] as number));
      if (band < 0) continue;
      sums.bandCount[band] = (sums.bandCount[band] as number) + 1;
      if (band >= BANDS_30D) continue;
      const quarters = singles.quarters[next] as number;
      count30d++;
      worth += quarters;
      weightFortieths += quarters * (singles.severity[next] as number) * (WEIGHT_TENTHS[band] as number);
    }
    if (count30d === 0) continue;
    sums.worthQuarters += worth;
    // As in `meanScores`.
    sums.score += tenthsOfWeight(layer, weightFortieths) * Math.max(1, worth);
    sums.weight += Math.max(1, worth);
  }
}
