import type { ReportDraft } from "../api/api.ts";
import { coveredEdges } from "../map/free-area.ts";
import type { MapHandle } from "../map/map-handle.ts";
import type { Page } from "../page/page-state.ts";
import { find, prefersReducedMotion } from "../ui/dom.ts";
import type { Outbox } from "./outbox.ts";
import { MAX_ENTRIES } from "./outbox.ts";
import type { OutboxEntry, Refusal } from "./outbox-entry.ts";
import { createPlacePicker, type Place } from "./place-picker.ts";
import { createReportForm } from "./report-form.ts";
import { createThanks, type Thanks } from "./thanks.ts";

export interface ReportDialogOptions {
  readonly liveMap: MapHandle;
  readonly page: Page;
  readonly outbox: Outbox;
  onOpenChange(open: boolean): void;
}

export interface ReportDialog {
  /** Opens the form on a report that was not taken; what is dropped then takes its place. */
  mend(entry: OutboxEntry): void;
  /** Brings the map to a report's place. */
  see(draft: ReportDraft): void;
}

const SEE_ZOOM = 16;

/** From the button to "thank you": the form, and what becomes of the report while the dialog stays open. */
export function bindReportDialog({ liveMap, page, outbox, onOpenChange }: ReportDialogOptions): ReportDialog {
  const { map } = liveMap;
  const opener = find<HTMLButtonElement>("#open-report");
  const dialog = find<HTMLDialogElement>("#report-form");
  let thanked: { readonly thanks: Thanks; readonly key: string } | undefined;
  const picker = createPlacePicker(map, (message) => {
    const error = find("#place-error", picker.content);
    error.hidden = message === undefined;
    error.textContent = message ?? "";
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
    liveMap.popups.close();
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
    const thanks = createThanks({ entry, undo, see: () => see(draft), close });
    fill(thanks);
    thanked = { thanks, key: entry.key };
    showProgress();
    return undefined;
  };
  const showProgress = () => {
    const entry = outbox.list().find(({ key }) => key === thanked?.key);
    // Gone, and not taken back: it was sent.
    const state = entry ? outbox.stateOf(entry) : "sent";
    thanked?.thanks.show(state, entry !== undefined && !entry.attempted);
  };
  const mend = (entry: OutboxEntry) => ask(entry, entry.key);
  const see = ({ lon, lat }: Place) => {
    if (dialog.open) close();
    const zoom = Math.max(map.getZoom(), SEE_ZOOM);
    map.easeTo({ center: [lon, lat], zoom, padding: coveredEdges(), duration: prefersReducedMotion() ? 0 : 500 });
  };

  opener.addEventListener("click", () => ask());
  document.addEventListener("keydown", ({ key }) => {
    if (key === "Escape" && dialog.open) close();
  });
  outbox.listen((event) => {
    if (event.type === "refused" && event.entry.key === thanked?.key) mend(event.entry);
    else showProgress();
  });
  return { mend, see };
}
