import type { LngLatLike, Map as MapLibreMap, Popup } from "maplibre-gl";
import { encodeGeohash } from "../../tiles/geo/geohash.ts";
import type { ReportLayer } from "../../tiles/layers.ts";
import { fetchClusterReports, fetchReport, fetchReportPage, type ReportPage, RequestError } from "../api/api.ts";
import { NEIGHBOURHOOD_PRECISION } from "../map/neighbourhood.ts";
import type { Page, PageState } from "../page/page-state.ts";
import type { WayBack } from "../page/way-back.ts";
import { addFlagControl } from "../report/flag-control.ts";
import { type ReportSummary, reportCard } from "../report/report-card.ts";
import { element } from "../ui/dom.ts";
import { formatCount, LAYER_LABELS } from "../words/words.ts";
import { fitPopup, openPopup } from "./map-popup.ts";
import { clusterLink, exactTime, type PopupLinks, placeAndTime, popupFoot, reportLink } from "./popup-parts.ts";

/** Reports of a page in the list of those that share a place. */
const PAGE_LENGTH = 20;
/** Half the side of the box around such a place: 1e-5 degrees are about a metre. */
const LIST_BOX_DEG = 1.5e-4;

type Place = [lonDeg: number, latDeg: number];

export interface ClusterSummary {
  readonly id: string;
  readonly layer: ReportLayer;
  readonly count: number;
  readonly newestMs: number;
  /** The neighbourhood under it. */
  readonly geohash: string;
}

export interface ReportPopups {
  /** Shows a report from its tile at once and adds its text when it arrives. */
  showReport(at: Place, id: string, summary: ReportSummary): void;
  /** Says what a cluster is, and leads to its neighbourhood's card. */
  showCluster(at: Place, cluster: ClusterSummary): void;
  /** Lists what lies so close together that no zoom parts it. */
  showList(at: Place, cluster: ClusterSummary): void;
  isOpen(): boolean;
  close(): void;
}

export interface PopupOptions extends PopupLinks {
  readonly map: MapLibreMap;
  readonly page: Page;
  /** Closes popups; without it they are none of the history's business. */
  readonly back: WayBack | undefined;
}

/** The popups of reports and clusters, one at a time. That of a report is the page's state, which a link brings back. */
export function createReportPopups(options: PopupOptions): ReportPopups {
  const { map, page, back } = options;
  let open: Popup | undefined;
  let reportId: string | undefined;
  const close = () => open?.remove();
  const fitOpen = () => {
    if (open) fitPopup(map, open);
  };
  const show = (at: LngLatLike, content: HTMLElement, id?: string): Popup => {
    close();
    const popup = openPopup(map, at, content);
    open = popup;
    reportId = id;
    // One that the address named is that address's.
    if (id === undefined || page.get().report !== id) back?.opened("popup", close);
    if (page.get().report !== id) page.set({ report: id });
    popup.on("close", () => {
      open = undefined;
      reportId = undefined;
      back?.closed("popup");
      if (page.get().report !== undefined) page.set({ report: undefined });
    });
    return popup;
  };
  const foot = (place: Place, link: string, geohash = encodeGeohash(...place, NEIGHBOURHOOD_PRECISION)) =>
    popupFoot(options, geohash, link, close);
  const showReport = (at: Place, id: string, summary: ReportSummary) => {
    const body = element("div", { role: "status" });
    const fill = (card: HTMLElement) => {
      card.querySelector(".facts")?.after(placeAndTime(map, at, summary.createdAtMs));
      body.replaceChildren(card);
      fitOpen();
    };
    fill(reportCard(summary, "…"));
    show(at, frame({}, [body], foot(at, reportLink(page.get(), at, id, summary.layer))), id);
    fetchReport(id).then(
      (report) => fill(flaggableCard(id, summary, report.text, fitOpen)),
      (error: unknown) => fill(reportCard(summary, reportFault(error))),
    );
  };
  /** Opens the popup that the address names. */
  const follow = async (id: string | undefined) => {
    if (id === reportId) return;
    if (id === undefined) return close();
    try {
      const report = await fetchReport(id);
      if (page.get().report !== id) return;
      showReport([report.lon, report.lat], id, { ...report, createdAtMs: Date.parse(report.created_at) });
    } catch (error) {
      if (page.get().report !== id) return;
      show(map.getCenter(), element("p", { class: "popup gone", role: "alert" }, reportFault(error)), id);
    }
  };
  page.listen(({ report }, before) => {
    if (report !== before.report) void follow(report);
  });
  void follow(page.get().report);
  return {
    showReport,
    showCluster(at, { layer, count, newestMs, geohash }) {
      const words = `${formatCount(count)} ${LAYER_LABELS[layer].toLowerCase()} reports`;
      const title = element("h2", { class: "list-title" }, words);
      const parts = [title, placeAndTime(map, at, newestMs, "Newest ")];
      show(at, frame({ role: "status" }, parts, foot(at, clusterLink(page.get(), at), geohash)));
    },
    showList(at, cluster) {
      const title = element("h2", { class: "list-title" }, `${formatCount(cluster.count)} reports at this place`);
      const list = element("div", {}, element("p", { class: "text" }, "Loading reports…"));
      const parts = [title, placeAndTime(map, at), list];
      const popup = show(at, frame({ tabindex: "0" }, parts, foot(at, clusterLink(page.get(), at), cluster.geohash)));
      void fillList(list, listPages(at, cluster, page.get()), fitOpen).then(() => fitPopup(map, popup));
    },
    isOpen: () => open !== undefined,
    close,
  };
}

/** What is read scrolls; what leads on stays. */
function frame(attributes: Readonly<Record<string, string>>, parts: readonly HTMLElement[], foot: HTMLElement) {
  return element("div", { class: "popup" }, element("div", { class: "popup-body", ...attributes }, ...parts), foot);
}

/** Pages of a cluster's reports, or of those around it when nobody knows it any more. */
function listPages([lon, lat]: Place, { id, layer }: ClusterSummary, { window }: PageState) {
  const box = LIST_BOX_DEG;
  const bbox = [lon - box, lat - box, lon + box, lat + box] as const;
  let isKnown = true;
  return async (cursor?: string): Promise<ReportPage> => {
    if (isKnown) {
      try {
        return await fetchClusterReports(id, PAGE_LENGTH, cursor);
      } catch (error) {
        if (cursor !== undefined) throw error;
        isKnown = false;
      }
    }
    return fetchReportPage({ bbox, layers: [layer], since: window, limit: PAGE_LENGTH }, cursor);
  };
}

/** Shows the first page, and a button for the next as long as there is one. */
async function fillList(
  list: HTMLElement,
  read: (cursor?: string) => Promise<ReportPage>,
  onResize: () => void,
): Promise<void> {
  const add = async (cursor?: string) => {
    try {
      const { reports, nextCursor } = await read(cursor);
      const cards = reports.map((report) =>
        datedCard(report.id, { ...report, createdAtMs: Date.parse(report.created_at) }, report.text, onResize),
      );
      if (cursor === undefined) list.replaceChildren();
      list.append(...cards);
      if (nextCursor === undefined) return;
      const more = element("button", { type: "button", class: "link more" }, "Show more");
      more.addEventListener("click", async () => {
        more.disabled = true;
        await add(nextCursor);
        more.remove();
      });
      list.append(more);
    } catch (error) {
      list.append(element("p", { class: "error", role: "alert" }, messageOf(error)));
    }
  };
  await add();
}

function flaggableCard(
  id: string,
  summary: ReportSummary,
  text: string | undefined,
  onResize: () => void,
): HTMLElement {
  const card = reportCard(summary, text);
  addFlagControl(card, id, onResize);
  return card;
}

/** One of many at a place: that is told above them. */
function datedCard(...of: Parameters<typeof flaggableCard>): HTMLElement {
  const card = flaggableCard(...of);
  card.querySelector(".facts")?.after(exactTime(of[1].createdAtMs));
  return card;
}

const isGone = (error: unknown): boolean =>
  error instanceof RequestError && (error.status === 404 || error.status === 400);
const reportFault = (error: unknown): string => (isGone(error) ? "This report is no longer there." : messageOf(error));
const messageOf = (error: unknown): string => (error instanceof Error ? error.message : "Something went wrong.");
