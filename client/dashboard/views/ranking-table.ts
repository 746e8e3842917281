import type { ScoreName } from "../../../tiles/scores/scores.ts";
import type { RankedAreaJson } from "../../api/areas.ts";
import { element } from "../../ui/dom.ts";
import { TREND_WORDS as WORDS } from "../../words/dashboard-trend-words.ts";
import { SCORE_LABELS } from "../../words/words.ts";
import type { Visit } from "../page/visit.ts";
import { pointsMark } from "../parts/change-mark.ts";
import { scoreCell } from "../parts/score-cells.ts";
import { longTable } from "../parts/table.ts";

const MOST_ROWS = 12;

/** The areas of a city by a score, the best first, with what it changed in a week; those without a score last. */
export function rankingTable(areas: readonly RankedAreaJson[], score: ScoreName, visit: Visit): HTMLElement[] {
  const sorted = areas.toSorted((a, b) => (b.scores[score] ?? -1) - (a.scores[score] ?? -1));
  return longTable<RankedAreaJson>(
    WORDS.ranking,
    [
      {
        head: WORDS.name,
        isName: true,
        cell: ({ id, name }) => element("a", { href: visit.hrefOf("trends", { area: id, score }) }, name),
      },
      {
        head: SCORE_LABELS[score],
        cell: ({ scores, confidence }) => scoreCell(score, scores[score], confidence[score]),
      },
      { head: WORDS.weekChange, isNumber: true, cell: ({ change_7d }) => pointsMark(change_7d?.[score] ?? null) },
    ],
    sorted,
    MOST_ROWS,
  );
}
