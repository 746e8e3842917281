import { REPORT_LAYERS, type ReportLayer } from "../../../tiles/layers.ts";
import type { Confidence, ScoreName } from "../../../tiles/scores/scores.ts";
import { points, scoreBar } from "../../scores/card-content.ts";
import { element } from "../../ui/dom.ts";
import { type Icon, LAYER_ICONS } from "../../ui/icons.ts";
import { NO_SCORE } from "../../words/dashboard-trend-words.ts";
import { CONFIDENCE_WORDS } from "../../words/score-words.ts";
import { SCORE_LABELS } from "../../words/words.ts";

export const SCORE_ORDER: readonly ScoreName[] = ["overall", ...REPORT_LAYERS];

export const scoreOptions = SCORE_ORDER.map((value) => ({ value, label: SCORE_LABELS[value] }));

export const isScore = (name: string | undefined): name is ScoreName => SCORE_ORDER.some((score) => score === name);

/** Reports have the layers of the scores but for the mean of them. */
export const layerOf = (score: ScoreName): ReportLayer | undefined => (score === "overall" ? undefined : score);

export const iconOf = (score: ScoreName): Icon | undefined => (score === "overall" ? undefined : LAYER_ICONS[score]);

export const colorOfScore = (score: ScoreName): string => (score === "overall" ? "--ink" : `--${score}`);

/** A score with its bar and how far it can be relied on; without enough reports, those words. */
export function scoreCell(score: ScoreName, value: number | null, confidence: Confidence | null): HTMLElement {
  if (value === null || confidence === null) return element("span", { class: "no-score" }, NO_SCORE);
  return element(
    "span",
    { class: `score-cell on-${score}`, title: CONFIDENCE_WORDS[confidence] },
    element("strong", {}, points(value, confidence)),
    scoreBar(score, value),
  );
}
