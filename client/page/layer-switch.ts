import { REPORT_LAYERS, type ReportLayer, TIME_WINDOWS } from "../../tiles/layers.ts";
import { element, icon } from "../ui/dom.ts";
import { LAYER_ICONS } from "../ui/icons.ts";
import { LAYER_LABELS, WINDOW_LABELS } from "../words/words.ts";
import type { Page } from "./page-state.ts";

/**
 * Fills the fieldset with a toggle per layer. One shows at a time, several while `combine` is on; none only where the scores
 * are left to show.
 */
export function bindLayerSwitch(fieldset: HTMLElement, combine: HTMLInputElement, page: Page): void {
  const boxes = new Map<ReportLayer, HTMLInputElement>();
  for (const layer of REPORT_LAYERS) {
    const box = element("input", { type: "checkbox", name: "layer", value: layer });
    boxes.set(layer, box);
    const disc = element("span", { class: "disc" }, icon(LAYER_ICONS[layer]));
    fieldset.append(
      element("label", { class: `layer on-${layer}` }, box, disc, element("span", {}, LAYER_LABELS[layer])),
    );
    box.addEventListener("change", () => {
      const { layers, scores } = page.get();
      const others = layers.filter((other) => other !== layer);
      if (box.checked) page.set({ layers: combine.checked ? inOrder([...layers, layer]) : [layer] });
      else if (others.length > 0 || scores) page.set({ layers: others });
      else box.checked = true;
    });
  }
  combine.addEventListener("change", () => {
    const [first] = page.get().layers;
    if (!combine.checked && first !== undefined) page.set({ layers: [first] });
  });

  const show = (layers: readonly ReportLayer[]) => {
    for (const [layer, box] of boxes) box.checked = layers.includes(layer);
    if (layers.length > 1) combine.checked = true;
  };
  show(page.get().layers);
  page.listen(({ layers }) => show(layers));
}

/** Fills the fieldset with one radio button per time window. */
export function bindWindowSwitch(fieldset: HTMLElement, page: Page): void {
  const radios = TIME_WINDOWS.map((window) => {
    const radio = element("input", { type: "radio", name: "window", value: window });
    const [short, long] = WINDOW_LABELS[window];
    fieldset.append(element("label", { title: long }, radio, element("span", {}, short)));
    radio.addEventListener("change", () => page.set({ window }));
    return radio;
  });
  const show = () => {
    for (const radio of radios) radio.checked = radio.value === page.get().window;
  };
  show();
  page.listen(show);
}

function inOrder(layers: readonly ReportLayer[]): ReportLayer[] {
  return REPORT_LAYERS.filter((layer) => layers.includes(layer));
}
