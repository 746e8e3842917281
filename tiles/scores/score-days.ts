import { ageBand, DAY_MS, type ReportLayer } from "../layers.ts";
import { addReports, emptyTally, type ReportSums, type ScoreTally } from "./scores.ts";

/** Reports of one neighbourhood, layer and UTC day. Days are whole numbers since 1970. */
export interface DayCount extends ReportSums {
  readonly layer: ReportLayer;
  readonly day: number;
}

/**
 * The tally of a neighbourhood as it stood at the end of a past day, its last millisecond, from counts by day: a report's
 * age then, and so its weight, follows from its day alone. (One made in the last millisecond of a day weighs as one made
 * just after it.)
 */
export function tallyAtEndOf(day: number, counts: readonly DayCount[]): ScoreTally {
  const tally = emptyTally();
  for (const count of counts) {
    if (count.day > day) continue;
    // The age of the middle of the day: no band begins or ends inside a day.
    const band = ageBand((day - count.day + 0.5) * DAY_MS);
    if (band >= 0) addReports(tally, count.layer, band, count);
  }
  return tally;
}
