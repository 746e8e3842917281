import type { ReportDraft } from "../api/api.ts";
import { categoryIcon } from "../ui/category-icons.ts";
import { element, find, icon } from "../ui/dom.ts";
import { KIND_IS_GONE } from "../words/form-words.ts";
import { categoryLabel, timeAgo } from "../words/words.ts";
import type { EntryState } from "./entry-state.ts";
import type { Outbox } from "./outbox.ts";
import type { OutboxEntry } from "./outbox-entry.ts";
import { statusText } from "./status-text.ts";

export interface OutboxStatus {
  /** Lists what waits. */
  open(): void;
  /** Lets the list's reports be mended and seen; the latter from when there is a map. */
  connect(ways: WaysOn): void;
}

interface WaysOn {
  mend(entry: OutboxEntry): void;
  /** Brings the map to a report's place. */
  readonly see?: (draft: ReportDraft) => void;
}

const SENT_MS = 5_000;

/** Tells what stands between this page and the server: no network, and reports that wait, are on their way, or were refused. */
export function bindOutboxStatus(section: HTMLElement, outbox: Outbox): OutboxStatus {
  const text = find("p", section);
  const toggle = find<HTMLButtonElement>("button", section);
  const list = find("ul", section);
  let goTo: WaysOn | undefined;
  let isOpen = false;
  /** Reports that arrived after a time without the server; in ordinary times the page says nothing of it. */
  let arrived = 0;
  let wasAway = false;
  let clearing: ReturnType<typeof setTimeout> | undefined;

  const show = () => {
    const entries = outbox.list();
    const states = entries.map(outbox.stateOf);
    wasAway ||= !navigator.onLine || outbox.isTroubled() || states.includes("waiting");
    const words = statusText({ states, isOnline: navigator.onLine, isTroubled: outbox.isTroubled(), wasAway, arrived });
    if (text.textContent !== words) text.textContent = words;
    if (entries.length === 0 && navigator.onLine) forgetSoon();
    section.classList.toggle("visually-hidden", words === "");
    const isAmiss =
      !navigator.onLine || outbox.isTroubled() || states.some((state) => state === "refused" || state === "old");
    section.classList.toggle("amiss", isAmiss);
    toggle.hidden = entries.length === 0 || words === "";
    list.hidden = toggle.hidden || !isOpen;
    toggle.setAttribute("aria-expanded", String(!list.hidden));
    toggle.textContent = isOpen ? "Hide" : "Show";
    const listed = list.hidden ? "" : entries.map(({ key }, i) => `${key} ${states[i]}`).join();
    if (listed === list.dataset.listed) return;
    list.dataset.listed = listed;
    list.replaceChildren(...entries.map((entry) => listEntry(entry, outbox, goTo)));
  };
  const forgetSoon = () => {
    clearTimeout(clearing);
    clearing = setTimeout(() => {
      wasAway = false;
      arrived = 0;
      show();
    }, SENT_MS);
  };
  toggle.addEventListener("click", () => {
    isOpen = !isOpen;
    show();
  });
  outbox.listen((event) => {
    if (event.type === "sent" && wasAway) arrived++;
    if (event.type === "refused") isOpen = true;
    show();
  });
  show();
  return {
    open() {
      isOpen = true;
      show();
      toggle.focus();
    },
    connect({ mend, see }) {
      // The list makes way for the map.
      const closing = <T>(run: (subject: T) => void) => {
        return (subject: T) => {
          isOpen = false;
          show();
          run(subject);
        };
      };
      goTo = { mend: closing(mend), ...(see && { see: closing(see) }) };
      list.dataset.listed = "";
      show();
    },
  };
}

/** Lists an entry with what can be done about it. */
function listEntry(entry: OutboxEntry, outbox: Outbox, goTo: WaysOn | undefined): HTMLElement {
  const { draft, key } = entry;
  const see = goTo?.see;
  const state = outbox.stateOf(entry);
  const label = categoryLabel(draft.category);
  const action = (name: string, run: () => void) => {
    const button = element("button", { type: "button", class: "link", "aria-label": `${name}: ${label}` }, name);
    button.addEventListener("click", run);
    return button;
  };
  return element(
    "li",
    { class: `on-${draft.layer}` },
    element("span", { class: "disc pending" }, icon(categoryIcon(draft.category, draft.layer))),
    element("p", {}, element("strong", {}, label), element("span", { class: "hint" }, entryText(entry, state))),
    goTo && state === "refused" ? action("Mend", () => goTo.mend(entry)) : undefined,
    state === "old" ? action("Send", () => outbox.confirm(key)) : undefined,
    see && (state === "held" || state === "waiting") ? action("See", () => see(draft)) : undefined,
    state === "sending" ? undefined : action("Discard", () => outbox.discard(key)),
  );
}

function entryText({ droppedAtMs, refusal }: OutboxEntry, state: EntryState): string {
  if (refusal?.fields.category !== undefined) return KIND_IS_GONE;
  if (refusal) {
    const faults = Object.entries(refusal.fields).map(([name, said]) => `${name} ${said}`);
    return `Not taken: ${faults.join("; ") || refusal.message}`;
  }
  if (state === "sending") return "Sending…";
  return state === "old" ? `Dropped ${timeAgo(droppedAtMs, Date.now())}. Does it still hold?` : "Waiting to be sent";
}
