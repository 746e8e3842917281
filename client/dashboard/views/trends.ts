import type { ScoreName } from "../../../tiles/scores/scores.ts";
import type { AreaCardJson } from "../../api/api.ts";
import { element } from "../../ui/dom.ts";
import { neighbourhoods, TREND_WORDS as WORDS } from "../../words/dashboard-trend-words.ts";
import { formatCount, LAYER_LABELS, SCORE_LABELS } from "../../words/words.ts";
import { askOnce } from "../api/ask.ts";
import {
  type AverageJson,
  averageAddress,
  type ChangesJson,
  changesAddress,
  type DailyJson,
  dailyAddress,
  movesAddress,
  type RankingJson,
  type RiseJson,
  type RisingJson,
  risingAddress,
  type Where,
} from "../api/trends.ts";
import type { ViewContent, Visit } from "../page/visit.ts";
import { pointsMark } from "../parts/change-mark.ts";
import { chart } from "../parts/chart.ts";
import { choice, segments, toolbar } from "../parts/choice.ts";
import { figure, figures } from "../parts/figure.ts";
import { panel } from "../parts/panel.ts";
import { colorOfScore, iconOf, isScore, layerOf, scoreOptions } from "../parts/score-cells.ts";
import { shareButton } from "../parts/share-button.ts";
import { areaChoice } from "./area-choice.ts";
import { cityChoice } from "./city-choice.ts";
import { cardAddress, goneArea, isGone } from "./gone-area.ts";
import { rankingTable } from "./ranking-table.ts";
import { risingTable } from "./rising-table.ts";

const SPANS = ["7", "30", "90"];
const MOST_RISING = 12;

/** What is asked about. */
interface Asked {
  readonly where: Where;
  readonly score: ScoreName;
  readonly days: number;
  readonly visit: Visit;
}

/** A score and the reports of a city or an area over time. */
export async function trendsView(visit: Visit): Promise<ViewContent> {
  const { query } = visit.route;
  const score = isScore(query.score) ? query.score : "safety";
  const days = SPANS.includes(query.days ?? "") ? Number(query.days) : 30;
  const asked: Asked = { where: { city: visit.city.id, area: query.area }, score, days, visit };
  if (query.area !== undefined && (await isGone(query.area))) return [controls(asked), goneArea()];
  return [
    controls(asked),
    figuresPanel(asked),
    reportsPanel(asked),
    ...(asked.where.area === undefined ? [] : [scorePanel(asked)]),
    risingPanel(asked),
    rankingPanel(asked),
  ];
}

function controls({ score, days, visit }: Asked): HTMLElement {
  const spans = SPANS.map((value) => ({ value, label: WORDS.spans[value] ?? value }));
  return toolbar(
    cityChoice(visit),
    areaChoice(visit),
    choice("choose-score", WORDS.score, scoreOptions, score, (value) => visit.set({ score: value })),
    segments("days", WORDS.span, spans, String(days), (value) => visit.set({ days: value })),
    shareButton(visit),
  );
}

function figuresPanel(asked: Asked): HTMLElement {
  const { where, score, days, visit } = asked;
  const changes = changesAddress(where, score);
  const average = averageAddress(where, score, days);
  const daily = dailyAddress(where, layerOf(score), days);
  return panel({
    title: SCORE_LABELS[score],
    className: "wide",
    height: 110,
    signal: visit.signal,
    async load() {
      const answers = await Promise.all([
        askOnce<ChangesJson>(changes),
        askOnce<AverageJson>(average),
        askOnce<DailyJson>(daily),
      ]);
      const [weeks, mean, reports] = answers;
      return [
        figures(
          ...weekFigures(asked, weeks, changes),
          meanFigure(asked, mean, average),
          reportsFigure(asked, reports, daily),
        ),
      ];
    },
  });
}

const lookOf = ({ score }: Asked) => ({ layer: score, icon: iconOf(score) });

function weekFigures(asked: Asked, { changes: [change] }: ChangesJson, source: string): HTMLElement[] {
  const ofMany = asked.where.area === undefined && change ? [neighbourhoods(change.neighborhoods)] : [];
  const below = change ? [pointsMark(change.change), ...ofMany] : [];
  const look = { ...lookOf(asked), source };
  return [
    figure({ ...look, label: WORDS.thisWeek, value: change?.this_week?.toFixed(1), below }),
    figure({ ...look, label: WORDS.lastWeek, value: change?.last_week?.toFixed(1) }),
  ];
}

function meanFigure(asked: Asked, { average, lowest, highest }: AverageJson, source: string): HTMLElement {
  const isOfOne = asked.where.area !== undefined || lowest === null || highest === null;
  return figure({
    ...lookOf(asked),
    label: WORDS.average(asked.days),
    value: average?.toFixed(1),
    source,
    below: isOfOne ? [] : [WORDS.range(lowest.toFixed(1), highest.toFixed(1))],
  });
}

function reportsFigure(asked: Asked, daily: DailyJson, source: string): HTMLElement {
  return figure({
    ...lookOf(asked),
    label: WORDS.reports(asked.days),
    value: formatCount(daily.days.reduce((sum, { reports }) => sum + reports, 0)),
    source,
    below: severityWords(daily),
  });
}

/** The mean over all reports, not over the days. */
function severityWords({ days }: DailyJson): string[] {
  const known = days.filter(({ severity }) => severity !== null);
  const reports = known.reduce((sum, day) => sum + day.reports, 0);
  if (reports === 0) return [];
  const mean = known.reduce((sum, day) => sum + day.reports * (day.severity ?? 0), 0) / reports;
  return [WORDS.severity(mean.toFixed(1))];
}

function reportsPanel({ where, score, days, visit }: Asked): HTMLElement {
  const layer = layerOf(score);
  const source = dailyAddress(where, layer, days);
  return panel({
    title: WORDS.byDay,
    hint: layer === undefined ? WORDS.overallLayers : LAYER_LABELS[layer],
    source,
    height: 280,
    className: where.area === undefined ? "wide" : "",
    signal: visit.signal,
    async load() {
      const daily = await askOnce<DailyJson>(source);
      const values = daily.days.map(({ reports }) => reports);
      return [
        await chart({
          label: WORDS.byDay,
          days: daily.days.map(({ day }) => day),
          series: [{ label: WORDS.reportsSeries, color: colorOfScore(score), values }],
          kind: "bars",
          say: formatCount,
          signal: visit.signal,
        }),
      ];
    },
  });
}

function scorePanel({ where, score, visit }: Asked): HTMLElement {
  const source = cardAddress(where.area ?? "");
  return panel({
    title: WORDS.scoreByDay(SCORE_LABELS[score]),
    hint: WORDS.scoreHint,
    source,
    height: 280,
    signal: visit.signal,
    async load() {
      const { series } = await askOnce<AreaCardJson>(source);
      const values = series.map((day) => day[score]);
      if (values.every((value) => value === null)) return [element("p", { class: "nothing" }, WORDS.noScores)];
      return [
        await chart({
          label: WORDS.scoreByDay(SCORE_LABELS[score]),
          days: series.map(({ day }) => day),
          series: [{ label: SCORE_LABELS[score], color: colorOfScore(score), values }],
          kind: "lines",
          say: (value) => value.toFixed(1),
          signal: visit.signal,
        }),
      ];
    },
  });
}

function risingPanel({ where, score, visit }: Asked): HTMLElement {
  const layer = layerOf(score) ?? "infrastructure";
  const source = risingAddress(where, layer, MOST_RISING);
  return panel({
    title: WORDS.rising,
    hint: WORDS.risingHint(LAYER_LABELS[layer]),
    source,
    height: 300,
    signal: visit.signal,
    async load() {
      const { areas, neighborhoods } = await askOnce<RisingJson>(source);
      const rows: readonly RiseJson[] = areas.length > 0 ? areas : neighborhoods;
      if (rows.length === 0) return [element("p", { class: "nothing" }, WORDS.noRising)];
      return [risingTable(rows)];
    },
  });
}

function rankingPanel({ where: { city }, score, visit }: Asked): HTMLElement {
  const source = movesAddress(city, score);
  return panel({
    title: WORDS.ranking,
    hint: WORDS.rankingHint,
    source,
    height: 300,
    signal: visit.signal,
    load: async () => rankingTable((await askOnce<RankingJson>(source)).areas, score, visit),
  });
}
