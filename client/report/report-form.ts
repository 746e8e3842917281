import { isReportLayer, type ReportLayer } from "../../tiles/layers.ts";
import { postReport, type ReportDraft, type ReportJson, RequestError } from "../api.ts";
import { element, find, icon } from "../dom.ts";
import { CLOSE_ICON } from "../icons.ts";
import type { LiveMap } from "../map/live-map.ts";
import type { Notices } from "../page/notices.ts";
import type { Page } from "../page/page-state.ts";
import { SEVERITY_WORDS } from "../words.ts";
import { categoryChoice, field, layerChoice, MAX_TEXT, setFieldError, severityChoice, textInput } from "./fields.ts";
import { createIdempotencyKeys } from "./idempotency-keys.ts";
import { createPlacePicker, type PlacePicker } from "./place-picker.ts";

export interface ReportFormOptions {
  readonly liveMap: LiveMap;
  readonly page: Page;
  readonly notices: Notices;
  onOpenChange(open: boolean): void;
}

/** Opens the form from its button; a stored report is shown on the map without a reload. */
export function bindReportForm({ liveMap, page, notices, onOpenChange }: ReportFormOptions): void {
  const opener = find<HTMLButtonElement>("#open-report");
  const dialog = find<HTMLDialogElement>("#report-form");
  let form: HTMLFormElement | undefined;

  const close = () => {
    document.body.classList.remove("reporting");
    dialog.close();
    picker.stop();
    onOpenChange(false);
    opener.focus();
  };
  const picker = createPlacePicker(liveMap.map, (message) => {
    if (form) setFieldError(form, "place", message);
  });
  const done = (report: ReportJson) => {
    close();
    // Shown for sure: also when its layer is off, and whatever it was combined with stays.
    const { layers } = page.get();
    if (!layers.includes(report.layer)) page.set({ layers: [report.layer] });
    liveMap.showNew(report);
    notices.say("Thank you. Your report is on the map.");
  };
  opener.addEventListener("click", () => {
    liveMap.popups.close();
    const [layer = "safety"] = page.get().layers;
    form = buildForm(layer, picker, close);
    bindSubmit(form, picker, createIdempotencyKeys(), done);
    dialog.replaceChildren(form);
    // Not modal: the map behind it is where the place is picked.
    dialog.show();
    document.body.classList.add("reporting");
    onOpenChange(true);
    picker.start(dialog);
    find<HTMLInputElement>("[name=layer]:checked", form).focus();
  });
  dialog.addEventListener("keydown", (event) => {
    if (event.key === "Escape") close();
  });
}

function buildForm(layer: ReportLayer, picker: PlacePicker, onCancel: () => void): HTMLFormElement {
  const categories = element("div", { class: "chips" }, ...categoryChoice(layer));
  const severities = element("div", { class: "severity" }, ...severityChoice(layer));
  const severityField = field("severity", SEVERITY_WORDS[layer][0], severities);
  const cancel = element("button", { type: "button", class: "bare close", "aria-label": "Close" }, icon(CLOSE_ICON));
  cancel.addEventListener("click", onCancel);
  const form = element(
    "form",
    { novalidate: true, class: `on-${layer}` },
    element("header", {}, element("h2", { id: "report-title" }, "What is going on?"), cancel),
    field("place", "Where", picker.content),
    field("layer", "About", layerChoice(layer)),
    field("category", "What", categories),
    severityField,
    field("text", "In your words (optional)", textInput()),
    element("p", { class: "error", role: "alert", "data-form-error": true, hidden: true }),
    element(
      "footer",
      {},
      element("p", { class: "hint" }, "Anonymous. Disappears after 90 days."),
      element("button", { type: "submit", class: "primary" }, "Drop report"),
    ),
  );
  form.addEventListener("change", ({ target }) => {
    if (!(target instanceof HTMLInputElement)) return;
    setFieldError(form, target.name, undefined);
    if (target.name !== "layer" || !isReportLayer(target.value)) return;
    form.className = `on-${target.value}`;
    categories.replaceChildren(...categoryChoice(target.value));
    severities.replaceChildren(...severityChoice(target.value));
    find("legend", severityField).textContent = SEVERITY_WORDS[target.value][0];
  });
  return form;
}

function bindSubmit(
  form: HTMLFormElement,
  picker: PlacePicker,
  keyFor: (draft: ReportDraft) => string,
  done: (report: ReportJson) => void,
): void {
  const button = find<HTMLButtonElement>("[type=submit]", form);
  const formError = find("[data-form-error]", form);
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    formError.hidden = true;
    const { draft, errors } = readDraft(form, picker);
    showErrors(form, errors);
    if (draft === undefined || button.disabled) return;
    button.disabled = true;
    button.textContent = "Sending…";
    try {
      done(await postReport(draft, keyFor(draft)));
    } catch (error) {
      const fields = error instanceof RequestError ? error.fields : new Map<string, string>();
      showErrors(form, new Map([...fields].map(([name, message]) => [FIELD_OF[name] ?? name, sentence(message)])));
      const known = [...fields.keys()].every((name) => form.querySelector(`[data-field="${FIELD_OF[name] ?? name}"]`));
      if (fields.size === 0 || !known) {
        formError.textContent = error instanceof Error ? error.message : "The report could not be sent.";
        formError.hidden = false;
      }
    } finally {
      button.disabled = false;
      button.textContent = "Drop report";
    }
  });
}

/** Fields of the API that the form shows under another name. */
const FIELD_OF: Readonly<Record<string, string>> = { lat: "place", lon: "place" };

/** The API's messages go on from the field's name: "must have at most 280 characters". */
const sentence = (message: string): string => `This ${message}.`;

function readDraft(form: HTMLFormElement, picker: PlacePicker): { draft?: ReportDraft; errors: Map<string, string> } {
  const data = new FormData(form);
  const errors = new Map<string, string>();
  const place = picker.read();
  const layer = String(data.get("layer"));
  const category = data.get("category");
  const text = String(data.get("text") ?? "").trim();
  if (typeof place === "string") errors.set("place", place);
  if (typeof category !== "string") errors.set("category", "Choose what it is.");
  const over = [...text].length - MAX_TEXT;
  if (over > 0) errors.set("text", `That is ${over} ${over === 1 ? "character" : "characters"} too long.`);
  if (errors.size > 0 || typeof place === "string" || typeof category !== "string" || !isReportLayer(layer))
    return { errors };
  const severity = Number(data.get("severity"));
  return { draft: { layer, category, severity, ...place, ...(text !== "" && { text }) }, errors };
}

function showErrors(form: HTMLFormElement, errors: ReadonlyMap<string, string>): void {
  for (const part of form.querySelectorAll<HTMLElement>("[data-field]")) {
    const name = part.dataset.field ?? "";
    setFieldError(form, name, errors.get(name));
  }
  form.querySelector<HTMLElement>("[aria-invalid], [data-field='place'] .error:not([hidden])")?.focus();
}
