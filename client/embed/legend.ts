import type { ScoreName } from "../../tiles/scores/scores.ts";
import { currentTheme, onThemeChange } from "../map/theme.ts";
import type { Page, PageState } from "../page/page-state.ts";
import { scoreRamp } from "../scores/ramp.ts";
import { element, icon } from "../ui/dom.ts";
import { LAYER_ICONS } from "../ui/icons.ts";
import { LAYER_LABELS, SCORE_LABELS, WINDOW_LABELS } from "../words/words.ts";

/** Names the layers that show and their time, and the colours of the scores, also after the host has switched them. */
export function bindLegend(list: HTMLElement, page: Page): void {
  const show = ({ layers, window, scores }: PageState) => {
    const entries = layers.map((layer) =>
      element(
        "li",
        { class: `on-${layer}` },
        element("span", { class: "disc" }, icon(LAYER_ICONS[layer])),
        LAYER_LABELS[layer],
      ),
    );
    if (layers.length > 0) entries.push(element("li", { class: "embed-window" }, WINDOW_LABELS[window][1]));
    if (scores) entries.push(rampOf(scores));
    list.replaceChildren(...entries);
  };
  show(page.get());
  page.listen((state, before) => {
    if (state.layers !== before.layers || state.window !== before.window || state.scores !== before.scores) show(state);
  });
  onThemeChange(() => show(page.get()));
}

/** A score's colours with its least and its most. */
function rampOf(name: ScoreName): HTMLLIElement {
  const stops = scoreRamp(name, currentTheme());
  const [least, most] = [stops[0]?.[0] ?? 0, stops.at(-1)?.[0] ?? 100];
  const bar = element("span", { class: "embed-ramp", "aria-hidden": "true" });
  const places = stops.map(([score, color]) => `${color} ${(100 * (score - least)) / (most - least)}%`);
  bar.style.background = `linear-gradient(in oklab to right, ${places.join(", ")})`;
  return element(
    "li",
    { class: "embed-scores" },
    element("strong", {}, `${SCORE_LABELS[name]} score`),
    element("span", {}, String(least)),
    bar,
    element("span", {}, String(most)),
  );
}
