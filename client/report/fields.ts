import { CATEGORIES, MAX_SEVERITY, MIN_SEVERITY, REPORT_LAYERS, type ReportLayer } from "../../tiles/layers.ts";
import { element, icon } from "../dom.ts";
import { LAYER_ICONS } from "../icons.ts";
import { categoryLabel, LAYER_LABELS, SEVERITY_WORDS } from "../words.ts";

export const MAX_TEXT = 280;

/** A labelled part of the form with a place for its own error, found by `data-field`. */
export function field(name: string, legend: string, ...content: readonly (Node | undefined)[]): HTMLFieldSetElement {
  const error = element("p", { class: "error", id: `${name}-error`, hidden: true });
  return element(
    "fieldset",
    { "data-field": name, "aria-describedby": `${name}-error` },
    element("legend", {}, legend),
    ...content,
    error,
  );
}

/** Shows or clears the error of a field and marks its controls. */
export function setFieldError(form: HTMLElement, name: string, message: string | undefined): void {
  const part = form.querySelector<HTMLElement>(`[data-field="${name}"]`);
  const error = part?.querySelector<HTMLElement>(".error");
  if (!part || !error) return;
  error.hidden = message === undefined;
  error.textContent = message ?? "";
  for (const control of part.querySelectorAll("input, textarea")) {
    control.toggleAttribute("aria-invalid", message !== undefined);
  }
}

export function layerChoice(chosen: ReportLayer): HTMLElement {
  const options = REPORT_LAYERS.map((layer) =>
    element(
      "label",
      { class: `layer on-${layer}` },
      element("input", { type: "radio", name: "layer", value: layer, required: true, checked: layer === chosen }),
      element("span", { class: "disc" }, icon(LAYER_ICONS[layer])),
      element("span", {}, LAYER_LABELS[layer]),
    ),
  );
  return element("div", { class: "layer-choice" }, ...options);
}

export function categoryChoice(layer: ReportLayer): HTMLElement[] {
  return CATEGORIES[layer].map((category) =>
    element(
      "label",
      { class: "chip" },
      element("input", { type: "radio", name: "category", value: category, required: true }),
      element("span", {}, categoryLabel(category)),
    ),
  );
}

export function severityChoice(layer: ReportLayer): HTMLElement[] {
  const [, least, most] = SEVERITY_WORDS[layer];
  const steps = Array.from({ length: MAX_SEVERITY - MIN_SEVERITY + 1 }, (_, i) => {
    const value = MIN_SEVERITY + i;
    const word = value === MIN_SEVERITY ? `, ${least}` : value === MAX_SEVERITY ? `, ${most}` : "";
    const input = element("input", {
      type: "radio",
      name: "severity",
      value: String(value),
      checked: value === 3,
      "aria-label": `${value}${word}`,
    });
    return element("label", { class: `step step-${value}` }, input, element("span", {}, String(value)));
  });
  return [
    element("div", { class: "steps" }, ...steps),
    element("p", { class: "ends", "aria-hidden": "true" }, element("span", {}, least), element("span", {}, most)),
  ];
}

/** A text area that counts as the server does: Unicode code points. */
export function textInput(): HTMLElement {
  const counter = element("output", { class: "counter", "aria-live": "off" }, `0 / ${MAX_TEXT}`);
  const area = element("textarea", {
    name: "text",
    rows: "2",
    "aria-label": "What is going on? Optional",
    placeholder: "No names, please: reports are public.",
  });
  area.addEventListener("input", () => {
    const length = [...area.value.trim()].length;
    counter.textContent = `${length} / ${MAX_TEXT}`;
    counter.classList.toggle("over", length > MAX_TEXT);
  });
  return element("div", { class: "text-input" }, area, counter);
}
