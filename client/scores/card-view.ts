import type { Bounds } from "../../tiles/geo/geohash.ts";
import type { TimeWindow } from "../../tiles/layers.ts";
import { type ReportJson, RequestError, type ScoreCardJson } from "../api/api.ts";
import { element, icon } from "../ui/dom.ts";
import { CLOSE_ICON, type Icon, SHARE_ICON } from "../ui/icons.ts";
import { type CardWays, cardContent, placeWords } from "./card-content.ts";
import { bindSheet } from "./sheet.ts";

export interface CardActions extends CardWays {
  share(title: string): void;
  close(): void;
}

/** What is shown in place of one card. */
export interface ListContent {
  readonly title: string;
  readonly where: string;
  readonly content: readonly HTMLElement[];
  /** What is to be seen of the map. */
  readonly bounds?: Bounds;
}

/** The card's elements inside their dialog, in each of their states. */
export interface CardView {
  showLoading(): void;
  show(card: ScoreCardJson, window: TimeWindow): void;
  showList(list: ListContent): void;
  showFailure(card: string, error: unknown, again: () => void): void;
  /** Back to its first height, on a phone. */
  lower(): void;
  focus(): void;
}

export function createCardView(dialog: HTMLDialogElement, { share, close, open, openCard }: CardActions): CardView {
  const title = element("h2", { id: "score-title", tabindex: "-1" });
  const where = element("p", { class: "where" });
  const body = element("div", { class: "score-body" });
  const handle = element("button", { type: "button", class: "bare handle", "aria-label": "Draw the card up or down" });
  const sharer = iconButton("Share", SHARE_ICON, () => share(title.textContent));
  const closer = iconButton("Close", CLOSE_ICON, close);
  dialog.replaceChildren(handle, element("header", {}, element("div", {}, title, where), sharer, closer), body);
  const { lower } = bindSheet(dialog, handle, close);
  const focus = () => title.focus({ preventScroll: true });
  const fill = (name: string, words: string, content: readonly HTMLElement[]) => {
    title.textContent = name;
    where.textContent = words;
    // "Try again" goes away with what it stood in.
    if (body.contains(document.activeElement)) focus();
    body.replaceChildren(...content);
  };
  return {
    showLoading() {
      const lines = Array.from({ length: 5 }, () => element("p", { class: "skeleton", "aria-hidden": "true" }));
      fill("Neighbourhood", "Loading…", lines);
      body.scrollTop = 0;
    },
    show(card, window) {
      const openLowered = (report: ReportJson) => {
        lower();
        open(report);
      };
      fill(...placeWords(card), cardContent(card, window, { open: openLowered, openCard }));
    },
    showList({ title: name, where: words, content }) {
      fill(name, words, content);
    },
    showFailure(card, error, again) {
      fill("Neighbourhood", card.includes("-") ? "" : `Cell ${card}`, failure(error, again));
    },
    lower,
    focus,
  };
}

function failure(error: unknown, again: () => void): HTMLElement[] {
  if (error instanceof RequestError && (error.status === 400 || error.status === 404)) {
    return [element("p", { class: "nothing", role: "alert" }, "There is no such place.")];
  }
  const button = element("button", { type: "button", class: "secondary" }, "Try again");
  button.addEventListener("click", again);
  return [element("p", { class: "nothing", role: "alert" }, "The scores of this place could not be loaded."), button];
}

function iconButton(label: string, shape: Icon, run: () => void): HTMLButtonElement {
  const attributes = { type: "button", class: "bare round", "aria-label": label, title: label };
  const button = element("button", attributes, icon(shape));
  button.addEventListener("click", run);
  return button;
}
