import { element, icon } from "../../ui/dom.ts";
import { CLOSE_ICON } from "../../ui/icons.ts";
import { CANCEL, CLOSE } from "../../words/dashboard-words.ts";
import { form } from "./form.ts";

let dialogs = 0;

/** Opens a dialog over the page; it is gone when it is closed, by Escape too, and the focus is where it was. */
export function openDialog(title: string, ...content: readonly Node[]): HTMLDialogElement {
  const id = `dialog-${++dialogs}`;
  const close = element("button", { type: "button", class: "bare round", "aria-label": CLOSE }, icon(CLOSE_ICON));
  const dialog = element(
    "dialog",
    { class: "dialog", "aria-labelledby": id },
    element("header", {}, element("h2", { id }, title), close),
    element("div", { class: "dialog-body" }, ...content),
  );
  close.addEventListener("click", () => dialog.close());
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
  return dialog;
}

export interface Question {
  readonly title: string;
  readonly text: string;
  /** On the button that does it. */
  readonly confirm: string;
  /** What else must be given for it. */
  readonly fields?: readonly Node[];
  /** Whether something is lost by it. */
  readonly isGrave?: boolean;
  act(values: Readonly<Record<string, string>>): Promise<void>;
}

/** Asks before what cannot be taken back. */
export function confirmFirst({ title, text, confirm, fields = [], isGrave = true, act }: Question): void {
  const cancel = element("button", { type: "button", class: "secondary" }, CANCEL);
  const asked = form({
    submit: confirm,
    fields: [element("p", {}, text), ...fields],
    beside: [cancel],
    className: isGrave ? "danger" : "",
    async send(values) {
      await act(values);
      dialog.close();
    },
  });
  const dialog = openDialog(title, asked);
  cancel.addEventListener("click", () => dialog.close());
}
