import "../style/score-card.css";
import type { Map as MapLibreMap } from "maplibre-gl";
import { cellBounds } from "../../tiles/geo/geohash.ts";
import { fetchScoreCard, type ReportJson } from "../api/api.ts";
import type { AreaOrder } from "../api/areas.ts";
import type { Notices } from "../page/notices.ts";
import type { Page } from "../page/page-state.ts";
import { bringIntoView, flyTo } from "./bring-into-view.ts";
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

/**
 * The card of the cell or area that the page's state names, the areas that it compares, or the list of a city's areas: a column at the
 * right of a desktop, a sheet on a phone.
 */
export function bindScoreCard({ dialog, map, page, notices, open }: ScoreCardOptions): void {
  const close = () => page.set({ card: undefined });
  const shareCard = (title: string) =>
    void share(`${title}, Stratum`, location.href, dialog.querySelector("header"), notices);
  const openCard = (card: string) => page.set({ card });
  const view = createCardView(dialog, { share: shareCard, close, open, openCard });
  let opener: Element | null = null;
  let pending: AbortController | undefined;
  let order: AreaOrder = "best";
  /** The area that was chosen in a list: the map goes to it. */
  let wanted: string | undefined;

  const showCard = async (card: string, signal: AbortSignal) => {
    const read = await fetchScoreCard(card, signal);
    view.show(read, page.get().window);
    const [west, south, east, north] = read.bbox;
    if (wanted === card) flyTo(map, { west, south, east, north });
    else if (!isCell(card)) bringIntoView(map, { west, south, east, north });
    wanted = undefined;
  };
  const showComparison = async (card: string, signal: AbortSignal) => {
    const { readComparison } = await import("./comparison.ts");
    const comparison = await readComparison(card, openCard, signal);
    view.showList(comparison);
    if (comparison.bounds) bringIntoView(map, comparison.bounds);
  };
  const showRanking = async (city: string, signal: AbortSignal) => {
    const { readRanking } = await import("./ranking.ts");
    const openArea = (id: string) => {
      wanted = id;
      openCard(id);
    };
    const layer = page.get().scores ?? "overall";
    const sort = (by: { layer: typeof layer; order: AreaOrder }) => {
      order = by.order;
      if (by.layer === page.get().scores) void load(page.get().card ?? "", true);
      else page.set({ scores: by.layer });
    };
    view.showList(await readRanking({ city, layer, order, open: openArea, sort }, signal));
  };

  const load = async (card: string, isSame = false) => {
    pending?.abort();
    pending = new AbortController();
    const { signal } = pending;
    const kind = kindOf(card);
    // What is there makes way for what is nearly the same.
    if (!isSame) view.showLoading();
    dialog.dataset.kind = kind;
    try {
      if (kind === "ranking") await showRanking(card.slice(LIST.length), signal);
      else if (kind === "comparison") await showComparison(card, signal);
      else await showCard(card, signal);
    } catch (error) {
      if (!signal.aborted) view.showFailure(card, error, () => load(card));
    }
    document.body.style.setProperty("--card", `${dialog.offsetWidth}px`);
  };
  const show = (card: string, before: string | undefined) => {
    const isSame = dialog.open && before !== undefined && kindOf(card) !== "card" && kindOf(card) === kindOf(before);
    if (!dialog.open) {
      opener = document.activeElement;
      dialog.show();
      document.body.classList.add("carded");
    }
    void load(card, isSame);
    if (isCell(card)) bringIntoView(map, cellBounds(card));
    // A click on the map adds to a comparison, and leaves the focus there.
    if (!isSame) view.focus();
  };
  const hide = () => {
    pending?.abort();
    const hadFocus = dialog.contains(document.activeElement);
    dialog.close();
    view.lower();
    document.body.classList.remove("carded");
    if (hadFocus) (opener instanceof HTMLElement && opener.isConnected ? opener : map.getCanvas()).focus();
  };
  page.listen(({ card, scores }, before) => {
    if (card !== before.card) {
      if (card) show(card, before.card);
      else hide();
    } else if (card?.startsWith(LIST) && scores !== before.scores) void load(card, true);
  });
  dialog.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    event.stopPropagation();
    close();
  });
  const { card } = page.get();
  if (card) show(card, undefined);
}

/** All else has hyphens. */
const isCell = (card: string): boolean => !card.includes("-");

/** Before the city whose areas are listed. */
const LIST = "all-of:";

function kindOf(card: string): "ranking" | "comparison" | "card" {
  if (card.startsWith(LIST)) return "ranking";
  return card.includes(",") ? "comparison" : "card";
}
