import { element } from "../../ui/dom.ts";
import { AskError } from "../api/ask.ts";

export interface FieldOptions {
  readonly name: string;
  readonly label: string;
  readonly type?: "text" | "email" | "password" | "search";
  readonly value?: string;
  readonly autocomplete?: AutoFill;
  readonly hint?: string;
  readonly minlength?: number;
  readonly maxlength?: number;
  readonly isOptional?: boolean;
  readonly placeholder?: string;
}

let fields = 0;

/** A labelled input with its hint and a place for what is wrong with it. */
export function field(options: FieldOptions): HTMLElement {
  const { name, label, type = "text", value, autocomplete = "off", hint, isOptional, placeholder } = options;
  const id = `field-${name}-${++fields}`;
  const input = element("input", {
    id,
    name,
    type,
    value,
    autocomplete,
    placeholder,
    required: !isOptional,
    minlength: options.minlength?.toString(),
    maxlength: options.maxlength?.toString(),
    "aria-describedby": `${id}-hint ${id}-error`,
    ...(type === "email" && { autocapitalize: "none", spellcheck: "false" }),
  });
  return element(
    "div",
    { class: "field" },
    element("label", { for: id }, label),
    input,
    element("p", { class: "hint", id: `${id}-hint` }, hint),
    element("p", { class: "error", id: `${id}-error`, "data-error": name }),
  );
}

export interface FormOptions {
  readonly submit: string;
  readonly fields: readonly Node[];
  /** Beside the button. */
  readonly beside?: readonly Node[];
  readonly className?: string;
  /** Takes what was written, by the fields' names. What it throws is told, beside the fields that the server names. */
  send(values: Readonly<Record<string, string>>, form: HTMLFormElement): Promise<void>;
}

/** A form that is sent once at a time and says what is wrong with what. */
export function form({ submit, fields: content, beside = [], className = "", send }: FormOptions): HTMLFormElement {
  const button = element("button", { type: "submit", class: "primary" }, submit);
  const fault = element("p", { class: "error form-error", role: "alert" });
  const made = element(
    "form",
    { class: `form ${className}` },
    ...content,
    fault,
    element("div", { class: "form-end" }, button, ...beside),
  );
  made.addEventListener("submit", async (event) => {
    event.preventDefault();
    // Asked already.
    if (button.ariaBusy) return;
    button.ariaBusy = "true";
    clearFaults(made);
    try {
      const values = [...new FormData(made)].filter((entry): entry is [string, string] => typeof entry[1] === "string");
      await send(Object.fromEntries(values), made);
    } catch (error) {
      tellFault(made, fault, error);
    } finally {
      button.ariaBusy = null;
    }
  });
  return made;
}

function clearFaults(made: HTMLFormElement): void {
  for (const place of made.querySelectorAll(".error")) place.textContent = "";
  for (const input of made.querySelectorAll("[aria-invalid]")) input.removeAttribute("aria-invalid");
}

function tellFault(made: HTMLFormElement, fault: HTMLElement, error: unknown): void {
  if (!(error instanceof Error)) throw error;
  let isPlaced = false;
  if (error instanceof AskError) {
    for (const [path, message] of error.fields) {
      // `origins.2` is the third of one field.
      const [name = path] = path.split(".");
      const place = made.querySelector(`[data-error="${CSS.escape(name)}"]`);
      const input = made.querySelector<HTMLElement>(`[name="${CSS.escape(name)}"]`);
      if (place === null || input === null) continue;
      place.textContent = message;
      input.ariaInvalid = "true";
      const fold = input.closest("details");
      if (fold) fold.open = true;
      if (!isPlaced) input.focus();
      isPlaced = true;
    }
  }
  if (!isPlaced) fault.textContent = error.message;
}
