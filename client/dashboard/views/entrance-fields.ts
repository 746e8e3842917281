import { element } from "../../ui/dom.ts";
import { ENTRANCE_WORDS as WORDS } from "../../words/dashboard-entrance-words.ts";
import { STARTING } from "../../words/dashboard-words.ts";
import { patiently } from "../api/patiently.ts";
import type { Navigation } from "../page/visit.ts";
import { type FieldOptions, field } from "../parts/form.ts";

const MIN_PASSWORD = 8;
export const MAX_PASSWORD = 128;
const MAX_EMAIL = 254;

/** What the screens before one is signed in are made of. */
export const emailField = (more: Partial<FieldOptions> = {}): HTMLElement =>
  field({ name: "email", label: WORDS.email, type: "email", autocomplete: "username", maxlength: MAX_EMAIL, ...more });

export const newPasswordField = (name: string, label: string): HTMLElement =>
  field({
    name,
    label,
    type: "password",
    autocomplete: "new-password",
    hint: WORDS.passwordHint,
    minlength: MIN_PASSWORD,
    maxlength: MAX_PASSWORD,
  });

/** A link to another of them. */
export const way = (visit: Navigation, view: "sign-up" | "forgot" | "sign-in", words: string): HTMLElement =>
  element("a", { href: visit.hrefOf(view) }, words);

/** Asks again while the server is not ready yet, and says so below what was written. @throws what the last try threw */
export async function whenReady<T>(made: HTMLFormElement, question: () => Promise<T>): Promise<T> {
  const told = element("p", { class: "told", role: "status" });
  made.after(told);
  try {
    return await patiently(question, () => {
      told.textContent = STARTING;
    });
  } finally {
    told.remove();
  }
}
