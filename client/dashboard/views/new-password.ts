import { element } from "../../ui/dom.ts";
import { ENTRANCE_WORDS as WORDS } from "../../words/dashboard-entrance-words.ts";
import { AskError } from "../api/ask.ts";
import { askForReset, setNewPassword } from "../api/sign-in.ts";
import type { Navigation } from "../page/visit.ts";
import { form } from "../parts/form.ts";
import { emailField, newPasswordField, way, whenReady } from "./entrance-fields.ts";

/** Asks whose password is forgotten, and has a link sent. */
export function forgotScreen(visit: Navigation): Node[] {
  const made = form({
    submit: WORDS.forgot,
    fields: [emailField()],
    async send({ email = "" }) {
      await whenReady(made, () => askForReset(email));
      made.replaceWith(element("p", { class: "told", role: "status" }, WORDS.resent));
    },
  });
  return [
    element("h2", {}, WORDS.forgotTitle),
    element("p", { class: "hint" }, WORDS.forgotText),
    made,
    element("p", { class: "other-way" }, way(visit, "sign-in", WORDS.toSignIn)),
  ];
}

/** Of the mail, once the address has lost it. */
let heldToken = "";

/** Takes a new password for the token of a mail. */
export function resetScreen(visit: Navigation, token = heldToken): Node[] {
  const back = element("p", { class: "other-way" }, way(visit, "sign-in", WORDS.toSignIn));
  const title = element("h2", {}, WORDS.resetTitle);
  if (token === "") return [title, ...badReset(visit), back];
  heldToken = token;
  // The way to a new password is no part of what this page asks others for, nor of the history.
  history.replaceState(null, "", visit.hrefOf("reset"));
  const made = form({
    submit: WORDS.reset,
    fields: [newPasswordField("newPassword", WORDS.newPassword)],
    async send({ newPassword = "" }) {
      try {
        await whenReady(made, () => setNewPassword(token, newPassword));
      } catch (error) {
        if (!(error instanceof AskError) || error.kind !== "INVALID_TOKEN") throw error;
        heldToken = "";
        return made.replaceWith(...badReset(visit));
      }
      made.replaceWith(element("p", { class: "told", role: "status" }, WORDS.resetDone));
    },
  });
  return [title, made, back];
}

const badReset = (visit: Navigation): HTMLElement[] => [
  element("p", { class: "told", role: "alert" }, WORDS.badReset),
  element("p", { class: "other-way" }, way(visit, "forgot", WORDS.another)),
];
