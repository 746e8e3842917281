import { REPORT_LAYERS, TIME_WINDOWS } from "../../tiles/layers.ts";
import { SCORE_NAMES } from "../../tiles/scores/scores.ts";
import { fetchCities } from "../api/api.ts";
import { BASE } from "../api/base.ts";
import { parseEmbedAddress } from "../embed/embed-address.ts";
import { type EmbeddedMap, embed } from "../embed/helper.ts";
import { SCHEMES } from "../embed/scheme.ts";
import { INITIAL_STATE } from "../page/address.ts";
import { element, find, icon } from "../ui/dom.ts";
import { LAYER_ICONS } from "../ui/icons.ts";
import { LAYER_LABELS, SCORE_LABELS, WINDOW_LABELS } from "../words/words.ts";
import { createCodeBlock } from "./code-block.ts";
import { type Choice, snippetsOf } from "./snippets.ts";
import { bindTabs } from "./tabs.ts";

const THEME_LABELS = { auto: "Reader's", light: "Light", dark: "Dark" } as const;
const HEIGHTS_PX = { Low: 300, Medium: 420, Tall: 600 } as const;

/** Puts a snippet together: the controls steer a real frame with the same messages as any host, and the code follows. */
export function startBuilder(): void {
  // The same parameters as a frame's: who comes from a map finds it here.
  const { state, look } = parseEmbedAddress(location.search, { ...INITIAL_STATE, window: "30d" });
  let choice: Choice = {
    center: [state.view.lonDeg, state.view.latDeg],
    zoom: state.view.zoom,
    layers: state.layers.length > 0 ? state.layers : INITIAL_STATE.layers,
    window: state.window,
    scores: state.scores,
    theme: look.theme,
    legend: true,
    heightPx: HEIGHTS_PX.Medium,
  };
  let shown = "frame";
  const code = createCodeBlock();
  find("#snippet").append(code.node);
  const write = () => {
    const snippet = snippetsOf(choice, BASE).find(({ id }) => id === shown);
    if (snippet) code.show(snippet.code, snippet.about);
  };
  bindTabs(find("#tabs"), find("#snippet"), snippetsOf(choice, BASE), (id) => {
    shown = id;
    write();
  });

  const preview = find("#preview");
  preview.style.height = `${choice.heightPx}px`;
  const { center, zoom, layers, window, scores, theme, legend } = choice;
  const shownFirst = { center, zoom, layers, window, theme, legend, ...(scores && { scores }) };
  const map = embed(preview, { ...shownFirst, title: "Preview" });
  const change = (next: Partial<Choice>, tell?: (map: EmbeddedMap) => Promise<unknown>) => {
    choice = { ...choice, ...next };
    preview.style.height = `${choice.heightPx}px`;
    write();
    // What the frame cannot do it says itself, in its own words.
    if (tell) map.then(tell).catch(() => {});
  };
  map.then(
    (embedded) => embedded.on("moved", ({ state: { center, zoom } }) => change({ center, zoom })),
    () => {},
  );
  bindControls(choice, change);
  void bindCities(map);
}

type Change = (next: Partial<Choice>, tell?: (map: EmbeddedMap) => Promise<unknown>) => void;

function bindControls(first: Choice, change: Change): void {
  const boxes = REPORT_LAYERS.map((layer) => {
    const box = element("input", { type: "checkbox", value: layer, checked: first.layers.includes(layer) });
    const disc = element("span", { class: "disc" }, icon(LAYER_ICONS[layer]));
    find("#choose-layers").append(
      element("label", { class: `layer on-${layer}` }, box, disc, element("span", {}, LAYER_LABELS[layer])),
    );
    box.addEventListener("change", () => {
      const layers = REPORT_LAYERS.filter((_, i) => boxes[i]?.checked);
      // A map of nothing is no map: the last one stays.
      if (layers.length === 0) box.checked = true;
      else change({ layers }, (map) => map.setLayers(layers));
    });
    return box;
  });
  const scores = find<HTMLSelectElement>("#choose-scores");
  scores.append(...SCORE_NAMES.map((name) => element("option", { value: name }, SCORE_LABELS[name])));
  scores.value = first.scores ?? "";
  scores.addEventListener("change", () => {
    const name = SCORE_NAMES.find((each) => each === scores.value);
    change({ scores: name }, (map) => map.setScores(name ?? null));
  });
  radios(
    "#choose-window",
    "window",
    TIME_WINDOWS,
    (window) => WINDOW_LABELS[window][0],
    first.window,
    (window) => change({ window }, (map) => map.setWindow(window)),
  );
  radios(
    "#choose-theme",
    "theme",
    SCHEMES,
    (theme) => THEME_LABELS[theme],
    first.theme,
    (theme) => change({ theme }, (map) => map.setTheme(theme)),
  );
  const names = Object.keys(HEIGHTS_PX) as (keyof typeof HEIGHTS_PX)[];
  radios(
    "#choose-height",
    "height",
    names,
    (name) => name,
    "Medium",
    (name) => change({ heightPx: HEIGHTS_PX[name] }),
  );
  const legend = find<HTMLInputElement>("#choose-legend");
  legend.checked = first.legend;
  legend.addEventListener("change", () => change({ legend: legend.checked }, (map) => map.setLegend(legend.checked)));
}

/** One radio button per value. */
function radios<T extends string>(
  fieldset: string,
  name: string,
  values: readonly T[],
  labelOf: (value: T) => string,
  first: T,
  onChoose: (value: T) => void,
): void {
  for (const value of values) {
    const radio = element("input", { type: "radio", name, value, checked: value === first });
    radio.addEventListener("change", () => onChoose(value));
    find(fieldset).append(element("label", {}, radio, element("span", {}, labelOf(value))));
  }
}

/** A way to the place for those who do not drag, and a shorter one for those who do. */
async function bindCities(map: Promise<EmbeddedMap>): Promise<void> {
  const select = find<HTMLSelectElement>("#choose-city");
  const cities = await fetchCities().catch(() => []);
  select.append(...cities.map(({ id, name }) => element("option", { value: id }, name)));
  select.addEventListener("change", async () => {
    const city = cities.find(({ id }) => id === select.value);
    select.value = "";
    if (city) await (await map).flyTo({ center: city.center, zoom: city.zoom });
  });
}
