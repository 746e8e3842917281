import { REPORT_LAYERS, type ReportLayer, type TimeWindow, WINDOW_BANDS } from "../../tiles/layers.ts";
import { type LayerOfParts, meanOfParts } from "../../tiles/scores/area-means.ts";
import { perLayer, type ScoredCell, withOverall } from "../../tiles/scores/scores.ts";
import type { AreaReports } from "../pyramid/area-cells.ts";

export type WindowCounts = Readonly<Record<TimeWindow, number>>;

/** An area's scores, and the counts of reports behind them. */
export interface AreaScores {
  /** As of a cell; its geohash is the area's id. */
  readonly scored: ScoredCell;
  readonly counts: Readonly<Record<ReportLayer, WindowCounts>>;
  /** Of all layers. */
  readonly total: WindowCounts;
}

/** Scores of an area: the means over its neighbourhoods, each scored from those of its reports that lie in the area. */
export function scoreArea(id: string, reports: AreaReports): AreaScores {
  const means = perLayer((layer) => meanOfParts(layer, reports[layer] ?? []));
  const counts = perLayer((layer) => countWindows(means[layer]));
  const total = perWindow((window) => REPORT_LAYERS.reduce((all, layer) => all + counts[layer][window], 0));
  return {
    scored: {
      geohash: id,
      scores: withOverall((layer) => means[layer].tenths),
      worthQuarters: perLayer((layer) => means[layer].worthQuarters),
      reportCount30d: perLayer((layer) => counts[layer]["30d"]),
      reportCount: total["90d"],
      reportCount7d: total["7d"],
    },
    counts,
    total,
  };
}

function countWindows({ bandCount }: LayerOfParts): WindowCounts {
  const count = (window: TimeWindow): number => {
    let sum = 0;
    for (let band = 0; band < WINDOW_BANDS[window]; band++) sum += bandCount[band] as number;
    return sum;
  };
  return perWindow(count);
}

const perWindow = (count: (window: TimeWindow) => number): WindowCounts => ({
  "24h": count("24h"),
  "7d": count("7d"),
  "30d": count("30d"),
  "90d": count("90d"),
});
