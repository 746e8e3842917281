import "../style/score-card.css";
import type { Map as MapLibreMap } from "maplibre-gl";
import { type Bounds, cellBounds } from "../../tiles/geo/geohash.ts";
import { fetchScoreCard, type ReportJson } from "../api/api.ts";
import { coveredEdges } from "../map/free-area.ts";
import type { Notices } from "../page/notices.ts";
import type { Page } from "../page/page-state.ts";
import { prefersReducedMotion } from "../ui/dom.ts";
import { createCardView } from "./card-view.ts";
import { share } from "./share.ts";

export interface ScoreCardOptions {
  readonly dialog: HTMLDialogElement;
  readonly map: MapLibreMap;
  readonly page: Page;
  readonly notices: Notices;
  /** Shows a report on the map. */
  open(report: ReportJson): void;
}

/** The card of the cell or area that the page's state names: a column at the right of a desktop, a sheet on a phone. */
export function bindScoreCard({ dialog, map, page, notices, open }: ScoreCardOptions): void {
  const close = () => page.set({ card: undefined });
  const shareCard = (title: string) =>
    void share(`${title}, Stratum`, location.href, dialog.querySelector("header"), notices);
  const view = createCardView(dialog, { share: shareCard, close, open });
  let opener: Element | null = null;
  let pending: AbortController | undefined;

  const load = async (card: string) => {
    pending?.abort();
    pending = new AbortController();
    const { signal } = pending;
    view.showLoading();
    try {
      const read = await fetchScoreCard(card, signal);
      view.show(read, page.get().window);
      const [west, south, east, north] = read.bbox;
      if (isArea(card)) bringIntoView(map, { west, south, east, north });
    } catch (error) {
      if (!signal.aborted) view.showFailure(card, error, () => load(card));
    }
  };
  const show = (card: string) => {
    if (!dialog.open) {
      opener = document.activeElement;
      dialog.show();
      document.body.classList.add("carded");
    }
    void load(card);
    if (!isArea(card)) bringIntoView(map, cellBounds(card));
    view.focus();
  };
  const hide = () => {
    pending?.abort();
    const hadFocus = dialog.contains(document.activeElement);
    dialog.close();
    view.lower();
    document.body.classList.remove("carded");
    if (hadFocus) (opener instanceof HTMLElement && opener.isConnected ? opener : map.getCanvas()).focus();
  };
  page.listen(({ card }, before) => {
    if (card === before.card) return;
    if (card) show(card);
    else hide();
  });
  dialog.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    event.stopPropagation();
    close();
  });
  const { card } = page.get();
  if (card) show(card);
}

/** Ids of areas have hyphens, geohashes have none. */
const isArea = (card: string): boolean => card.includes("-");

/** Between the cell and what covers the map. */
const MARGIN_PX = 12;

/** Moves the map only when the card, or the panel, covers some of the cell, or area. */
function bringIntoView(map: MapLibreMap, { west, south, east, north }: Bounds): void {
  const [low, high] = [map.project([west, south]), map.project([east, north])];
  const covered = coveredEdges();
  const [right, bottom] = [innerWidth - covered.right, innerHeight - covered.bottom];
  /** How far to move for a span to lie between two edges; in the middle where it is too long for that. */
  const shift = (from: number, to: number, least: number, most: number) => {
    const isOutside = from < least + MARGIN_PX || to > most - MARGIN_PX;
    const isWholly = to - from > most - least && from <= least && to >= most;
    return isOutside && !isWholly ? (from + to - least - most) / 2 : 0;
  };
  const moved: [number, number] = [
    shift(low.x, high.x, covered.left, right),
    shift(high.y, low.y, covered.top, bottom),
  ];
  if (moved[0] !== 0 || moved[1] !== 0) map.panBy(moved, { duration: prefersReducedMotion() ? 0 : 450 });
}
