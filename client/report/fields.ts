import { CATEGORIES, MIN_SEVERITY, REPORT_LAYERS, type ReportLayer } from "../../tiles/layers.ts";
import { element, icon } from "../ui/dom.ts";
import { LAYER_ICONS } from "../ui/icons.ts";
import { categoryLabel, LAYER_LABELS, SEVERITY_WORDS } from "../words/words.ts";

export const MAX_TEXT = 280;
const MIDDLE_SEVERITY = 3;

/** A labelled part of the form with a place for its own error, found by `data-field`. */
export function field(name: string, legend: string, ...content: readonly Node[]): HTMLFieldSetElement {
  return element(
    "fieldset",
    { "data-field": name, "aria-describedby": `${name}-error` },
    element("legend", {}, legend),
    ...content,
    fieldError(name),
  );
}

export function fieldError(name: string): HTMLElement {
  return element("p", { class: "error", id: `${name}-error`, hidden: true });
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

export type ChooseCategory = (layer: ReportLayer, category: string) => void;

/** The categories of all layers, so that one tap says both; arrow keys go from one to the next. */
export function categoryChoice(choose: ChooseCategory): HTMLElement {
  const groups = REPORT_LAYERS.map((layer) => {
    const chips = CATEGORIES[layer].map((category) => {
      const chip = element("button", { type: "button", class: "chip" }, categoryLabel(category));
      chip.addEventListener("click", () => choose(layer, category));
      return chip;
    });
    const title = element("h3", { id: `${layer}-title` }, icon(LAYER_ICONS[layer]), LAYER_LABELS[layer]);
    return element(
      "div",
      { class: `on-${layer}`, role: "group", "aria-labelledby": title.id },
      title,
      element("div", { class: "chips" }, ...chips),
    );
  });
  const choice = element("div", { class: "what" }, ...groups);
  const STEPS: Readonly<Record<string, number>> = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 };
  choice.addEventListener("keydown", (event) => {
    const step = STEPS[event.key];
    if (step === undefined) return;
    // Else the list scrolls.
    event.preventDefault();
    const chips = [...choice.querySelectorAll("button")];
    chips[chips.indexOf(event.target as HTMLButtonElement) + step]?.focus();
  });
  return choice;
}

/** Five steps with a word for each. */
export function severityChoice(layer: ReportLayer, chosen = MIDDLE_SEVERITY): HTMLFieldSetElement {
  const [question, ...words] = SEVERITY_WORDS[layer];
  const steps = words.map((word, i) => {
    const value = MIN_SEVERITY + i;
    const input = element("input", {
      type: "radio",
      name: "severity",
      value: String(value),
      checked: value === chosen,
      "aria-label": `${value}, ${word}`,
    });
    return element("label", { class: `step step-${value}` }, input, element("b", {}, String(value)), word);
  });
  return field("severity", question, element("div", { class: "steps" }, ...steps));
}

/** A text area that counts as the server does: Unicode code points. */
export function textInput(text: string): HTMLElement {
  const counter = element("output", { class: "counter", "aria-live": "off" });
  const area = element(
    "textarea",
    {
      name: "text",
      rows: "2",
      "aria-label": "In your words. Optional",
      "aria-describedby": "text-error",
      placeholder: "No names, please: reports are public.",
    },
    text,
  );
  const count = () => {
    const length = [...area.value.trim()].length;
    counter.textContent = `${length} / ${MAX_TEXT}`;
    counter.classList.toggle("over", length > MAX_TEXT);
  };
  area.addEventListener("input", count);
  count();
  return element("div", { class: "text-input" }, area, counter);
}
