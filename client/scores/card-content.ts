import { REPORT_LAYERS, type ReportLayer, TIME_WINDOWS, type TimeWindow } from "../../tiles/layers.ts";
import type { ScoreName } from "../../tiles/scores/scores.ts";
import type { ReportJson, ScoreCardJson } from "../api/api.ts";
import { reportCard } from "../report/report-card.ts";
import { element, icon } from "../ui/dom.ts";
import { type Icon, LAYER_ICONS } from "../ui/icons.ts";
import { formatCount, LAYER_LABELS, SCORE_LABELS, WINDOW_LABELS } from "../words/words.ts";
import { sparkline } from "./sparkline.ts";

/** Scores of a place without reports: marked on the bars, so that one sees from where a score has moved. */
const START: Readonly<Record<ReportLayer, number>> = { safety: 100, vibe: 50, infrastructure: 100, opportunity: 50 };
const CELL_SIZES: Readonly<Record<number, string>> = { 4: "39 × 20 km", 5: "4.9 × 4.9 km", 6: "1.2 × 0.6 km" };
const UP: Icon = ["M12 5 21 18H3z"];
const DOWN: Icon = ["M12 19 3 6h18z"];

/** What the place is called, and a line to say where it is. */
export function placeWords({ geohash, place, city, bbox }: ScoreCardJson): readonly [title: string, where: string] {
  const isNeighbourhood = geohash.length === 6;
  const fallback = isNeighbourhood ? "Neighbourhood" : "Area";
  const title = place ?? (city && !isNeighbourhood ? `Around ${city.name}` : fallback);
  const [west, south, east, north] = bbox;
  const at = `${((south + north) / 2).toFixed(3)}, ${((west + east) / 2).toFixed(3)}`;
  return [title, [city?.name ?? at, CELL_SIZES[geohash.length]].join(" · ")];
}

/** The card below its title. `open` shows a report on the map. */
export function cardContent(
  card: ScoreCardJson,
  window: TimeWindow,
  open: (report: ReportJson) => void,
): HTMLElement[] {
  return [
    overall(card),
    element("ul", { class: "score-rows" }, ...REPORT_LAYERS.map((layer) => scoreRow(layer, card))),
    counts(card, window),
    latest(card, open),
    element(
      "p",
      { class: "hint" },
      `Scores go from 0 to 100 and follow the reports of the last 30 days, newer and graver ones more. Cell ${card.geohash}.`,
    ),
  ];
}

function overall(card: ScoreCardJson): HTMLElement {
  return element(
    "section",
    { class: "overall" },
    element(
      "p",
      { class: "overall-score" },
      element("strong", {}, card.scores.overall.toFixed(1)),
      element("span", {}, "of 100, overall"),
    ),
    history(card),
  );
}

function history(card: ScoreCardJson): HTMLElement {
  if (card.history === "unavailable") {
    return element("p", { class: "hint no-history" }, "The history is not available right now. The scores are live.");
  }
  const change = card.change_7d
    ? changeWords(card.change_7d.overall, " than a week ago")
    : element("span", { class: "hint" }, "No score a week ago to compare with");
  const line = card.series.length > 1 ? sparkOf("overall", card) : undefined;
  return element("div", { class: "overall-history" }, line, change);
}

const sparkOf = (name: ScoreName, { series }: ScoreCardJson): HTMLElement =>
  sparkline(
    series.map((day) => ({ day: day.day, value: day[name] })),
    `${SCORE_LABELS[name]} score`,
  );

/** "▲ +2.3 better", never by colour alone. */
function changeWords(change: number, than = ""): HTMLElement {
  const points = Math.abs(change).toFixed(1);
  if (points === "0.0") return element("span", { class: "change" }, than === "" ? "no change" : "No change in a week");
  const [way, sign, word, shape] =
    change > 0 ? (["up", "+", "better", UP] as const) : (["down", "−", "worse", DOWN] as const);
  return element("span", { class: `change ${way}` }, icon(shape), `${sign}${points} ${word}${than}`);
}

function scoreRow(layer: ReportLayer, card: ScoreCardJson): HTMLElement {
  const score = card.scores[layer];
  const bar = element("span", { class: "score-bar" }, element("span", {}), element("i", {}));
  bar.style.setProperty("--score", `${score}%`);
  bar.style.setProperty("--start", `${START[layer]}%`);
  bar.title = `${START[layer]} without reports`;
  return element(
    "li",
    { class: `score-row on-${layer}` },
    icon(LAYER_ICONS[layer]),
    element("span", { class: "score-name" }, LAYER_LABELS[layer]),
    element("strong", {}, score.toFixed(1)),
    bar,
    card.change_7d ? changeWords(card.change_7d[layer]) : undefined,
    card.series.length > 1 ? sparkOf(layer, card) : undefined,
  );
}

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
