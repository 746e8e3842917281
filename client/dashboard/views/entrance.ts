import { element } from "../../ui/dom.ts";
import { DEMO, ENTRANCE_WORDS as WORDS } from "../../words/dashboard-entrance-words.ts";
import { AskError } from "../api/ask.ts";
import { askForReset, sendVerification, setNewPassword, signIn, signUp } from "../api/sign-in.ts";
import type { Navigation, ViewContent } from "../page/visit.ts";
import { type FieldOptions, field, form } from "../parts/form.ts";
import { planCards } from "./plan-cards.ts";

const MIN_PASSWORD = 8;
const MAX_PASSWORD = 128;
const MAX_EMAIL = 254;

/** Sign-in and what leads to it, beside what there is to see, and the plans below. */
export function entranceView(visit: Navigation): ViewContent {
  const { view } = visit.route;
  const isSmall = view === "reset" || view === "forgot";
  return [
    element(
      "div",
      { class: "entrance" },
      element(
        "div",
        { class: "pitch" },
        element("h1", { tabindex: "-1" }, WORDS.pitch),
        element("p", { class: "lead" }, WORDS.pitchText),
        element("ul", {}, ...WORDS.pitchPoints.map((point) => element("li", {}, point))),
      ),
      element("section", { class: "panel entrance-form", "aria-live": "polite" }, ...screenOf(visit)),
    ),
    ...(isSmall ? [] : [element("h2", { class: "entrance-plans" }, WORDS.plans), planCards(visit)]),
  ];
}

function screenOf(visit: Navigation): Node[] {
  const { view, query } = visit.route;
  if (view === "sign-up") return signUpScreen(visit);
  if (view === "forgot") return forgotScreen(visit);
  if (view === "reset") return resetScreen(visit, query.reset || query.token || heldToken);
  return signInScreen(visit);
}

const emailField = (more: Partial<FieldOptions> = {}): HTMLElement =>
  field({ name: "email", label: WORDS.email, type: "email", autocomplete: "username", maxlength: MAX_EMAIL, ...more });

const newPasswordField = (name: string, label: string): HTMLElement =>
  field({
    name,
    label,
    type: "password",
    autocomplete: "new-password",
    hint: WORDS.passwordHint,
    minlength: MIN_PASSWORD,
    maxlength: MAX_PASSWORD,
  });

const way = (visit: Navigation, view: "sign-up" | "forgot" | "sign-in", words: string): HTMLElement =>
  element("a", { href: visit.hrefOf(view) }, words);

function signInScreen(visit: Navigation): Node[] {
  const { query } = visit.route;
  const told =
    query.verified === undefined ? undefined : query.error === undefined ? WORDS.verified : WORDS.notVerified;
  const made = form({
    submit: WORDS.signIn,
    fields: [
      emailField(),
      field({
        name: "password",
        label: WORDS.password,
        type: "password",
        autocomplete: "current-password",
        maxlength: MAX_PASSWORD,
      }),
    ],
    beside: [way(visit, "forgot", WORDS.toForgot)],
    async send({ email = "", password = "" }) {
      try {
        await signIn(email, password);
      } catch (error) {
        if (!(error instanceof AskError) || error.kind !== "EMAIL_NOT_VERIFIED") throw error;
        made.after(resending(email));
        return;
      }
      // What the address named is shown then.
      if (visit.route.view === "sign-in") history.replaceState(null, "", visit.hrefOf("overview"));
      await visit.reload();
    },
  });
  return [
    element("h2", {}, WORDS.signInTitle),
    ...(told === undefined ? [] : [element("p", { class: "told", role: "status" }, told)]),
    made,
    ...demoWay(made),
    element("p", { class: "other-way" }, way(visit, "sign-up", WORDS.toSignUp)),
  ];
}

/** A laptop's own server may have the account that shows the product. */
function demoWay(made: HTMLFormElement): HTMLElement[] {
  if (!["localhost", "127.0.0.1", "[::1]"].includes(location.hostname)) return [];
  const button = element("button", { type: "button", class: "secondary", title: WORDS.demoHint }, WORDS.demo);
  button.addEventListener("click", () => {
    for (const [name, value] of Object.entries(DEMO)) {
      const input = made.elements.namedItem(name);
      if (input instanceof HTMLInputElement) input.value = value;
    }
    made.requestSubmit();
  });
  return [button];
}

function resending(email: string): HTMLElement {
  const button = element("button", { type: "button", class: "link" }, WORDS.resend);
  const told = element("p", { class: "told", role: "status" }, WORDS.unverified, " ", button);
  button.addEventListener("click", async () => {
    button.disabled = true;
    await sendVerification(email).then(
      () => told.replaceChildren(WORDS.resent),
      (error: unknown) => {
        button.disabled = false;
        told.prepend(error instanceof Error ? `${error.message} ` : "");
      },
    );
  });
  return told;
}

function signUpScreen(visit: Navigation): Node[] {
  const made = form({
    submit: WORDS.signUp,
    fields: [
      field({ name: "name", label: WORDS.name, autocomplete: "name", maxlength: 100 }),
      emailField({ autocomplete: "email" }),
      newPasswordField("password", WORDS.password),
    ],
    async send({ name = "", email = "", password = "" }) {
      await signUp({ name, email, password });
      made.replaceWith(
        element("p", { class: "told", role: "status" }, element("b", {}, WORDS.checkMail), element("br", {})),
        element("p", {}, WORDS.checkMailText(email)),
        resendButton(email),
      );
    },
  });
  return [
    element("h2", {}, WORDS.signUpTitle),
    element("p", { class: "hint" }, WORDS.signUpText),
    made,
    element("p", { class: "other-way" }, way(visit, "sign-in", WORDS.toSignIn)),
  ];
}

function resendButton(email: string): HTMLElement {
  const button = element("button", { type: "button", class: "secondary" }, WORDS.resend);
  button.addEventListener("click", async () => {
    button.disabled = true;
    const words = await sendVerification(email).then(
      () => WORDS.resent,
      (error: unknown) => (error instanceof Error ? error.message : WORDS.resend),
    );
    button.replaceWith(element("p", { role: "status" }, words));
  });
  return button;
}

function forgotScreen(visit: Navigation): Node[] {
  const made = form({
    submit: WORDS.forgot,
    fields: [emailField()],
    async send({ email = "" }) {
      await askForReset(email);
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

function resetScreen(visit: Navigation, token: string): Node[] {
  const back = element("p", { class: "other-way" }, way(visit, "sign-in", WORDS.toSignIn));
  const title = element("h2", {}, WORDS.resetTitle);
  if (token === "") {
    const again = element("p", { class: "other-way" }, way(visit, "forgot", WORDS.toForgot));
    return [title, element("p", { class: "told", role: "alert" }, WORDS.badReset), again, back];
  }
  heldToken = token;
  // The way to a new password is no part of what this page asks others for, nor of the history.
  history.replaceState(null, "", visit.hrefOf("reset"));
  const made = form({
    submit: WORDS.reset,
    fields: [newPasswordField("newPassword", WORDS.newPassword)],
    async send({ newPassword = "" }) {
      await setNewPassword(token, newPassword);
      made.replaceWith(element("p", { class: "told", role: "status" }, WORDS.resetDone));
    },
  });
  return [title, made, back];
}
