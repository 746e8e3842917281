import { REPORT_LAYERS, type ReportLayer, TIME_WINDOWS, type TimeWindow } from "../../tiles/layers.ts";
import type { Confidence, ScoreName } from "../../tiles/scores/scores.ts";
import type { AreaCardJson, ReportJson, ScoreCardJson } from "../api/api.ts";
import { BASE } from "../api/base.ts";
import { reportCard } from "../report/report-card.ts";
import { element, icon } from "../ui/dom.ts";
import { type Icon, LAYER_ICONS } from "../ui/icons.ts";
import {
  ABOUT_APPROXIMATE,
  ABOUT_SCORES,
  ALL_AREAS,
  APPROXIMATE,
  COMPARE,
  CONFIDENCE_WORDS,
  METHOD,
  NEIGHBOURHOOD,
  NOT_ENOUGH,
  NOT_ENOUGH_IN_30_DAYS,
  reportsBehind,
} from "../words/score-words.ts";
import { categoryLabel, formatCount, LAYER_LABELS, SCORE_LABELS, WINDOW_LABELS } from "../words/words.ts";
import { sparkline } from "./sparkline.ts";

/** Where scores start from: marked on the bars, so that one sees how far a score has moved. */
const START: Readonly<Record<ReportLayer, number>> = { safety: 100, vibe: 50, infrastructure: 100, opportunity: 50 };
const CELL_SIZES: Readonly<Record<number, string>> = { 4: "39 × 20 km", 5: "4.9 × 4.9 km", 6: "1.2 × 0.6 km" };
const UP: Icon = ["M12 5 21 18H3z"];
const DOWN: Icon = ["M12 19 3 6h18z"];

/** What the place is called, and a line to say where it is. */
export function placeWords(card: ScoreCardJson): readonly [title: string, where: string] {
  const { city, bbox } = card;
  if ("kind" in card) return [card.name, [city?.name, kindWords(card)].join(" · ")];
  const { geohash, place } = card;
  const isNeighbourhood = geohash.length === 6;
  const fallback = isNeighbourhood ? NEIGHBOURHOOD : "Area";
  const title = place ?? (city && !isNeighbourhood ? `Around ${city.name}` : fallback);
  const [west, south, east, north] = bbox;
  const at = `${((south + north) / 2).toFixed(3)}, ${((west + east) / 2).toFixed(3)}`;
  return [title, [city?.name ?? at, CELL_SIZES[geohash.length]].join(" · ")];
}

function kindWords({ kind, approximate }: AreaCardJson): string {
  const label = kind === "neighborhood" ? NEIGHBOURHOOD : categoryLabel(kind);
  return approximate ? `${label} · ${APPROXIMATE}` : label;
}

/** Where a card leads to. */
export interface CardWays {
  /** Shows a report on the map. */
  open(report: ReportJson): void;
  /** Opens another card, as the page's state names it. */
  openCard(card: string): void;
}

/** The card below its title. */
export function cardContent(card: ScoreCardJson, window: TimeWindow, { open, openCard }: CardWays): HTMLElement[] {
  return [
    overall(card),
    ...("kind" in card ? [waysToOthers(card, openCard)] : []),
    element("ul", { class: "score-rows" }, ...REPORT_LAYERS.map((layer) => scoreRow(layer, card))),
    counts(card, window),
    latest(card, open),
    element(
      "p",
      { class: "hint" },
      `${ABOUT_SCORES} ${boundsWords(card)} `,
      linkToMethod("geohash" in card && card.geohash.length === 6 ? `#${card.geohash}` : ""),
    ),
  ];
}

export const linkToMethod = (hash = ""): HTMLElement => element("a", { href: `${BASE}/docs/scores${hash}` }, METHOD);

/** From an area to others beside it, and to all of its city. */
function waysToOthers({ id, city }: AreaCardJson, openCard: CardWays["openCard"]): HTMLElement {
  const way = (words: string, card: string) => {
    const button = element("button", { type: "button", class: "link" }, words);
    button.addEventListener("click", () => openCard(card));
    return button;
  };
  return element(
    "p",
    { class: "card-ways" },
    way(COMPARE, `${id},`),
    city ? way(ALL_AREAS, `all-of:${city.id}`) : undefined,
  );
}

function boundsWords(card: ScoreCardJson): string {
  if ("geohash" in card) return `Cell ${card.geohash}.`;
  return card.approximate ? ABOUT_APPROXIMATE : "";
}

function overall(card: ScoreCardJson): HTMLElement {
  const score = card.scores.overall;
  const confidence = card.confidence.overall;
  if (score === null || confidence === null) {
    return element("section", { class: "overall no-score" }, element("p", {}, NOT_ENOUGH_IN_30_DAYS));
  }
  return element(
    "section",
    { class: "overall" },
    element(
      "p",
      { class: "overall-score" },
      element("strong", {}, points(score, confidence)),
      element("span", {}, "of 100, overall"),
      element("span", { class: `confidence ${confidence}` }, CONFIDENCE_WORDS[confidence]),
    ),
    history(card),
  );
}

/** Tenths are told only where they mean something. */
export const points = (value: number, confidence: Confidence | null): string =>
  value.toFixed(confidence === "high" ? 1 : 0);

function history(card: ScoreCardJson): HTMLElement {
  if (card.history === "unavailable") {
    return element("p", { class: "hint no-history" }, "The history is not available right now. The scores are live.");
  }
  const change =
    changeOf("overall", card, " than a week ago") ??
    element("span", { class: "hint" }, "Not enough reports to compare with a week ago");
  return element("div", { class: "overall-history" }, sparkOf("overall", card), change);
}

function sparkOf(name: ScoreName, { series, confidence }: ScoreCardJson): HTMLElement | undefined {
  const known = series.flatMap((each) => {
    const value = each[name];
    return value === null ? [] : [{ day: each.day, value }];
  });
  if (known.length < 2) return undefined;
  return sparkline(known, `${SCORE_LABELS[name]} score`, (value) => points(value, confidence[name]));
}

/** "▲ +2.3 better", never by colour alone; undefined where it is not told. */
export function changeOf(
  name: ScoreName,
  { change_7d, confidence }: Pick<ScoreCardJson, "change_7d" | "confidence">,
  than = "",
): HTMLElement | undefined {
  const change = change_7d?.[name] ?? null;
  if (change === null) return undefined;
  const size = points(Math.abs(change), confidence[name]);
  if (Number(size) === 0)
    return element("span", { class: "change" }, than === "" ? "no change" : "No change in a week");
  const [way, sign, word, shape] =
    change > 0 ? (["up", "+", "better", UP] as const) : (["down", "−", "worse", DOWN] as const);
  return element("span", { class: `change ${way}` }, icon(shape), `${sign}${size} ${word}${than}`);
}

function scoreRow(layer: ReportLayer, card: ScoreCardJson): HTMLElement {
  const [score, confidence] = [card.scores[layer], card.confidence[layer]];
  const name = element("span", { class: "score-name" }, LAYER_LABELS[layer]);
  const attributes = { class: `score-row on-${layer}` };
  if (score === null || confidence === null) {
    const none = element("span", { class: "no-score" }, NOT_ENOUGH);
    return element("li", attributes, icon(LAYER_ICONS[layer]), name, none);
  }
  return element(
    "li",
    attributes,
    icon(LAYER_ICONS[layer]),
    name,
    element("strong", {}, points(score, confidence)),
    scoreBar(layer, score),
    element("span", { class: "score-facts" }, behind(layer, card, confidence), changeOf(layer, card)),
    sparkOf(layer, card),
  );
}

/** As long as the score is high; that of a layer with a mark where it starts from. */
export function scoreBar(name: ScoreName, score: number): HTMLElement {
  const bar = element("span", { class: "score-bar" }, element("span", {}));
  bar.style.setProperty("--score", `${score}%`);
  if (name === "overall") return bar;
  bar.append(element("i", {}));
  bar.style.setProperty("--start", `${START[name]}%`);
  bar.title = `Starts from ${START[name]}`;
  return bar;
}

const behind = (layer: ReportLayer, { report_count_30d, worth }: ScoreCardJson, confidence: Confidence): string =>
  `${reportsBehind(report_count_30d[layer], worth[layer])}, ${CONFIDENCE_WORDS[confidence]}`;

function counts(card: ScoreCardJson, window: TimeWindow): HTMLElement {
  const head = TIME_WINDOWS.map((each) =>
    element("th", { scope: "col", class: each === window ? "now" : undefined }, WINDOW_LABELS[each][0]),
  );
  const rows = REPORT_LAYERS.map((layer) =>
    element(
      "tr",
      {},
      element("th", { scope: "row" }, LAYER_LABELS[layer]),
      ...TIME_WINDOWS.map((each) =>
        element("td", { class: each === window ? "now" : undefined }, formatCount(card.counts[layer][each])),
      ),
    ),
  );
  return element(
    "table",
    { class: "counts" },
    element("thead", {}, element("tr", {}, element("th", { scope: "col" }, "Reports"), ...head)),
    element("tbody", {}, ...rows),
  );
}

function latest({ latest: reports }: ScoreCardJson, open: (report: ReportJson) => void): HTMLElement {
  if (reports.length === 0) {
    return element("p", { class: "nothing" }, "Nobody has reported anything here in the last 90 days.");
  }
  const cards = reports.map((report) =>
    element(
      "li",
      {},
      reportCard({ ...report, createdAtMs: Date.parse(report.created_at) }, report.text, () => open(report)),
    ),
  );
  return element("section", { class: "latest" }, element("h3", {}, "Latest here"), element("ol", {}, ...cards));
}
