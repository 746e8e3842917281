import type { ScoreName } from "../../../tiles/scores/scores.ts";
import type { AreaCardJson } from "../../api/api.ts";
import type { RankedAreaJson } from "../../api/areas.ts";
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
import { percentMark, pointsMark } from "../parts/change-mark.ts";
import { chart } from "../parts/chart.ts";
import { choice, segments, toolbar } from "../parts/choice.ts";
import { figure, figures } from "../parts/figure.ts";
import { panel } from "../parts/panel.ts";
import { colorOfScore, iconOf, isScore, layerOf, scoreCell, scoreOptions } from "../parts/score-cells.ts";
import { shareButton } from "../parts/share-button.ts";
import { longTable, table } from "../parts/table.ts";
import { areaChoice } from "./area-choice.ts";
import { cityChoice } from "./city-choice.ts";

const SPANS = ["7", "30", "90"];
const MOST_RISING = 12;
const MOST_ROWS = 12;

/** What is asked about. */
interface Asked {
  readonly where: Where;
  readonly score: ScoreName;
  readonly days: number;
  readonly visit: Visit;
}

/** A score and the reports of a city or an area over time. */
export function trendsView(visit: Visit): ViewContent {
  const { query } = visit.route;
  const score = isScore(query.score) ? query.score : "safety";
  const days = SPANS.includes(query.days ?? "") ? Number(query.days) : 30;
  const asked: Asked = { where: { city: visit.city.id, area: query.area }, score, days, visit };
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

function figuresPanel({ where, score, days, visit }: Asked): HTMLElement {
  return panel({
    title: SCORE_LABELS[score],
    className: "wide",
    height: 110,
    signal: visit.signal,
    async load() {
      const sources = {
        changes: changesAddress(where, score),
        average: averageAddress(where, score, days),
        daily: dailyAddress(where, layerOf(score), days),
      };
      const [{ changes }, average, daily] = await Promise.all([
        askOnce<ChangesJson>(sources.changes),
        askOnce<AverageJson>(sources.average),
        askOnce<DailyJson>(sources.daily),
      ]);
      const [change] = changes;
      const look = { layer: score, icon: iconOf(score) };
      const ofMany = where.area === undefined && change ? [neighbourhoods(change.neighborhoods)] : [];
      return [
        figures(
          figure({
            ...look,
            label: WORDS.thisWeek,
            value: change?.this_week?.toFixed(1),
            source: sources.changes,
            below: change ? [pointsMark(change.change), ...ofMany] : [],
          }),
          figure({ ...look, label: WORDS.lastWeek, value: change?.last_week?.toFixed(1), source: sources.changes }),
          figure({
            ...look,
            label: WORDS.average(days),
            value: average.average?.toFixed(1),
            source: sources.average,
            below:
              average.lowest === null || average.highest === null || where.area !== undefined
                ? []
                : [WORDS.range(average.lowest.toFixed(1), average.highest.toFixed(1))],
          }),
          figure({
            ...look,
            label: WORDS.reports(days),
            value: formatCount(daily.days.reduce((sum, { reports }) => sum + reports, 0)),
            source: sources.daily,
            below: severityWords(daily),
          }),
        ),
      ];
    },
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
  const source = `/api/areas/${encodeURIComponent(where.area ?? "")}`;
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

/** Month over month, by area. */
export function risingTable(rows: readonly RiseJson[]): HTMLElement {
  return table<RiseJson>(
    WORDS.rising,
    [
      { head: WORDS.name, isName: true, cell: ({ name }) => name },
      { head: WORDS.thisMonth, isNumber: true, cell: ({ reports }) => formatCount(reports) },
      { head: WORDS.lastMonth, isNumber: true, isExtra: true, cell: (row) => formatCount(row.reports_last_month) },
      {
        head: WORDS.change,
        isNumber: true,
        cell: ({ change_percent, is_small }) =>
          element("span", { title: is_small ? WORDS.few : undefined }, percentMark(change_percent)),
      },
    ],
    rows,
  );
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

function rankingTable(areas: readonly RankedAreaJson[], score: ScoreName, visit: Visit): HTMLElement[] {
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
