import type { BandCells } from "../../tiles/areas/area-parts.ts";
import {
  BAND_COUNT,
  REPORT_LAYERS,
  type ReportLayer,
  TIME_WINDOWS,
  type TimeWindow,
  WINDOW_BANDS,
} from "../../tiles/layers.ts";
import { gather, type ScoredCell, scoreNeighborhoods, tallyNeighborhoods } from "../../tiles/scores/scores.ts";
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
  const neighborhoods = scoreNeighborhoods(tallyNeighborhoods(reports));
  const perLayer = REPORT_LAYERS.map((layer) => [layer, countWindows(reports[layer])] as const);
  const sum = (window: TimeWindow): number => perLayer.reduce((all, [, counts]) => all + counts[window], 0);
  return {
    scored: gather(id, neighborhoods),
    counts: Object.fromEntries(perLayer) as AreaScores["counts"],
    total: windowsOf(sum),
  };
}

function countWindows(cells: BandCells | undefined): WindowCounts {
  const bands = new Array<number>(BAND_COUNT).fill(0);
  for (let i = 0; i < (cells?.length ?? 0) * BAND_COUNT; i++) {
    bands[i % BAND_COUNT] = (bands[i % BAND_COUNT] as number) + (cells?.bandCount[i] as number);
  }
  return windowsOf((window) => bands.slice(0, WINDOW_BANDS[window]).reduce((sum, count) => sum + count, 0));
}

const windowsOf = (count: (window: TimeWindow) => number): WindowCounts =>
  Object.fromEntries(TIME_WINDOWS.map((window) => [window, count(window)])) as WindowCounts;
