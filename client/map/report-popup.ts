import { type LngLatLike, type Map as MapLibreMap, Popup } from "maplibre-gl";
import type { ReportLayer } from "../../tiles/layers.ts";
import { fetchReport, fetchReports, RequestError } from "../api.ts";
import { element, prefersReducedMotion } from "../dom.ts";
import type { PageState } from "../page/page-state.ts";
import { type ReportSummary, reportCard } from "../report/report-card.ts";
import { formatCount } from "../words.ts";
import { coveredEdges } from "./free-area.ts";

/** Reports that share a place: one popup lists up to this many. */
const LIST_LIMIT = 25;
/** Half the side of the box around such a place: 1e-5 degrees are about a metre. */
const LIST_BOX_DEG = 1.5e-4;

export interface ReportPopups {
  /** Shows a report from its tile at once and adds its text when it arrives. */
  showReport(at: LngLatLike, id: string, summary: ReportSummary): void;
  /** Lists what lies so close together that no zoom parts it. */
  showList(at: [lonDeg: number, latDeg: number], layer: ReportLayer, state: PageState): void;
  close(): void;
}

export function createReportPopups(map: MapLibreMap): ReportPopups {
  let open: Popup | undefined;
  const show = (at: LngLatLike, content: HTMLElement): Popup => {
    open?.remove();
    const covered = coveredEdges();
    const { x, y } = map.project(at);
    if (x < covered.left || y < covered.top) {
      map.easeTo({ center: at, duration: prefersReducedMotion() ? 0 : 400 });
    }
    open = new Popup({ maxWidth: "300px", offset: 16, focusAfterOpen: false, padding: covered })
      .setLngLat(at)
      .setDOMContent(content)
      .addTo(map);
    return open;
  };
  return {
    showReport(at, id, summary) {
      const content = element("div", { class: "popup", role: "status" }, reportCard(summary, "…"));
      const popup = show(at, content);
      const fill = (body: string | undefined) => {
        // Set anew and not only filled: the popup then finds a place for its new size.
        if (popup.isOpen())
          popup.setDOMContent(element("div", { class: "popup", role: "status" }, reportCard(summary, body)));
      };
      fetchReport(id).then(
        (report) => fill(report.text),
        (error: unknown) =>
          fill(error instanceof RequestError && error.status === 404 ? "This report has expired." : messageOf(error)),
      );
    },
    showList(at, layer, { window }) {
      const content = element(
        "div",
        { class: "popup", tabindex: "0" },
        element("p", { class: "text" }, "Loading reports…"),
      );
      const popup = show(at, content);
      const [lon, lat] = at;
      const box = LIST_BOX_DEG;
      const query = {
        bbox: [lon - box, lat - box, lon + box, lat + box] as const,
        layers: [layer],
        since: window,
        limit: LIST_LIMIT,
      };
      fetchReports(query).then(
        (reports) => {
          const title = element("h2", { class: "list-title" }, `${formatCount(reports.length)} reports at this place`);
          const cards = reports.map((report) =>
            reportCard({ ...report, createdAtMs: Date.parse(report.created_at) }, report.text),
          );
          if (popup.isOpen()) popup.setDOMContent(element("div", { class: "popup", tabindex: "0" }, title, ...cards));
        },
        (error: unknown) => popup.setDOMContent(element("p", { class: "popup" }, messageOf(error))),
      );
    },
    close: () => open?.remove(),
  };
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : "Something went wrong.");
