import type { Map as MapLibreMap } from "maplibre-gl";
import type { ReportLayer } from "../../tiles/layers.ts";
import { fetchReports, type ReportJson, type ReportQuery } from "../api/api.ts";
import { clusterLayerOf, singleLayerOf, sourceOf } from "../map/report-layers.ts";
import { viewBox } from "../map/view-box.ts";
import type { Page } from "../page/page-state.ts";
import { reportCard } from "../report/report-card.ts";
import { AREA_SOURCE, SCORE_SOURCE, scoreFills } from "../scores/score-layers.ts";
import { element, find } from "../ui/dom.ts";
import { formatCount, LAYER_LABELS } from "../words/words.ts";
import type { TileFailures } from "./tile-failures.ts";

/** The list's box must be city-sized: the API refuses larger ones. */
const LIST_MIN_ZOOM = 10.5;
const LIST_LENGTH = 5;
const SETTLE_MS = 350;

/** Says how many reports the visible map holds, as its tiles count them; without all of those nobody knows. */
export function bindCount(paragraph: HTMLElement, { map, failures }: CountedMap, page: Page): void {
  map.on("idle", () => {
    const { layers, scores = "overall" } = page.get();
    const sources = layers.length === 0 ? [SCORE_SOURCE, AREA_SOURCE] : layers.map(sourceOf);
    if (sources.some((source) => failures.inView(source).length > 0)) {
      paragraph.replaceChildren("Number of reports unknown");
      return;
    }
    if (layers.length === 0) {
      const scored = map.queryRenderedFeatures({ layers: scoreFills(map), filter: ["has", scores] });
      const places = new Set(scored.map(({ id }) => id)).size;
      paragraph.replaceChildren(
        element("strong", {}, formatCount(places)),
        ` ${places === 1 ? "place" : "places"} scored in view`,
      );
      return;
    }
    const count = countInView(map, layers);
    const what = layers.length === 1 && layers[0] ? `${LAYER_LABELS[layers[0]].toLowerCase()} ` : "";
    const text = `${what}${count === 1 ? "report" : "reports"} in view`;
    paragraph.replaceChildren(element("strong", {}, formatCount(count)), ` ${text}`);
  });
}

export interface CountedMap {
  readonly map: MapLibreMap;
  readonly failures: TileFailures;
}

function countInView(map: MapLibreMap, layers: readonly ReportLayer[]): number {
  const hit = layers.flatMap((layer) => [clusterLayerOf(layer), singleLayerOf(layer)]);
  const features = map.queryRenderedFeatures({ layers: hit });
  return features.reduce((sum, { properties }) => sum + Number(properties.point_count ?? 1), 0);
}

/** What a list of reports is about: a map's view, or what stands for it where there is no map. */
export interface ListedView {
  /** West, south, east, north in degrees; `undefined` where that is more than a city. */
  box(): ReportQuery["bbox"] | undefined;
  onMove(listener: () => void): void;
  /** How many reports to list; a handful beside a map. */
  readonly limit?: number;
}

export const viewOf = (map: MapLibreMap): ListedView => ({
  box: () => (map.getZoom() < LIST_MIN_ZOOM ? undefined : viewBox(map)),
  onMove: (listener) => {
    map.on("moveend", listener);
    map.on("resize", listener);
  },
});

/** Lists the newest reports in view: also the way to read reports without a pointer. Without `open` they are text alone. */
export function bindLatest(
  section: HTMLElement,
  view: ListedView,
  page: Page,
  open?: (report: ReportJson) => void,
): void {
  const list = find("ol", section);
  let pending: AbortController | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const button = find("#fold");
  // There is the button on a phone alone.
  const isFolded = () => button.offsetParent !== null && button.ariaExpanded === "false";
  button.addEventListener("click", () => void load());
  const load = async () => {
    pending?.abort();
    const bbox = view.box();
    if (!bbox || isFolded()) {
      section.hidden = true;
      return;
    }
    pending = new AbortController();
    const { signal } = pending;
    const { layers, window } = page.get();
    const query = { bbox, layers, since: window, limit: view.limit ?? LIST_LENGTH };
    try {
      const reports = await fetchReports(query, signal);
      section.hidden = reports.length === 0;
      show(reports);
    } catch {
      if (!signal.aborted) section.hidden = true;
    }
  };
  /** Whoever goes through the list by keyboard keeps the place when it is brought up to date. */
  const show = (reports: readonly ReportJson[]) => {
    const focused = list.querySelector<HTMLElement>("li:focus-within")?.dataset.id;
    const cards = reports.map((report) => {
      const summary = { ...report, createdAtMs: Date.parse(report.created_at) };
      return element("li", { "data-id": report.id }, reportCard(summary, report.text, open && (() => open(report))));
    });
    list.replaceChildren(...cards);
    if (focused === undefined) return;
    const card = cards.find(({ dataset }) => dataset.id === focused) ?? cards[0];
    card?.querySelector("button")?.focus({ preventScroll: true });
  };
  const soon = () => {
    clearTimeout(timer);
    timer = setTimeout(load, SETTLE_MS);
  };
  view.onMove(soon);
  page.listen((state, before) => {
    if (state.layers !== before.layers || state.window !== before.window) soon();
  });
  soon();
}
