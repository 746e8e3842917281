import type { LngLatLike, Map as MapLibreMap, Popup } from "maplibre-gl";
import { encodeGeohash } from "../../tiles/geo/geohash.ts";
import type { ReportLayer } from "../../tiles/layers.ts";
import { fetchClusterReports, fetchReport, fetchReportPage, type ReportPage, RequestError } from "../api/api.ts";
import { NEIGHBOURHOOD_PRECISION } from "../map/neighbourhood.ts";
import type { PageState } from "../page/page-state.ts";
import { addFlagControl } from "../report/flag-control.ts";
import { type ReportSummary, reportCard } from "../report/report-card.ts";
import { element, icon } from "../ui/dom.ts";
import { SCORE_ICON } from "../ui/icons.ts";
import { formatCount } from "../words/words.ts";
import { fitPopup, openPopup } from "./map-popup.ts";

/** Reports of a page in the list of those that share a place. */
const PAGE_LENGTH = 20;
/** Half the side of the box around such a place: 1e-5 degrees are about a metre. */
const LIST_BOX_DEG = 1.5e-4;

type Place = [lonDeg: number, latDeg: number];

export interface ClusterSummary {
  readonly id: string;
  readonly layer: ReportLayer;
  readonly count: number;
}

export interface ReportPopups {
  /** Shows a report from its tile at once and adds its text when it arrives. */
  showReport(at: Place, id: string, summary: ReportSummary): void;
  /** Lists what lies so close together that no zoom parts it. */
  showList(at: Place, cluster: ClusterSummary, state: PageState): void;
  isOpen(): boolean;
  close(): void;
}

/** `openCard` opens the score card of a neighbourhood; without it popups do not lead there. */
export function createReportPopups(map: MapLibreMap, openCard: ((geohash: string) => void) | undefined): ReportPopups {
  let open: Popup | undefined;
  const show = (at: LngLatLike, content: HTMLElement): Popup => {
    open?.remove();
    open = openPopup(map, at, content);
    return open;
  };
  const close = () => open?.remove();
  const fit = () => {
    if (open) fitPopup(map, open);
  };
  const scoreLink = ([lonDeg, latDeg]: Place) => {
    if (!openCard) return undefined;
    const link = element("button", { type: "button", class: "link to-score" }, icon(SCORE_ICON), "Neighbourhood score");
    link.addEventListener("click", () => {
      close();
      openCard(encodeGeohash(lonDeg, latDeg, NEIGHBOURHOOD_PRECISION));
    });
    return link;
  };
  return {
    showReport(at, id, summary) {
      const content = (card: HTMLElement) => element("div", { class: "popup", role: "status" }, card, scoreLink(at));
      const popup = show(at, content(reportCard(summary, "…")));
      const fill = (card: HTMLElement) => {
        // Set anew and not only filled: the popup then finds a place for its new size.
        if (popup.isOpen()) popup.setDOMContent(content(card));
      };
      fetchReport(id).then(
        (report) => fill(flaggableCard(id, summary, report.text, fit)),
        (error: unknown) => {
          const isGone = error instanceof RequestError && error.status === 404;
          fill(reportCard(summary, isGone ? "This report is no longer there." : messageOf(error)));
        },
      );
    },
    showList(at, cluster, state) {
      const title = element("h2", { class: "list-title" }, `${formatCount(cluster.count)} reports at this place`);
      const list = element("div", {}, element("p", { class: "text" }, "Loading reports…"));
      const content = element("div", { class: "popup", tabindex: "0" }, title, list, scoreLink(at));
      const popup = show(at, content);
      void fillList(list, listPages(at, cluster, state), fit).then(() => {
        if (popup.isOpen()) popup.setDOMContent(content);
      });
    },
    isOpen: () => open?.isOpen() ?? false,
    close,
  };
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
        flaggableCard(report.id, { ...report, createdAtMs: Date.parse(report.created_at) }, report.text, onResize),
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

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : "Something went wrong.");
