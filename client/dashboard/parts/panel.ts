import { element, icon } from "../../ui/dom.ts";
import type { Icon } from "../../ui/icons.ts";
import { LOADING, planNeeded, SEE_PLANS, TRY_AGAIN } from "../../words/dashboard-words.ts";
import { AskError } from "../api/ask.ts";
import { sourceLink } from "./source-link.ts";

export interface PanelOptions {
  readonly title: string;
  /** Below the title. */
  readonly hint?: string;
  /** Path of the request that gives what it shows. */
  readonly source?: string;
  /** How high its place is kept while it loads, in pixels. */
  readonly height?: number;
  /** `wide` takes the whole row. */
  readonly className?: string;
  /** Beside the title. */
  readonly tools?: readonly Node[];
  /** When the view is left nobody waits any more. */
  readonly signal: AbortSignal;
  load(): Promise<readonly Node[]> | readonly Node[];
}

let panels = 0;

/** A titled card that fills itself: a breathing place first, then its content, or what went wrong and a way to try again. */
export function panel(options: PanelOptions): HTMLElement {
  const { title, hint, source, className = "", tools = [] } = options;
  const id = `panel-${++panels}`;
  const body = element("div", { class: "panel-body" });
  const section = element(
    "section",
    { class: `panel ${className}`, "aria-labelledby": id },
    element(
      "header",
      { class: "panel-head" },
      element("div", {}, element("h2", { id }, title), hint ? element("p", { class: "hint" }, hint) : undefined),
      ...tools,
      source === undefined ? undefined : sourceLink(source, title),
    ),
    body,
  );
  void fill(section, body, options);
  return section;
}

async function fill(section: HTMLElement, body: HTMLElement, options: PanelOptions): Promise<void> {
  const { load, signal, height = 120 } = options;
  section.ariaBusy = "true";
  const bones = element("div", { class: "bones" }, element("span", { class: "visually-hidden" }, LOADING));
  bones.style.height = `${height}px`;
  body.replaceChildren(bones);
  try {
    const nodes = await load();
    if (!signal.aborted) body.replaceChildren(...nodes);
  } catch (error) {
    if (signal.aborted) return;
    body.replaceChildren(trouble(error, () => void fill(section, body, options)));
  } finally {
    section.ariaBusy = null;
  }
}

/** What went wrong, in words, with a way to try again. */
export function trouble(error: unknown, again: () => void): HTMLElement {
  if (!(error instanceof AskError)) console.error(error);
  const button = element("button", { type: "button", class: "secondary" }, TRY_AGAIN);
  button.addEventListener("click", again);
  return element(
    "div",
    { class: "trouble", role: "alert" },
    element("p", {}, error instanceof Error ? error.message : String(error)),
    button,
  );
}

/** Where there is nothing to show: what would be here, and what to do for it. */
export function emptiness(title: string, text: string, ...ways: readonly Node[]): HTMLElement {
  return element("div", { class: "emptiness" }, element("h3", {}, title), element("p", {}, text), ...ways);
}

// Lucide lock
const LOCK: Icon = [
  "M5 11h14a2 2 0 0 1 2 2v7a2 2 0 0 1-2 2H5a2 2 0 0 1-2-2v-7a2 2 0 0 1 2-2z",
  "M7 11V7a5 5 0 0 1 10 0v4",
];

/** In place of what a plan lacks: what it would give, and the way to it. */
export function offer(plan: string, title: string, points: readonly string[], plansHref: string): HTMLElement {
  return element(
    "section",
    { class: "offer wide" },
    element("p", { class: "offer-plan" }, icon(LOCK), planNeeded(plan)),
    element("h2", {}, title),
    element("ul", {}, ...points.map((point) => element("li", {}, point))),
    element("p", {}, element("a", { class: "primary", href: plansHref }, SEE_PLANS)),
  );
}
