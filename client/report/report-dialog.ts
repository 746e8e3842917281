import type { ReportDraft } from "../api/api.ts";
import { coveredEdges } from "../map/free-area.ts";
import type { MapHandle } from "../map/map-handle.ts";
import type { Page } from "../page/page-state.ts";
import { find, prefersReducedMotion } from "../ui/dom.ts";
import { absorbSecondTaps } from "../ui/second-tap.ts";
import { createCross } from "./cross.ts";
import type { Outbox } from "./outbox.ts";
import { MAX_ENTRIES } from "./outbox.ts";
import type { OutboxEntry, Refusal } from "./outbox-entry.ts";
import type { Place } from "./place.ts";
import { createPlacePicker } from "./place-picker.ts";
import { createReportForm } from "./report-form.ts";
import { type ArrivedState, createThanks, type Thanks } from "./thanks.ts";

export interface ReportDialogOptions {
  readonly page: Page;
  readonly outbox: Outbox;
  onOpenChange(open: boolean): void;
}

export interface ReportDialog {
  /** Opens the form on a report that was not taken; what is dropped then takes its place. */
  mend(entry: OutboxEntry): void;
  /** The map has come: places are picked on it from now on. What is returned brings it to a report's place. */
  useMap(liveMap: MapHandle): (draft: ReportDraft) => void;
  /** No map will come. */
  doWithoutMap(): void;
}

const SEE_ZOOM = 16;

/**
 * From the button to "thank you": the form, and what becomes of the report while the dialog stays open. It waits for no map: that
 * is the larger part of the code, and not everywhere can it be drawn.
 */
export function bindReportDialog({ page, outbox, onOpenChange }: ReportDialogOptions): ReportDialog {
  let liveMap: MapHandle | undefined;
  const opener = find<HTMLButtonElement>("#open-report");
  const dialog = find<HTMLDialogElement>("#report-form");
  let see: ((at: Place) => void) | undefined;
  let thanked: { readonly thanks: Thanks; readonly key: string } | undefined;
  /** The last report that the server has otherwise than it was sent. */
  let changed: { readonly key: string; readonly state: ArrivedState } | undefined;
  const picker = createPlacePicker({
    near() {
      const { lonDeg: lon, latDeg: lat } = page.get().view;
      return { lon, lat };
    },
    onError(message) {
      const error = find("#place-error", picker.content);
      error.hidden = message === undefined;
      error.textContent = message ?? "";
    },
  });

  const fill = (part: { readonly content: HTMLElement; focus(): void }) => {
    dialog.replaceChildren(part.content);
    // Not modal: the map behind it is where the place is picked.
    if (!dialog.open) dialog.show();
    part.focus();
  };
  const close = () => {
    thanked = undefined;
    document.body.classList.remove("reporting");
    dialog.close();
    picker.stop();
    onOpenChange(false);
    opener.focus();
  };
  const ask = (begun?: { readonly draft: ReportDraft; readonly refusal?: Refusal }, replaced?: string) => {
    thanked = undefined;
    liveMap?.popups.close();
    page.set({ card: undefined });
    document.body.classList.add("reporting");
    onOpenChange(true);
    fill(createReportForm({ picker, begun, close, drop: (draft) => drop(draft, replaced) }));
    picker.start(dialog, begun?.draft);
  };
  const drop = (draft: ReportDraft, replaced: string | undefined): string | undefined => {
    if (replaced !== undefined) outbox.discard(replaced);
    const entry = outbox.add(draft);
    if (entry === undefined) return `${MAX_ENTRIES} reports wait to be sent. There is no room for more until they are.`;
    // Shown for sure: also when its layer is off, and whatever it was combined with stays.
    if (!page.get().layers.includes(draft.layer)) page.set({ layers: [draft.layer] });
    picker.rest();
    onOpenChange(false);
    const undo = () => {
      if (outbox.discard(entry.key)) ask({ draft });
    };
    const thanks = createThanks({ entry, undo, see: see && (() => see?.(draft)), close });
    fill(thanks);
    thanked = { thanks, key: entry.key };
    showProgress();
    return undefined;
  };
  const showProgress = () => {
    const entry = outbox.list().find(({ key }) => key === thanked?.key);
    // Gone, and not taken back: it was sent.
    const arrived = changed !== undefined && thanked?.key === changed.key ? changed.state : "sent";
    const state = entry ? outbox.stateOf(entry) : arrived;
    thanked?.thanks.show(state, entry !== undefined && !entry.attempted);
  };
  const mend = (entry: OutboxEntry) => ask(entry, entry.key);
  const useMap = (found: MapHandle) => {
    liveMap = found;
    const { map } = found;
    picker.setAim(createCross(map, picker.moved, picker.describe));
    see = ({ lon, lat }) => {
      if (dialog.open) close();
      const zoom = Math.max(map.getZoom(), SEE_ZOOM);
      map.easeTo({ center: [lon, lat], zoom, padding: coveredEdges(), duration: prefersReducedMotion() ? 0 : 500 });
    };
    return see;
  };

  opener.addEventListener("click", () => ask());
  absorbSecondTaps("#open-report, #report-form button, #outbox button");
  document.addEventListener("keydown", ({ key }) => {
    if (key === "Escape" && dialog.open) close();
  });
  outbox.listen((event) => {
    if (event.type === "sent") {
      const { key } = event.entry;
      if (event.report.held) changed = { key, state: "moderated" };
      else if (event.report.text_masked) changed = { key, state: "masked" };
    }
    if (event.type === "refused" && event.entry.key === thanked?.key) mend(event.entry);
    else showProgress();
  });
  return { mend, useMap, doWithoutMap: () => picker.setAim("none") };
}
