import { BASE } from "../../api/base.ts";
import { element, icon } from "../../ui/dom.ts";
import type { Icon } from "../../ui/icons.ts";
import { SOURCE, sourceOf } from "../../words/dashboard-words.ts";

// Lucide braces
const BRACES: Icon = [
  "",
  "M8 3H7a2 2 0 0 0-2 2v5a2 2 0 0 1-2 2 2 2 0 0 1 2 2v5c0 1.1.9 2 2 2h1M16 21h1a2 2 0 0 0 2-2v-5a2 2 0 0 1 2-2 2 2 0 0 1-2-2V5a2 2 0 0 0-2-2h-1",
];

/** The request that gives a figure, to open or to take along. @param what names the figure, for those who hear the page, or for all */
export function sourceLink(path: string, what: string, look: "word" | "icon" | "named" = "word"): HTMLElement {
  const label = sourceOf(what);
  const attributes = {
    class: "source",
    href: BASE + path,
    target: "_blank",
    rel: "noopener",
    title: `${label}: ${path}`,
  };
  return element(
    "a",
    attributes,
    icon(BRACES),
    element("span", { class: look === "icon" ? "visually-hidden" : undefined }, look === "named" ? what : SOURCE),
    element("span", { class: "visually-hidden" }, `: ${label}`),
  );
}
