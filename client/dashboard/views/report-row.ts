import { MAX_SEVERITY } from "../../../tiles/layers.ts";
import type { PlaceJson, ReportJson } from "../../api/api.ts";
import { BASE } from "../../api/base.ts";
import { element } from "../../ui/dom.ts";
import { QUEUE_WORDS as WORDS } from "../../words/dashboard-trend-words.ts";
import { categoryLabel, formatTime, timeAgo } from "../../words/words.ts";
import { nearName } from "./near-name.ts";

/** From here on it is shown with emphasis. */
const GRAVE = 4;
const MAP_ZOOM = 16;

/** A report in a list: how severe, what, where and when, and what one can do with it. */
export function reportRow(report: ReportJson, places: readonly PlaceJson[], ...actions: readonly Node[]): HTMLElement {
  const { category, text, created_at, lon, lat } = report;
  const createdMs = Date.parse(created_at);
  const name = nearName(places, lon, lat);
  return element(
    "li",
    { class: "listed-report" },
    severityBars(report.severity),
    element(
      "div",
      {},
      element("h3", {}, categoryLabel(category)),
      text === undefined ? undefined : element("p", { class: "text" }, text),
      element(
        "p",
        { class: "facts" },
        name === undefined ? undefined : `${WORDS.near(name)} · `,
        element("time", { datetime: created_at, title: formatTime(createdMs) }, timeAgo(createdMs, Date.now())),
      ),
    ),
    element("div", { class: "row-actions" }, ...actions),
  );
}

function severityBars(severity: number): HTMLElement {
  const label = WORDS.severity(severity);
  const bars = Array.from({ length: MAX_SEVERITY }, (_, i) =>
    element("i", { class: i < severity ? "filled" : undefined }),
  );
  const attributes = { class: `severity ${severity >= GRAVE ? "grave" : ""}`, role: "img", "aria-label": label };
  return element("span", { ...attributes, title: label }, ...bars);
}

/** To where it is on the map, with its popup open. */
export function mapLink({ id, layer, lat, lon, category }: ReportJson): HTMLElement {
  const href = `${BASE}/#${MAP_ZOOM}/${lat}/${lon}/${layer}/90d/report=${id}`;
  return element(
    "a",
    { class: "secondary", href, "aria-label": `${categoryLabel(category)}: ${WORDS.onMap}` },
    WORDS.onMap,
  );
}
