import { SCORES_MIN_ZOOM } from "../../tiles/layers.ts";
import { SCORE_NAMES, type ScoreName } from "../../tiles/scores/scores.ts";
import { currentTheme, onThemeChange } from "../map/theme.ts";
import { INITIAL_STATE } from "../page/address.ts";
import type { Page } from "../page/page-state.ts";
import { element, icon } from "../ui/dom.ts";
import { LAYER_ICONS } from "../ui/icons.ts";
import { RAMP_ENDS, SCORE_LABELS, WINDOW_BESIDE_SCORES } from "../words/words.ts";
import { NO_SCORE_COLORS, scoreRamp } from "./ramp.ts";

export interface ScoreSwitch {
  /** Marks a score on the ramp, such as that of the cell under the pointer. */
  point(score: number | undefined): void;
}

/** The switch, and while it is on one radio button per score and the ramp with its numbers. */
export function bindScoreSwitch(toggle: HTMLInputElement, detail: HTMLElement, page: Page): ScoreSwitch {
  const order: readonly ScoreName[] = ["overall", ...SCORE_NAMES.filter((name) => name !== "overall")];
  const radios = order.map((name) => {
    const radio = element("input", { type: "radio", name: "score", value: name });
    radio.addEventListener("change", () => page.set({ scores: name }));
    return radio;
  });
  const labels = order.map((name, i) =>
    element("label", { title: `${SCORE_LABELS[name]} score` }, radios[i], ...faceOf(name)),
  );
  const ramp = element("div", { class: "ramp", id: "score-ramp" });
  const hint = element("p", { class: "ramp-words" }, "Zoom in to see the scores");
  const none = element("p", { class: "ramp-none" }, element("i", {}), "Not enough reports");
  const content = [
    element(
      "fieldset",
      { class: "segments" },
      element("legend", { class: "visually-hidden" }, "Score on the map"),
      ...labels,
    ),
    element("p", { class: "ramp-ends" }, ...RAMP_ENDS.map((end) => element("span", {}, end))),
    ramp,
    none,
    hint,
  ];
  const windows = document.querySelector<HTMLElement>("#windows");
  let lastScore: ScoreName = "overall";
  const show = () => {
    const { scores } = page.get();
    toggle.checked = scores !== undefined;
    detail.hidden = scores === undefined;
    detail.replaceChildren(...(scores ? content : []));
    // It is the reports' alone.
    windows?.classList.toggle("dimmed", scores !== undefined);
    if (windows) windows.title = scores ? WINDOW_BESIDE_SCORES : "";
    if (scores === undefined) return;
    lastScore = scores;
    for (const radio of radios) radio.checked = radio.value === scores;
    fillRamp(ramp, scores);
    none.style.setProperty("--none", NO_SCORE_COLORS[currentTheme().name]);
    showHint();
  };
  const showHint = () => {
    hint.hidden = page.get().view.zoom >= SCORES_MIN_ZOOM;
  };
  toggle.addEventListener("change", () => {
    const { layers } = page.get();
    if (toggle.checked) page.set({ scores: lastScore });
    else page.set({ scores: undefined, layers: layers.length > 0 ? layers : INITIAL_STATE.layers });
  });
  page.listen((state, before) => {
    if (state.scores !== before.scores) show();
    else if (state.view.zoom < SCORES_MIN_ZOOM !== before.view.zoom < SCORES_MIN_ZOOM) showHint();
  });
  onThemeChange(show);
  show();
  return {
    point(score) {
      const { scores } = page.get();
      ramp.querySelector(".ramp-mark")?.remove();
      if (score === undefined || scores === undefined) return;
      const mark = element("span", { class: "ramp-mark", "aria-hidden": "true" }, score.toFixed(0));
      mark.style.left = `${positionOf(score, scores)}%`;
      ramp.append(mark);
    },
  };
}

function faceOf(name: ScoreName): readonly Node[] {
  const label = SCORE_LABELS[name];
  if (name === "overall") return [element("span", {}, label)];
  const face = element("span", { class: `score-face on-${name}` }, icon(LAYER_ICONS[name]));
  return [face, element("span", { class: "visually-hidden" }, `${label} score`)];
}

/** The ramp is as long as its scores are apart, so that positions are true. */
function positionOf(score: number, name: ScoreName): number {
  const stops = scoreRamp(name, currentTheme());
  const [least, most] = [stops[0]?.[0] ?? 0, stops.at(-1)?.[0] ?? 100];
  return Math.min(100, Math.max(0, (100 * (score - least)) / (most - least)));
}

function fillRamp(ramp: HTMLElement, name: ScoreName): void {
  const stops = scoreRamp(name, currentTheme());
  const place = (score: number) => `${positionOf(score, name).toFixed(1)}%`;
  const bar = element("div", { class: "ramp-bar" });
  bar.style.background = `linear-gradient(in oklab to right, ${stops.map(([score, color]) => `${color} ${place(score)}`).join(", ")})`;
  const ticks = stops.map(([score]) => {
    const tick = element("span", { class: "ramp-tick" }, String(score));
    tick.style.left = place(score);
    return tick;
  });
  ramp.replaceChildren(bar, ...ticks);
}
