import { element, icon } from "../../ui/dom.ts";
import type { Icon } from "../../ui/icons.ts";
import { NO_DATA } from "../../words/dashboard-words.ts";
import { sourceLink } from "./source-link.ts";

export interface FigureOptions {
  readonly label: string;
  /** Undefined: there is none. */
  readonly value: string | undefined;
  /** After the value, smaller. */
  readonly unit?: string;
  /** Path of the request that gives it. */
  readonly source: string;
  /** Its layer's colour and icon. */
  readonly layer?: string;
  readonly icon?: Icon | undefined;
  /** Below the value. */
  readonly below?: readonly (Node | string)[];
}

/** One number, what it is, how it moved, and the request behind it. */
export function figure({ label, value, unit, source, layer, icon: face, below = [] }: FigureOptions): HTMLElement {
  return element(
    "div",
    { class: `figure ${layer ? `on-${layer}` : ""}` },
    element("p", { class: "figure-label" }, face && icon(face), label, sourceLink(source, label, "icon")),
    value === undefined
      ? element("p", { class: "figure-value none" }, NO_DATA)
      : element("p", { class: "figure-value" }, value, unit ? element("small", {}, ` ${unit}`) : undefined),
    ...below.map((each) => element("p", { class: "figure-below" }, each)),
  );
}

export const figures = (...all: readonly HTMLElement[]): HTMLElement => element("div", { class: "figures" }, ...all);
