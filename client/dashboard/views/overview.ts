import { REPORT_LAYERS } from "../../../tiles/layers.ts";
import type { ScoreName } from "../../../tiles/scores/scores.ts";
import { element } from "../../ui/dom.ts";
import { neighbourhoods, TREND_WORDS, OVERVIEW_WORDS as WORDS } from "../../words/dashboard-trend-words.ts";
import { PLAN_NAMES, ROLE_NAMES } from "../../words/dashboard-words.ts";
import { CONFIDENCE_WORDS } from "../../words/score-words.ts";
import { formatCount, LAYER_LABELS, SCORE_LABELS } from "../../words/words.ts";
import { ask, askOnce } from "../api/ask.ts";
import {
  type ChangesJson,
  changesAddress,
  type DailyJson,
  dailyAddress,
  movesAddress,
  type RankingJson,
} from "../api/trends.ts";
import { type UsageJson, usageAddress } from "../api/usage.ts";
import type { ViewContent, Visit } from "../page/visit.ts";
import { pointsMark } from "../parts/change-mark.ts";
import { chart } from "../parts/chart.ts";
import { toolbar } from "../parts/choice.ts";
import { figure, figures } from "../parts/figure.ts";
import { panel } from "../parts/panel.ts";
import { iconOf, SCORE_ORDER } from "../parts/score-cells.ts";
import { cityChoice } from "./city-choice.ts";
import { largestMoves, type Moves } from "./moves.ts";
import { quotaBars } from "./quota-bars.ts";

const MOST_MOVES = 5;
const DAYS = 30;

/** The city at a glance, and what one has left of one's plan. */
export function overviewView(visit: Visit): ViewContent {
  const { city, signal } = visit;
  const moves = movesAddress(city.id, "overall");
  const move = (title: string, way: "up" | "down") =>
    panel({
      title,
      hint: WORDS.movesHint,
      source: moves,
      height: 180,
      signal,
      load: async () =>
        moveList(largestMoves((await askOnce<RankingJson>(moves)).areas, "overall", MOST_MOVES), way, visit),
    });
  return [
    toolbar(cityChoice(visit)),
    panel({
      title: WORDS.scores,
      hint: WORDS.scoresHint,
      height: 118,
      className: "wide",
      signal,
      load: async () => [figures(...(await Promise.all(SCORE_ORDER.map((score) => scoreFigure(score, city.id)))))],
    }),
    move(WORDS.improved, "up"),
    move(WORDS.worsened, "down"),
    reportsPanel(visit),
    planPanel(visit),
  ];
}

async function scoreFigure(score: ScoreName, city: string): Promise<HTMLElement> {
  const source = changesAddress({ city }, score);
  const [change] = (await askOnce<ChangesJson>(source)).changes;
  return figure({
    label: SCORE_LABELS[score],
    value: change?.this_week?.toFixed(1),
    source,
    layer: score,
    icon: iconOf(score),
    below: change
      ? [
          pointsMark(change.change),
          [neighbourhoods(change.neighborhoods), change.confidence && CONFIDENCE_WORDS[change.confidence]]
            .filter(Boolean)
            .join(", "),
        ]
      : [],
  });
}

function moveList(found: Moves, way: "up" | "down", visit: Visit): Node[] {
  const moves = found[way];
  if (moves.length === 0) return [element("p", { class: "nothing" }, WORDS.noMoves[found.isKnown ? way : "unknown"])];
  const items = moves.map(({ area, change }) =>
    element(
      "li",
      {},
      element("a", { href: visit.hrefOf("trends", { area: area.id, score: "overall" }) }, area.name),
      element("span", { class: "move-score" }, area.scores.overall?.toFixed(0)),
      pointsMark(change),
    ),
  );
  return [element("ol", { class: "moves" }, ...items)];
}

function reportsPanel({ city, signal }: Visit): HTMLElement {
  const sources = REPORT_LAYERS.map((layer) => dailyAddress({ city: city.id }, layer, DAYS));
  return panel({
    title: WORDS.reports,
    hint: WORDS.reportsHint,
    source: dailyAddress({ city: city.id }, undefined, DAYS),
    height: 280,
    className: "two-thirds",
    signal,
    async load() {
      const answers = await Promise.all(sources.map((source) => askOnce<DailyJson>(source)));
      const days = answers[0]?.days.map(({ day }) => day) ?? [];
      return [
        await chart({
          label: WORDS.reports,
          days,
          series: REPORT_LAYERS.map((layer, i) => ({
            label: LAYER_LABELS[layer],
            color: `--${layer}`,
            values: answers[i]?.days.map(({ reports }) => reports) ?? [],
          })),
          kind: "stack",
          say: formatCount,
          signal,
        }),
      ];
    },
  });
}

function planPanel({ account, hrefOf, signal }: Visit): HTMLElement {
  const source = usageAddress();
  return panel({
    title: WORDS.plan,
    source,
    height: 180,
    signal,
    async load() {
      const { quotas } = await ask<UsageJson>(source, { signal });
      const name = account.is_operator ? ROLE_NAMES.operator : PLAN_NAMES[account.plan];
      return [
        element("p", { class: "plan-name" }, element("a", { href: hrefOf("billing") }, name)),
        quotaBars(quotas),
        element("p", {}, element("a", { href: hrefOf("usage") }, TREND_WORDS.byDayLink)),
      ];
    },
  });
}
