import { element, icon } from "../ui/dom.ts";
import { CLOSE_ICON, DONE_ICON } from "../ui/icons.ts";
import { SENT_HELD, SENT_MASKED } from "../words/form-words.ts";
import type { EntryState } from "./entry-state.ts";
import type { OutboxEntry } from "./outbox-entry.ts";

export interface ThanksOptions {
  readonly entry: OutboxEntry;
  undo(): void;
  /** Shows the report on the map, where there is one. */
  readonly see: (() => void) | undefined;
  close(): void;
}

export interface Thanks {
  readonly content: HTMLElement;
  /** To be called once it is in the page. */
  focus(): void;
  show(state: EntryState | ArrivedState, isUndoable: boolean): void;
}

/** How the server has a report: as it was sent, with other words, or for a moderator to look at first. */
export type ArrivedState = "sent" | "masked" | "moderated";

const WORDS: Readonly<Record<EntryState | ArrivedState | "offline", string>> = {
  held: "It goes out in a few seconds. Until then you can take it back.",
  sending: "Sending…",
  sent: "It is on the map for everyone. It disappears after 90 days.",
  masked: SENT_MASKED,
  moderated: SENT_HELD,
  waiting: "The server takes no reports just now. Yours is kept on this device and sent by itself.",
  offline: "You are offline. Your report is kept on this device and sent by itself when you are back.",
  refused: "",
  old: "",
};

/** What follows a dropped report: a word of thanks, how far it is, and the way back. */
export function createThanks({ entry, undo, see, close }: ThanksOptions): Thanks {
  const progress = element("p", { role: "status", class: "hint" });
  const undoing = button("secondary undo", "Undo", undo);
  const seeing = see && button("primary", "See it on the map", see);
  const closer = button("bare round close", icon(CLOSE_ICON), close);
  closer.setAttribute("aria-label", "Close");
  const next = seeing ?? closer;
  const content = element(
    "div",
    { class: `thanks on-${entry.draft.layer}` },
    element("header", {}, icon(DONE_ICON, "icon done"), element("h2", { id: "report-title" }, "Thank you"), closer),
    progress,
    element("footer", {}, undoing, seeing),
  );
  return {
    content,
    focus: () => next.focus(),
    show(state, isUndoable) {
      const isStuck = !navigator.onLine && (state === "held" || state === "waiting");
      content.dataset.state = isStuck ? "offline" : state;
      const words = WORDS[isStuck ? "offline" : state];
      if (progress.textContent !== words) progress.textContent = words;
      // There is nothing to be seen of it.
      if (seeing !== undefined) seeing.hidden = state === "moderated";
      if (!isUndoable && document.activeElement === undoing) next.focus();
      undoing.hidden = !isUndoable;
    },
  };
}

function button(className: string, content: Node | string, run: () => void): HTMLButtonElement {
  const made = element("button", { type: "button", class: className }, content);
  made.addEventListener("click", run);
  return made;
}
