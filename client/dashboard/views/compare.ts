import type { AreaCardJson } from "../../api/api.ts";
import type { RankedAreaJson } from "../../api/areas.ts";
import { element, icon } from "../../ui/dom.ts";
import { CLOSE_ICON } from "../../ui/icons.ts";
import { NO_SCORE, TREND_WORDS, COMPARE_WORDS as WORDS } from "../../words/dashboard-trend-words.ts";
import { formatCount, SCORE_LABELS } from "../../words/words.ts";
import { askOnce } from "../api/ask.ts";
import { comparedAddress, movesAddress, type RankingJson } from "../api/trends.ts";
import type { ViewContent, Visit } from "../page/visit.ts";
import { pointsMark } from "../parts/change-mark.ts";
import { chart } from "../parts/chart.ts";
import { choice, toolbar } from "../parts/choice.ts";
import { emptiness, panel } from "../parts/panel.ts";
import { isScore, SCORE_ORDER, scoreCell, scoreOptions } from "../parts/score-cells.ts";
import { shareButton } from "../parts/share-button.ts";
import { sourceLink } from "../parts/source-link.ts";
import { type Column, table } from "../parts/table.ts";
import { fillAreas, knownAreas } from "./area-choice.ts";
import { cityChoice } from "./city-choice.ts";
import { cardAddress, goneArea, isGone } from "./gone-area.ts";

const MOST = 4;
/** Colours of the areas that are compared, told apart by their strokes too. */
const LOOKS = [
  { color: "--infrastructure", dash: undefined },
  { color: "--safety", dash: [8, 4] },
  { color: "--opportunity", dash: [2, 3] },
  { color: "--vibe", dash: [10, 3, 2, 3] },
] as const;

/** Up to four areas, of one city or several, and the address that shows them. */
export async function compareView(visit: Visit): Promise<ViewContent> {
  const named = [...new Set((visit.route.query.ids ?? "").split(","))].filter(Boolean).slice(0, MOST);
  const gone = await Promise.all(named.map(isGone));
  const ids = named.filter((_, i) => gone[i] === false);
  const cards = ids.map((id) => askOnce<AreaCardJson>(cardAddress(id)));
  return [
    toolbar(cityOf(visit), adding(ids, visit), ids.length > 1 ? shareButton(visit) : undefined),
    ...(gone.includes(true) ? [goneArea()] : []),
    ...(ids.length === 0 ? [beginning(visit)] : [picks(ids, cards, visit), ...comparison(ids, cards, visit)]),
  ];
}

/** Areas of other cities can be added, so those that were chosen stay. */
const cityOf = (visit: Visit): HTMLElement => cityChoice({ ...visit, set: ({ city }) => visit.set({ city }) });

function adding(ids: readonly string[], { city, set }: Visit): HTMLElement {
  const select = element("select", { id: "choose-compared", disabled: ids.length >= MOST });
  select.append(element("option", { value: "" }, ids.length >= MOST ? WORDS.most : WORDS.choose));
  select.addEventListener("change", () => set({ ids: [...ids, select.value].join() }));
  const fill = async () => {
    const known = await knownAreas(city.id);
    const others = (of: typeof known.own) => of.filter(({ id }) => !ids.includes(id));
    fillAreas(select, { own: others(known.own), ofCity: others(known.ofCity) }, "", [WORDS.choose]);
  };
  if (ids.length < MOST) void fill().catch(() => {});
  return element("label", { class: "choice" }, element("span", {}, WORDS.add), select);
}

function beginning(visit: Visit): HTMLElement {
  const button = element("button", { type: "button", class: "primary" }, WORDS.begin);
  button.addEventListener("click", async () => {
    button.disabled = true;
    try {
      const { areas } = await askOnce<RankingJson>(movesAddress(visit.city.id, "overall"));
      const busiest = areas.toSorted((a, b) => (b.report_count_30d ?? 0) - (a.report_count_30d ?? 0)).slice(0, MOST);
      if (busiest.length > 0) return visit.set({ ids: busiest.map(({ id }) => id).join() });
      visit.say(WORDS.noneYet);
    } catch (error) {
      visit.say(error instanceof Error ? error.message : String(error));
    }
    button.disabled = false;
  });
  const empty = emptiness(WORDS.emptyTitle, WORDS.emptyText, button);
  empty.classList.add("wide");
  return empty;
}

function picks(ids: readonly string[], cards: readonly Promise<AreaCardJson>[], { set }: Visit): HTMLElement {
  const items = ids.map((id, i) => {
    const name = element("span", {}, "…");
    const key = element("i", {});
    key.style.setProperty("--key", `var(${LOOKS[i]?.color})`);
    const leave = element("button", { type: "button", class: "bare" }, icon(CLOSE_ICON));
    const call = (words: string) => {
      name.textContent = words;
      leave.ariaLabel = WORDS.remove(words);
    };
    call(id);
    leave.addEventListener("click", () => set({ ids: ids.filter((other) => other !== id).join() || undefined }));
    cards[i]?.then(
      (card) => call(card.name),
      () => {},
    );
    return element("li", { class: "picked" }, key, name, leave);
  });
  return element("ul", { class: "chips wide" }, ...items);
}

function comparison(ids: readonly string[], cards: readonly Promise<AreaCardJson>[], visit: Visit): HTMLElement[] {
  const { signal, route, set } = visit;
  const score = isScore(route.query.score) ? route.query.score : "overall";
  const source = comparedAddress(ids);
  const select = choice("choose-compared-score", TREND_WORDS.score, scoreOptions, score, (value) =>
    set({ score: value }),
  );
  return [
    panel({
      title: WORDS.scores,
      hint: TREND_WORDS.rankingHint,
      source,
      height: 260,
      className: "wide",
      signal,
      async load() {
        const { areas } = await askOnce<RankingJson>(source);
        const known = new Map(areas.map((area) => [area.id, area]));
        return [scoreTable(ids.flatMap((id) => known.get(id) ?? []))];
      },
    }),
    panel({
      title: TREND_WORDS.scoreByDay(SCORE_LABELS[score]),
      hint: WORDS.chartHint,
      tools: [select],
      height: 300,
      className: "wide",
      signal,
      async load() {
        const all = await Promise.all(cards);
        const days = all[0]?.series.map(({ day }) => day) ?? [];
        const drawn = await chart({
          label: TREND_WORDS.scoreByDay(SCORE_LABELS[score]),
          days,
          series: all.map(({ name, series }, i) => {
            const byDay = new Map(series.map((day) => [day.day, day[score]]));
            const { color = "--ink", dash } = LOOKS[i] ?? {};
            return { label: name, color, ...(dash && { dash }), values: days.map((day) => byDay.get(day) ?? null) };
          }),
          kind: "lines",
          say: (value) => value.toFixed(1),
          signal,
        });
        const sources = all.map(({ id, name }) => sourceLink(`/api/areas/${id}`, name, "named"));
        return [drawn, element("p", { class: "chips" }, ...sources)];
      },
    }),
  ];
}

interface Row {
  readonly head: string;
  cell(area: RankedAreaJson): Node | string;
}

function scoreTable(areas: readonly RankedAreaJson[]): HTMLElement {
  const rows: Row[] = [
    ...SCORE_ORDER.map((score) => ({
      head: SCORE_LABELS[score],
      cell: (area: RankedAreaJson) => {
        const value = area.scores[score];
        if (value === null) return element("span", { class: "no-score" }, NO_SCORE);
        const cell = scoreCell(score, value, area.confidence[score]);
        return element("div", { class: "compared-cell" }, cell, pointsMark(area.change_7d?.[score] ?? null));
      },
    })),
    { head: TREND_WORDS.reports30, cell: countCell },
  ];
  const columns: Column<Row>[] = [
    { head: "", isName: true, cell: ({ head }) => head },
    ...areas.map((area) => ({ head: area.name, cell: (row: Row) => row.cell(area) })),
  ];
  return table(WORDS.table, columns, rows);
}

const countCell = ({ report_count_30d: count }: RankedAreaJson): HTMLElement =>
  element("span", { class: "compared-count" }, count === null ? "–" : formatCount(count));
