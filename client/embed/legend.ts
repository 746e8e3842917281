import { element, icon } from "../dom.ts";
import { LAYER_ICONS } from "../icons.ts";
import type { Page, PageState } from "../page/page-state.ts";
import { LAYER_LABELS, WINDOW_LABELS } from "../words.ts";

/** Names the layers that show and their time, also after the host has switched them. */
export function bindLegend(list: HTMLElement, page: Page): void {
  const show = ({ layers, window }: PageState) => {
    const entries = layers.map((layer) =>
      element(
        "li",
        { class: `on-${layer}` },
        element("span", { class: "disc" }, icon(LAYER_ICONS[layer])),
        LAYER_LABELS[layer],
      ),
    );
    list.replaceChildren(...entries, element("li", { class: "embed-window" }, WINDOW_LABELS[window][1]));
  };
  show(page.get());
  page.listen((state, before) => {
    if (state.layers !== before.layers || state.window !== before.window) show(state);
  });
}
