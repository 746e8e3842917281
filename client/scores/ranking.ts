import "../style/ranking.css";
import { REPORT_LAYERS } from "../../tiles/layers.ts";
import type { ScoreName } from "../../tiles/scores/scores.ts";
import { type AreaOrder, type AreaRankingJson, fetchAreaRanking, type RankedAreaJson } from "../api/areas.ts";
import { element, icon } from "../ui/dom.ts";
import { LAYER_ICONS } from "../ui/icons.ts";
import { CONFIDENCE_WORDS, NO_AREAS_HERE, NOT_ENOUGH, ORDER_WORDS, rankingTitle } from "../words/score-words.ts";
import { SCORE_LABELS } from "../words/words.ts";
import { changeOf, linkToMethod, points, scoreBar } from "./card-content.ts";
import type { ListContent } from "./card-view.ts";

const NAMES: readonly ScoreName[] = ["overall", ...REPORT_LAYERS];

export interface RankingOptions {
  readonly city: string;
  readonly layer: ScoreName;
  readonly order: AreaOrder;
  /** Shows an area on the map, and its card. */
  open(id: string): void;
  /** Asks for the list by another score, which colours the map too, or in another order. */
  sort(by: { readonly layer: ScoreName; readonly order: AreaOrder }): void;
}

/** The areas of a city by one of their scores. @throws RequestError */
export async function readRanking(options: RankingOptions, signal: AbortSignal): Promise<ListContent> {
  const page = await fetchAreaRanking(options, signal);
  const [first] = page.areas;
  const title = rankingTitle(first?.city.name ?? options.city);
  const where = `${SCORE_LABELS[options.layer]}, reports of 30 days`;
  if (!first) return { title, where, content: [element("p", { class: "nothing" }, NO_AREAS_HERE)] };
  const list = element("ol", { class: "ranking" });
  const more = element("button", { type: "button", class: "secondary" }, "Show more");
  const add = ({ areas, next_cursor }: AreaRankingJson) => {
    list.append(...areas.map((area) => rankedArea(area, options)));
    more.hidden = next_cursor === null;
    more.onclick = async () => {
      more.disabled = true;
      await fetchAreaRanking(options, signal, next_cursor ?? "").then(add, () => {});
      more.disabled = false;
    };
  };
  add(page);
  return { title, where, content: [sorting(options), list, more, element("p", { class: "hint" }, linkToMethod())] };
}

function sorting({ layer, order, sort }: RankingOptions): HTMLElement {
  const radios = NAMES.map((name) => {
    const attributes = { type: "radio", name: "ranked-by", value: name, checked: name === layer };
    const radio = element("input", attributes);
    radio.addEventListener("change", () => sort({ layer: name, order }));
    const label = SCORE_LABELS[name];
    const face =
      name === "overall"
        ? [element("span", {}, label)]
        : [
            element("span", { class: `score-face on-${name}` }, icon(LAYER_ICONS[name])),
            element("span", { class: "visually-hidden" }, label),
          ];
    return element("label", { title: label }, radio, ...face);
  });
  const select = element("select", { "aria-label": "Order" });
  for (const [value, words] of Object.entries(ORDER_WORDS))
    select.append(element("option", { value, selected: value === order }, words));
  select.addEventListener("change", () => sort({ layer, order: select.value as AreaOrder }));
  return element(
    "div",
    { class: "sorting" },
    element("fieldset", { class: "segments" }, element("legend", { class: "visually-hidden" }, "Score"), ...radios),
    select,
  );
}

function rankedArea(area: RankedAreaJson, { layer, open }: RankingOptions): HTMLElement {
  const [score, confidence] = [area.scores[layer], area.confidence[layer]];
  const name = element("span", { class: "ranked-name" }, area.name);
  const told =
    score === null || confidence === null
      ? [element("span", { class: "no-score" }, NOT_ENOUGH)]
      : [
          element("strong", {}, points(score, confidence)),
          scoreBar(layer, score),
          element("span", { class: "score-facts" }, CONFIDENCE_WORDS[confidence], changeOf(layer, area)),
        ];
  const button = element("button", { type: "button", class: "bare" }, name, ...told);
  button.addEventListener("click", () => open(area.id));
  return element("li", { class: `on-${layer}` }, button);
}
