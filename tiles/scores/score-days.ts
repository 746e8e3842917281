import { AGE_BANDS, ageBand, DAY_MS, type ReportLayer, WINDOW_BANDS } from "../layers.ts";
import { EMPTY_TALLY, type ScoreTally } from "./scores.ts";

/** Reports of one neighbourhood, layer and UTC day. Days are whole numbers since 1970. */
export interface DayCount {
  readonly layer: ReportLayer;
  readonly day: number;
  readonly reportCount: number;
  readonly severitySum: number;
}

/**
 * The tally of a neighbourhood as it stood at the end of a past day, its last millisecond, from counts by day: a report's
 * age then, and so its weight, follows from its day alone. (One made in the last millisecond of a day weighs as one made
 * just after it.)
 */
export function tallyAtEndOf(day: number, counts: readonly DayCount[]): ScoreTally {
  const weightTenths = { ...EMPTY_TALLY.weightTenths };
  let reportCount = 0;
  let reportCount7d = 0;
  for (const { layer, day: made, reportCount: reports, severitySum } of counts) {
    if (made > day) continue;
    // The age of the middle of the day: no band begins or ends inside a day.
    const band = ageBand((day - made + 0.5) * DAY_MS);
    if (band < 0) continue;
    weightTenths[layer] += severitySum * (AGE_BANDS[band]?.weightTenths ?? 0);
    reportCount += reports;
    if (band < WINDOW_BANDS["7d"]) reportCount7d += reports;
  }
  return { weightTenths, reportCount, reportCount7d };
}
