import { element } from "../../ui/dom.ts";
import { COPIED, COPY, SELECTED } from "../../words/dashboard-words.ts";

const SAID_MS = 2_500;

/** A text to take along, with a button that copies it. */
export function copyField(text: string, label: string): HTMLElement {
  const field = element("input", {
    class: "copy-text",
    readonly: true,
    value: text,
    "aria-label": label,
    spellcheck: "false",
  });
  field.addEventListener("focus", () => field.select());
  const button = element("button", { type: "button", class: "secondary" }, COPY);
  const said = element("span", { class: "visually-hidden", role: "status" });
  button.addEventListener("click", async () => {
    const outcome = await navigator.clipboard.writeText(text).then(
      () => COPIED,
      // Not allowed, as on a page without https.
      () => {
        field.select();
        return SELECTED;
      },
    );
    button.textContent = outcome;
    said.textContent = outcome;
    setTimeout(() => {
      button.textContent = COPY;
      said.textContent = "";
    }, SAID_MS);
  });
  return element("div", { class: "copy-field" }, field, button, said);
}
