import { element } from "../../ui/dom.ts";

export interface Option {
  readonly value: string;
  readonly label: string;
}

/** A select with its name beside it. @param id stays the same, so that the focus finds it again when the view is drawn anew */
export function choice(
  id: string,
  label: string,
  options: readonly Option[],
  chosen: string,
  onChange: (value: string) => void,
): HTMLElement {
  const select = element(
    "select",
    { id },
    ...options.map(({ value, label: words }) => element("option", { value, selected: value === chosen }, words)),
  );
  select.addEventListener("change", () => onChange(select.value));
  return element("label", { class: "choice" }, element("span", {}, label), select);
}

/** One of a few, all of them seen. */
export function segments(
  name: string,
  legend: string,
  options: readonly Option[],
  chosen: string,
  onChange: (value: string) => void,
): HTMLElement {
  const labels = options.map(({ value, label }) => {
    const radio = element("input", { type: "radio", name, id: `${name}-${value}`, value, checked: value === chosen });
    radio.addEventListener("change", () => onChange(value));
    return element("label", {}, radio, element("span", {}, label));
  });
  return element("fieldset", { class: "segments" }, element("legend", { class: "visually-hidden" }, legend), ...labels);
}

/** Controls in a row above what they govern. */
export const toolbar = (...controls: readonly (Node | undefined)[]): HTMLElement =>
  element("div", { class: "toolbar" }, ...controls);
