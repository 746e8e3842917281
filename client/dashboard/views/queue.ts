import type { PlaceJson, ReportJson } from "../../api/api.ts";
import { element } from "../../ui/dom.ts";
import { LAYER_ICONS } from "../../ui/icons.ts";
import { TREND_WORDS, QUEUE_WORDS as WORDS } from "../../words/dashboard-trend-words.ts";
import { PLAN_NAMES } from "../../words/dashboard-words.ts";
import { categoryLabel, formatCount } from "../../words/words.ts";
import { hasPlan } from "../api/account.ts";
import { askOnce } from "../api/ask.ts";
import { readReports, reportsAddress } from "../api/reports.ts";
import { type DailyJson, dailyAddress, type RisingJson, risingAddress } from "../api/trends.ts";
import type { ViewContent, Visit } from "../page/visit.ts";
import { percentMark } from "../parts/change-mark.ts";
import { choice, segments, toolbar } from "../parts/choice.ts";
import { figure, figures } from "../parts/figure.ts";
import { emptiness, offer, panel } from "../parts/panel.ts";
import { areaChoice } from "./area-choice.ts";
import { cityChoice } from "./city-choice.ts";
import { loadPlaces } from "./near-name.ts";
import { mapLink, reportRow } from "./report-row.ts";
import { risingTable } from "./rising-table.ts";

const LAYER = "infrastructure";
const SPANS = ["7", "30", "90"];
const ROWS_AT_ONCE = 25;
const MONTH_DAYS = 30;
const MOST_RISING = 8;

/** The infrastructure reports of a city, to work through. */
export function queueView(visit: Visit): ViewContent {
  const { account, route, hrefOf } = visit;
  if (!hasPlan(account, "city")) return [offer(PLAN_NAMES.city, WORDS.offerTitle, WORDS.offer, hrefOf("billing"))];
  const { query } = route;
  const days = SPANS.includes(query.days ?? "") ? Number(query.days) : 30;
  const category = element("div", { class: "choice-place" });
  return [
    toolbar(cityChoice(visit), areaChoice(visit), category, ...orders(visit, days)),
    monthPanel(visit),
    risingPanel(visit),
    listPanel(visit, days, category),
  ];
}

function orders({ route, set }: Visit, days: number): HTMLElement[] {
  const by = [
    { value: "newest", label: WORDS.newest },
    { value: "severe", label: WORDS.severe },
  ];
  const spans = SPANS.map((value) => ({ value, label: TREND_WORDS.spans[value] ?? value }));
  return [
    segments("order", WORDS.order, by, route.query.order === "severe" ? "severe" : "newest", (order) => set({ order })),
    segments("days", WORDS.span, spans, String(days), (value) => set({ days: value })),
  ];
}

function monthPanel({ city, route, signal }: Visit): HTMLElement {
  const source = dailyAddress({ city: city.id, area: route.query.area }, LAYER, 2 * MONTH_DAYS);
  return panel({
    title: WORDS.month,
    hint: WORDS.monthHint,
    source,
    height: 90,
    signal,
    async load() {
      const { days } = await askOnce<DailyJson>(source);
      const sum = (of: typeof days) => of.reduce((total, { reports }) => total + reports, 0);
      const [before, now] = [sum(days.slice(0, -MONTH_DAYS)), sum(days.slice(-MONTH_DAYS))];
      const look = { layer: LAYER, icon: LAYER_ICONS[LAYER], source };
      const change = before === 0 ? null : (100 * (now - before)) / before;
      return [
        figures(
          figure({
            ...look,
            label: WORDS.thisMonth,
            value: formatCount(now),
            below: now + before === 0 ? [] : [percentMark(change)],
          }),
          figure({ ...look, label: WORDS.before, value: formatCount(before) }),
        ),
      ];
    },
  });
}

function risingPanel({ city, signal }: Visit): HTMLElement {
  const source = risingAddress({ city: city.id }, LAYER, MOST_RISING);
  return panel({
    title: WORDS.areas,
    hint: WORDS.monthHint,
    source,
    height: 200,
    signal,
    async load() {
      const { areas } = await askOnce<RisingJson>(source);
      if (areas.length === 0) return [element("p", { class: "nothing" }, TREND_WORDS.noRising)];
      const shown = risingTable(areas);
      shown.classList.add("short");
      return [shown];
    },
  });
}

function listPanel(visit: Visit, days: number, categoryPlace: HTMLElement): HTMLElement {
  const { city, route, signal, set } = visit;
  const { area, category, order } = route.query;
  const source = reportsAddress({ city: city.id, area, layer: LAYER, days }, Date.now());
  return panel({
    title: WORDS.list,
    source,
    height: 420,
    className: "wide",
    signal,
    async load() {
      const [{ reports, isCut }, places] = await Promise.all([readReports(source, signal), loadPlaces()]);
      const counts = Map.groupBy(reports, (report) => report.category);
      const options = [...counts]
        .toSorted(([, a], [, b]) => b.length - a.length)
        .map(([value, of]) => ({ value, label: `${categoryLabel(value)} (${formatCount(of.length)})` }));
      const all = [{ value: "", label: WORDS.allCategories }, ...options];
      const choose = (value: string) => set({ category: value || undefined });
      categoryPlace.replaceChildren(choice("choose-category", WORDS.category, all, category ?? "", choose));
      const wanted = reports.filter((report) => category === undefined || report.category === category);
      if (wanted.length === 0) return [emptiness(WORDS.none, WORDS.noneText)];
      const sorted = order === "severe" ? wanted.toSorted(bySeverity) : wanted;
      return [
        element("p", { class: "hint" }, WORDS.listed(wanted.length, TREND_WORDS.spans[days] ?? "")),
        ...(isCut ? [element("p", { class: "hint" }, WORDS.cut(reports.length))] : []),
        ...listOf(sorted, places),
      ];
    },
  });
}

/** Of equals the newer first. */
const bySeverity = (a: ReportJson, b: ReportJson): number =>
  b.severity - a.severity || Date.parse(b.created_at) - Date.parse(a.created_at);

/** So many at once, and a button for more. */
function listOf(reports: readonly ReportJson[], places: readonly PlaceJson[]): HTMLElement[] {
  const list = element("ol", { class: "listed-reports" });
  const more = element("button", { type: "button", class: "secondary" }, WORDS.more);
  const add = () => {
    const from = list.childElementCount;
    const next = reports.slice(from, from + ROWS_AT_ONCE);
    list.append(...next.map((report) => reportRow(report, places, mapLink(report))));
    more.hidden = list.childElementCount >= reports.length;
  };
  more.addEventListener("click", add);
  add();
  return [list, more];
}
