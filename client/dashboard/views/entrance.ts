import { element } from "../../ui/dom.ts";
import { DEMO, ENTRANCE_WORDS as WORDS } from "../../words/dashboard-entrance-words.ts";
import { AskError } from "../api/ask.ts";
import { sendVerification, signIn, signUp } from "../api/sign-in.ts";
import type { Navigation, ViewContent } from "../page/visit.ts";
import { field, form } from "../parts/form.ts";
import { emailField, MAX_PASSWORD, newPasswordField, way, whenReady } from "./entrance-fields.ts";
import { forgotScreen, resetScreen } from "./new-password.ts";
import { planCards } from "./plan-cards.ts";

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
  if (view === "reset") return resetScreen(visit, query.reset || query.token || undefined);
  return signInScreen(visit);
}

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
        await whenReady(made, () => signIn(email, password));
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
      await whenReady(made, () => signUp({ name, email, password }));
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
