import { isSensitive, MAX_SEVERITY, type ReportLayer } from "../../tiles/layers.ts";
import type { ReportDraft } from "../api/api.ts";
import { categoryIcon } from "../ui/category-icons.ts";
import { element, find, icon } from "../ui/dom.ts";
import { BACK_ICON, CLOSE_ICON, type Icon } from "../ui/icons.ts";
import { KIND_IS_GONE, WHAT_BECOMES } from "../words/form-words.ts";
import { categoryLabel } from "../words/words.ts";
import { emergencyNote } from "./emergency-note.ts";
import { categoryChoice, field, MAX_TEXT, setFieldError, severityChoice, textInput } from "./fields.ts";
import type { Refusal } from "./outbox-entry.ts";
import type { PlacePicker } from "./place-picker.ts";

export interface ReportFormOptions {
  readonly picker: PlacePicker;
  /** A report to begin with, and what the server said about it. */
  readonly begun: { readonly draft: ReportDraft; readonly refusal?: Refusal } | undefined;
  close(): void;
  /** Takes the report, or says why it cannot. */
  drop(draft: ReportDraft): string | undefined;
}

export interface ReportForm {
  readonly content: HTMLFormElement;
  /** To be called once the form is in the page. */
  focus(): void;
}

type Chosen = Pick<ReportDraft, "layer" | "category">;

/** The form in two steps: what it is, which one tap says, then how much of it, with a word if one likes. */
export function createReportForm({ picker, begun, close, drop }: ReportFormOptions): ReportForm {
  let chosen: Chosen | undefined;
  const title = element("h2", { id: "report-title" });
  const back = headerButton("back", "Back to the categories", BACK_ICON, () => askWhat());
  const closer = headerButton("close", "Close", CLOSE_ICON, close);
  const what = categoryChoice((layer, category) => {
    const { severity, text } = readFields(content);
    askHow({ layer, category, ...(severity > 0 && { severity }), text });
  });
  const how = element("div", { class: "how" });
  const formError = element("p", { class: "error", role: "alert", hidden: true });
  const kindError = element("p", { class: "error", role: "alert", hidden: true }, KIND_IS_GONE);
  const content = element(
    "form",
    { novalidate: true },
    element("header", {}, back, title, closer),
    kindError,
    picker.content,
    what,
    how,
  );

  const show = (step: "what" | "how", ...heading: (Node | string)[]) => {
    what.hidden = step !== "what";
    how.hidden = back.hidden = step !== "how";
    title.replaceChildren(...heading);
    formError.hidden = kindError.hidden = true;
  };
  const askWhat = () => {
    show("what", "What is going on?");
    const chips = [...what.querySelectorAll<HTMLElement>(".chip")];
    const label = chosen && categoryLabel(chosen.category);
    (chips.find((chip) => chip.textContent === label) ?? chips[0])?.focus();
  };
  const askHow = (draft: Chosen & { readonly severity?: number; readonly text?: string }) => {
    chosen = draft;
    content.className = `on-${draft.layer}`;
    const shape = icon(categoryIcon(draft.category, draft.layer));
    show("how", element("span", { class: "disc" }, shape), categoryLabel(draft.category));
    const place = picker.read();
    const note = emergencyNote(draft.category, typeof place === "string" ? undefined : place);
    const fields = howFields(draft.layer, draft.severity, draft.text ?? "");
    how.replaceChildren(...(note ? [note] : []), ...fields, formError, dropFooter(draft));
    find("[name=severity]:checked", how).focus();
  };
  content.addEventListener("submit", (event) => {
    event.preventDefault();
    if (chosen === undefined) return;
    const { draft, errors } = readDraft(content, chosen, picker);
    showErrors(content, errors);
    if (draft === undefined) return;
    const failure = drop(draft);
    formError.textContent = failure ?? "";
    formError.hidden = failure === undefined;
  });
  show("what", "What is going on?");
  return {
    content,
    focus() {
      if (begun === undefined) return askWhat();
      askHow(begun.draft);
      if (begun.refusal?.fields.category !== undefined) {
        askWhat();
        kindError.hidden = false;
      } else if (begun.refusal) showRefusal(content, formError, begun.refusal);
    },
  };
}

function headerButton(name: string, label: string, shape: Icon, run: () => void): HTMLButtonElement {
  const button = element("button", { type: "button", class: `bare round ${name}`, "aria-label": label }, icon(shape));
  button.addEventListener("click", run);
  return button;
}

const howFields = (layer: ReportLayer, severity: number | undefined, text: string): HTMLElement[] => [
  severityChoice(layer, severity),
  field("text", "In your words (optional)", textInput(text)),
];

const dropFooter = ({ layer, category }: Chosen): HTMLElement =>
  element(
    "footer",
    {},
    element("p", { class: "hint" }, WHAT_BECOMES[isSensitive(layer, category) ? "sensitive" : "usual"]),
    element("button", { type: "submit", class: "primary" }, "Drop report"),
  );

function readFields(form: HTMLFormElement): { severity: number; text: string } {
  const data = new FormData(form);
  return { severity: Number(data.get("severity")), text: String(data.get("text") ?? "").trim() };
}

function readDraft(
  form: HTMLFormElement,
  chosen: Chosen,
  picker: PlacePicker,
): { draft?: ReportDraft; errors: Map<string, string> } {
  const errors = new Map<string, string>();
  const { layer, category } = chosen;
  const { severity, text } = readFields(form);
  const place = picker.read();
  if (typeof place === "string") errors.set("place", place);
  const over = [...text].length - MAX_TEXT;
  if (over > 0) errors.set("text", `That is ${over} ${over === 1 ? "character" : "characters"} too long.`);
  if (errors.size > 0 || typeof place === "string") return { errors };
  return {
    draft: { layer, category, severity: Math.min(MAX_SEVERITY, severity), ...place, ...(text !== "" && { text }) },
    errors,
  };
}

/** Fields of the API that the form shows under another name. */
const FIELD_OF: Readonly<Record<string, string>> = { lat: "place", lon: "place" };

function showRefusal(form: HTMLFormElement, formError: HTMLElement, { message, fields }: Refusal): void {
  // The API's messages go on from the field's name: "must have at most 280 characters".
  const named = Object.entries(fields).map(([name, text]) => [FIELD_OF[name] ?? name, `This ${text}.`] as const);
  showErrors(form, new Map(named));
  const isShown = named.length > 0 && named.every(([name]) => form.querySelector(`[data-field="${name}"]`));
  formError.hidden = isShown;
  formError.textContent = `The server did not take it: ${[message, ...Object.entries(fields).map((pair) => pair.join(" "))].join(" ")}`;
}

function showErrors(form: HTMLFormElement, errors: ReadonlyMap<string, string>): void {
  for (const part of form.querySelectorAll<HTMLElement>("[data-field]")) {
    const name = part.dataset.field ?? "";
    setFieldError(form, name, errors.get(name));
  }
  form.querySelector<HTMLElement>("[aria-invalid], [data-field='place']:has(.error:not([hidden])) button")?.focus();
}
