import { MAX_SEVERITY, type ReportLayer } from "../../tiles/layers.ts";
import { element, icon } from "../ui/dom.ts";
import { LAYER_ICONS } from "../ui/icons.ts";
import { categoryLabel, LAYER_LABELS, timeAgo } from "../words/words.ts";

/** What a tile already tells about a report; the text comes later from the API. */
export interface ReportSummary {
  readonly layer: ReportLayer;
  readonly category: string;
  readonly severity: number;
  readonly createdAtMs: number;
}

/** A report to read: what, how serious, when. With `open` the whole card is a button that is named after the report. */
export function reportCard(report: ReportSummary, body: string | undefined, open?: () => void): HTMLElement {
  const when = new Date(report.createdAtMs);
  const label = categoryLabel(report.category);
  const button = open && element("button", { type: "button", class: "bare" }, label);
  if (open) button?.addEventListener("click", open);
  return element(
    "article",
    { class: `report-card on-${report.layer}` },
    element("p", { class: "badge" }, icon(LAYER_ICONS[report.layer]), LAYER_LABELS[report.layer]),
    element("h3", {}, button ?? label),
    body === undefined ? undefined : element("p", { class: "text" }, body),
    element(
      "p",
      { class: "facts" },
      severityDots(report.severity),
      element(
        "time",
        { datetime: when.toISOString(), title: when.toLocaleString() },
        timeAgo(report.createdAtMs, Date.now()),
      ),
    ),
  );
}

function severityDots(severity: number): HTMLElement {
  const dots = Array.from({ length: MAX_SEVERITY }, (_, i) =>
    element("span", { class: i < Math.round(severity) ? "dot filled" : "dot" }),
  );
  const label = `Severity ${Math.round(severity)} of ${MAX_SEVERITY}`;
  return element("span", { class: "dots", role: "img", "aria-label": label, title: label }, ...dots);
}
