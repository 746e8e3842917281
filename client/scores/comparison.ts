import "../style/comparison.css";
import type { Bounds } from "../../tiles/geo/geohash.ts";
import { REPORT_LAYERS } from "../../tiles/layers.ts";
import type { ScoreName } from "../../tiles/scores/scores.ts";
import { type AreaCardJson, fetchScoreCard } from "../api/api.ts";
import { fetchAreaNames, type ListedAreaJson } from "../api/areas.ts";
import { element, icon } from "../ui/dom.ts";
import { CLOSE_ICON, LAYER_ICONS } from "../ui/icons.ts";
import {
  ABOUT_SCORES,
  CHOOSE_ANOTHER,
  CHOOSE_MORE,
  COMPARISON,
  CONFIDENCE_WORDS,
  FOUR_AT_MOST,
  NOT_ENOUGH,
  reportsBehind,
} from "../words/score-words.ts";
import { SCORE_LABELS } from "../words/words.ts";
import { changeOf, linkToMethod, points, scoreBar } from "./card-content.ts";
import type { ListContent } from "./card-view.ts";

const MAX_AREAS = 4;
const ROWS: readonly ScoreName[] = ["overall", ...REPORT_LAYERS];

/** Ids of the areas that a card of the page's state compares. */
export const comparedIds = (card: string): string[] => [...new Set(card.split(","))].filter(Boolean);

/** The page's state of a comparison; of one area it still waits for another. */
const cardOf = (ids: readonly string[]): string => (ids.length > 1 ? ids.join() : `${ids[0]},`);

/** Areas beside each other, score by score. `openCard` opens another card, or comparison. @throws RequestError */
export async function readComparison(
  card: string,
  openCard: (card: string) => void,
  signal: AbortSignal,
): Promise<ListContent> {
  const ids = comparedIds(card);
  const areas = (await Promise.all(ids.map((id) => fetchScoreCard(id, signal)))) as AreaCardJson[];
  const cities = [...new Set(areas.map(({ city }) => city?.name).filter(Boolean))].join(", ");
  const comparison = element(
    "div",
    { class: `comparison of-${areas.length}` },
    heads(areas, openCard),
    ...ROWS.map((name) => row(name, areas)),
  );
  return {
    title: COMPARISON,
    bounds: boundsOf(areas),
    where: [cities, `${areas.length} of up to ${MAX_AREAS}`].join(" · "),
    content: [comparison, adding(areas, openCard), element("p", { class: "hint" }, `${ABOUT_SCORES} `, linkToMethod())],
  };
}

function boundsOf(areas: readonly AreaCardJson[]): Bounds {
  const all = (i: 0 | 1 | 2 | 3) => areas.map(({ bbox }) => bbox[i]);
  return {
    west: Math.min(...all(0)),
    south: Math.min(...all(1)),
    east: Math.max(...all(2)),
    north: Math.max(...all(3)),
  };
}

function heads(areas: readonly AreaCardJson[], openCard: (card: string) => void): HTMLElement {
  const items = areas.map(({ id, name }) => {
    const opener = element("button", { type: "button", class: "link" }, name);
    opener.addEventListener("click", () => openCard(id));
    const leave = `Leave out ${name}`;
    const leaver = element(
      "button",
      { type: "button", class: "bare leave", "aria-label": leave, title: leave },
      icon(CLOSE_ICON),
    );
    leaver.addEventListener("click", () => openCard(cardOf(areas.map((area) => area.id).filter((of) => of !== id))));
    return element("li", {}, opener, areas.length > 1 ? leaver : undefined);
  });
  return element("ul", { class: "compared-areas" }, ...items);
}

function row(name: ScoreName, areas: readonly AreaCardJson[]): HTMLElement {
  const title = element("h3", {}, name === "overall" ? undefined : icon(LAYER_ICONS[name]), SCORE_LABELS[name]);
  return element(
    "section",
    { class: `compared on-${name}` },
    title,
    element("ul", {}, ...areas.map((area) => element("li", {}, ...standing(name, area)))),
  );
}

function standing(name: ScoreName, area: AreaCardJson): HTMLElement[] {
  const [score, confidence] = [area.scores[name], area.confidence[name]];
  const of = element("span", { class: "compared-name" }, area.name);
  if (score === null || confidence === null) return [of, element("span", { class: "no-score" }, NOT_ENOUGH)];
  const change = changeOf(name, area);
  return [
    of,
    element("strong", {}, points(score, confidence)),
    scoreBar(name, score),
    element("span", { class: "score-facts" }, facts(name, area), element("span", {}, CONFIDENCE_WORDS[confidence])),
    ...(change ? [change] : []),
  ];
}

function facts(name: ScoreName, { report_count_30d: counts, worth }: AreaCardJson): HTMLElement {
  const sumOf = (of: AreaCardJson["worth"]): number =>
    name === "overall" ? REPORT_LAYERS.reduce((sum, layer) => sum + of[layer], 0) : of[name];
  return element("span", {}, reportsBehind(sumOf(counts), sumOf(worth)));
}

/** Takes another area by its name; the map takes it by a click. */
function adding(areas: readonly AreaCardJson[], openCard: (card: string) => void): HTMLElement {
  if (areas.length >= MAX_AREAS) return element("p", { class: "hint" }, FOUR_AT_MOST);
  const ids = areas.map(({ id }) => id);
  const select = element("select", {}, element("option", { value: "" }, "Choose…"));
  select.addEventListener("change", () => openCard(cardOf([...ids, select.value])));
  const [first] = areas;
  if (first?.city)
    void fetchAreaNames(first.city.id).then(
      (names) => fill(select, names, ids),
      () => {},
    );
  return element("label", { class: "comparing-more" }, areas.length === 1 ? CHOOSE_ANOTHER : CHOOSE_MORE, select);
}

function fill(select: HTMLSelectElement, names: readonly ListedAreaJson[], ids: readonly string[]): void {
  const others = names.filter(({ id }) => !ids.includes(id)).toSorted((a, b) => a.name.localeCompare(b.name));
  select.append(...others.map(({ id, name }) => element("option", { value: id }, name)));
}
