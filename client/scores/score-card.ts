import type { Map as MapLibreMap } from "maplibre-gl";
import { cellBounds } from "../../tiles/geohash.ts";
import { fetchScoreCard, type ReportJson, RequestError, type ScoreCardJson } from "../api.ts";
import { element, icon, prefersReducedMotion } from "../dom.ts";
import { CLOSE_ICON, SHARE_ICON } from "../icons.ts";
import { coveredEdges } from "../map/free-area.ts";
import type { Notices } from "../page/notices.ts";
import type { Page } from "../page/page-state.ts";
import { cardContent, placeWords } from "./card-content.ts";
import { sharePage } from "./share.ts";
import { bindSheet } from "./sheet.ts";

export interface ScoreCardOptions {
  readonly dialog: HTMLDialogElement;
  readonly map: MapLibreMap;
  readonly page: Page;
  readonly notices: Notices;
  /** Shows a report on the map. */
  open(report: ReportJson): void;
}

/** The card of the cell that the page's state names: a column at the right of a desktop, a sheet on a phone. */
export function bindScoreCard({ dialog, map, page, notices, open }: ScoreCardOptions): void {
  const title = element("h2", { id: "score-title", tabindex: "-1" });
  const where = element("p", { class: "where" });
  const body = element("div", { class: "score-body" });
  const handle = element("button", { type: "button", class: "bare handle", "aria-label": "Draw the card up or down" });
  const share = iconButton("Share", SHARE_ICON, () => sharePage(`${title.textContent}, Stratum`, notices));
  const closer = iconButton("Close", CLOSE_ICON, () => page.set({ card: undefined }));
  dialog.replaceChildren(handle, element("header", {}, element("div", {}, title, where), share, closer), body);
  const sheet = bindSheet(dialog, handle, () => page.set({ card: undefined }));
  let opener: Element | null = null;
  let pending: AbortController | undefined;

  const load = async (geohash: string) => {
    pending?.abort();
    pending = new AbortController();
    const { signal } = pending;
    title.textContent = "Neighbourhood";
    where.textContent = "Loading…";
    // "Try again" goes away with what it stood in.
    if (body.contains(document.activeElement)) title.focus({ preventScroll: true });
    body.replaceChildren(
      ...Array.from({ length: 5 }, () => element("p", { class: "skeleton", "aria-hidden": "true" })),
    );
    try {
      fill(await fetchScoreCard(geohash, signal));
    } catch (error) {
      if (!signal.aborted) fail(geohash, error);
    }
  };
  const fill = (card: ScoreCardJson) => {
    const [name, words] = placeWords(card);
    title.textContent = name;
    where.textContent = words;
    const openLowered = (report: ReportJson) => {
      sheet.lower();
      open(report);
    };
    body.replaceChildren(...cardContent(card, page.get().window, openLowered));
  };
  const fail = (geohash: string, error: unknown) => {
    const isUnknown = error instanceof RequestError && (error.status === 400 || error.status === 404);
    where.textContent = `Cell ${geohash}`;
    const again = element("button", { type: "button", class: "secondary" }, "Try again");
    again.addEventListener("click", () => load(geohash));
    body.replaceChildren(
      element(
        "p",
        { class: "nothing", role: "alert" },
        isUnknown ? "There is no such place." : "The scores of this place could not be loaded.",
      ),
      ...(isUnknown ? [] : [again]),
    );
  };
  const show = (geohash: string) => {
    if (!dialog.open) {
      opener = document.activeElement;
      dialog.show();
      document.body.classList.add("carded");
    }
    body.scrollTop = 0;
    void load(geohash);
    bringIntoView(map, geohash);
    title.focus({ preventScroll: true });
  };
  const hide = () => {
    pending?.abort();
    const hadFocus = dialog.contains(document.activeElement);
    dialog.close();
    sheet.lower();
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
    page.set({ card: undefined });
  });
  const { card } = page.get();
  if (card) show(card);
}

function iconButton(label: string, shape: string, run: () => void): HTMLButtonElement {
  const button = element(
    "button",
    { type: "button", class: "bare round", "aria-label": label, title: label },
    icon(shape),
  );
  button.addEventListener("click", run);
  return button;
}

/** Between the cell and what covers the map. */
const MARGIN_PX = 12;

/** Moves the map only when the card, or the panel, covers some of the cell. */
function bringIntoView(map: MapLibreMap, geohash: string): void {
  const { west, south, east, north } = cellBounds(geohash);
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
