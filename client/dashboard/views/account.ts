import { BASE } from "../../api/base.ts";
import { element } from "../../ui/dom.ts";
import { ACCOUNT_WORDS as WORDS } from "../../words/dashboard-account-words.ts";
import { formatDay, ROLE_NAMES } from "../../words/dashboard-words.ts";
import { formatTime } from "../../words/words.ts";
import { deleteAccount, EXPORT_MY_DATA } from "../api/account.ts";
import { changePassword, listSessions, type SessionJson, signOutEverywhere } from "../api/sign-in.ts";
import type { ViewContent, Visit } from "../page/visit.ts";
import { confirmFirst } from "../parts/dialog.ts";
import { field, form } from "../parts/form.ts";
import { panel } from "../parts/panel.ts";
import { table } from "../parts/table.ts";
import { browserName } from "./browser-name.ts";

const MIN_PASSWORD = 8;

/** Who one is, and what becomes of it. */
export function accountView(visit: Visit): ViewContent {
  const { account, signal } = visit;
  // Of its own for each part: a node is at one place.
  const demo = () => (account.is_demo ? [element("p", { class: "hint" }, WORDS.demo)] : undefined);
  const part = (title: string, load: () => readonly Node[], hint = "") => panel({ title, hint, signal, load });
  return [
    panel({ title: WORDS.you, source: "/api/account", signal, load: () => [facts(visit)] }),
    part(WORDS.password, () => demo() ?? [passwordForm(visit)], WORDS.passwordHint),
    sessionsPanel(visit),
    part(WORDS.data, () => [
      element("p", {}, WORDS.dataText),
      element(
        "a",
        { class: "secondary", href: BASE + EXPORT_MY_DATA, download: "stratum-account.json" },
        WORDS.download,
      ),
    ]),
    part(WORDS.remove, () => [element("p", {}, WORDS.removeText), ...(demo() ?? [removal(visit)])]),
  ];
}

function facts({ account, cities }: Visit): HTMLElement {
  const moderated = cities.filter(({ id }) => account.cities.includes(id)).map(({ name }) => name);
  const rows: [string, string][] = [
    [WORDS.name, account.name],
    [WORDS.email, `${account.email} (${account.email_verified ? WORDS.verified : WORDS.unverified})`],
    [WORDS.role, ROLE_NAMES[account.role]],
    ...(moderated.length > 0 ? [[WORDS.cities, moderated.join(", ")] satisfies [string, string]] : []),
    [WORDS.since, formatDay(account.created_at)],
  ];
  return element(
    "dl",
    { class: "facts-list" },
    ...rows.flatMap(([term, told]) => [element("dt", {}, term), element("dd", {}, told)]),
  );
}

function passwordForm({ say, account }: Visit): HTMLElement {
  return form({
    submit: WORDS.change,
    fields: [
      // Password managers ask whose it is.
      element("input", {
        type: "email",
        autocomplete: "username",
        value: account.email,
        hidden: true,
        readonly: true,
        "aria-label": WORDS.email,
      }),
      field({ name: "currentPassword", label: WORDS.current, type: "password", autocomplete: "current-password" }),
      field({
        name: "newPassword",
        label: WORDS.next,
        type: "password",
        autocomplete: "new-password",
        minlength: MIN_PASSWORD,
        maxlength: 128,
      }),
    ],
    async send({ currentPassword = "", newPassword = "" }, sent) {
      await changePassword(currentPassword, newPassword);
      sent.reset();
      say(WORDS.changed);
    },
  });
}

function sessionsPanel(visit: Visit): HTMLElement {
  return panel({
    title: WORDS.sessions,
    hint: WORDS.sessionsHint,
    height: 140,
    signal: visit.signal,
    async load() {
      const sessions = await listSessions();
      const everywhere = element("button", { type: "button", class: "secondary" }, WORDS.everywhere);
      everywhere.addEventListener("click", () =>
        confirmFirst({
          title: `${WORDS.everywhere}?`,
          text: WORDS.everywhereText,
          confirm: WORDS.everywhere,
          async act() {
            await signOutEverywhere();
            await visit.reload();
          },
        }),
      );
      return [sessionTable(sessions), everywhere];
    },
  });
}

function sessionTable(sessions: readonly SessionJson[]): HTMLElement {
  return table<SessionJson>(
    WORDS.sessions,
    [
      { head: WORDS.session, isName: true, cell: ({ userAgent }) => browserName(userAgent ?? "") },
      { head: WORDS.signedIn, cell: ({ createdAt }) => formatTime(Date.parse(createdAt)) },
      { head: WORDS.expires, isExtra: true, cell: ({ expiresAt }) => formatDay(expiresAt) },
    ],
    sessions,
  );
}

function removal(visit: Visit): HTMLElement {
  const button = element("button", { type: "button", class: "secondary grave" }, WORDS.remove);
  button.addEventListener("click", () =>
    confirmFirst({
      title: WORDS.removeTitle,
      text: WORDS.removeText,
      confirm: WORDS.remove,
      fields: [
        field({ name: "password", label: WORDS.confirmPassword, type: "password", autocomplete: "current-password" }),
      ],
      async act({ password = "" }) {
        await deleteAccount(password);
        history.replaceState(null, "", visit.hrefOf("sign-in"));
        visit.say(WORDS.removed);
        await visit.reload();
      },
    }),
  );
  return button;
}
