import { element } from "../../ui/dom.ts";
import { KEY_WORDS, OPERATOR_WORDS as WORDS } from "../../words/dashboard-account-words.ts";
import { STATUS_WORDS } from "../../words/dashboard-plan-words.ts";
import { formatDay, PLAN_NAMES } from "../../words/dashboard-words.ts";
import { formatCount, timeAgo } from "../../words/words.ts";
import { ask } from "../api/ask.ts";
import {
  accountsAddress,
  changePlan,
  type OperatedAccountJson,
  type OperatedPageJson,
  revokeKeyOf,
} from "../api/operator.ts";
import type { ViewContent, Visit } from "../page/visit.ts";
import { toolbar } from "../parts/choice.ts";
import { confirmFirst } from "../parts/dialog.ts";
import { emptiness, panel } from "../parts/panel.ts";
import { type Column, table } from "../parts/table.ts";

type OperatedKey = OperatedAccountJson["keys"][number];

/** All accounts with their keys, usage and subscriptions, for operators. */
export function operatorView(visit: Visit): ViewContent {
  if (!visit.account.is_operator) return [emptiness(WORDS.notYours, WORDS.notYoursText)];
  const q = visit.route.query.q || undefined;
  const source = accountsAddress(q);
  return [
    toolbar(search(visit)),
    panel({
      title: WORDS.list,
      source,
      height: 400,
      className: "wide",
      signal: visit.signal,
      async load() {
        const page = await ask<OperatedPageJson>(source, { signal: visit.signal });
        return page.accounts.length === 0 ? [emptiness(WORDS.list, WORDS.none)] : pages(page, q, visit);
      },
    }),
  ];
}

function search({ route, set }: Visit): HTMLElement {
  const input = element("input", {
    type: "search",
    id: "operator-q",
    name: "q",
    value: route.query.q,
    maxlength: "100",
  });
  const made = element(
    "form",
    { class: "search", role: "search" },
    element("label", { class: "choice" }, element("span", {}, WORDS.search), input),
    element("button", { type: "submit", class: "secondary" }, WORDS.find),
  );
  made.addEventListener("submit", (event) => {
    event.preventDefault();
    set({ q: input.value.trim() || undefined });
  });
  return made;
}

function pages(first: OperatedPageJson, q: string | undefined, visit: Visit): Node[] {
  const shown = accountTable(first.accounts, visit);
  const more = element("button", { type: "button", class: "secondary" }, WORDS.more);
  let cursor = first.next_cursor;
  more.hidden = cursor === null;
  more.addEventListener("click", async () => {
    more.disabled = true;
    try {
      const next = await ask<OperatedPageJson>(accountsAddress(q, cursor ?? undefined), { signal: visit.signal });
      const rows = accountTable(next.accounts, visit).querySelectorAll("tbody > tr");
      shown.querySelector("tbody")?.append(...rows);
      cursor = next.next_cursor;
      more.hidden = cursor === null;
    } catch (error) {
      visit.say(error instanceof Error ? error.message : String(error));
    }
    more.disabled = false;
  });
  return [shown, more];
}

function accountTable(accounts: readonly OperatedAccountJson[], visit: Visit): HTMLElement {
  const columns: Column<OperatedAccountJson>[] = [
    { head: WORDS.account, isName: true, cell: ({ email }) => email },
    { head: WORDS.plan, cell: (account) => planButton(account, visit) },
    { head: WORDS.state, cell: subscriptionOf },
    { head: WORDS.calls, isNumber: true, cell: ({ calls_this_month }) => formatCount(calls_this_month) },
    { head: WORDS.since, isExtra: true, cell: ({ created_at }) => formatDay(created_at) },
    { head: WORDS.keys, cell: (account) => keysOf(account, visit) },
  ];
  return table(WORDS.list, columns, accounts, "stacked");
}

function subscriptionOf({ active, status }: OperatedAccountJson): HTMLElement {
  const words = status === null ? undefined : (STATUS_WORDS[status]?.[0] ?? status);
  const told = active ? WORDS.active : WORDS.inactive;
  return element("span", { class: `status ${active ? "" : "off"}`, title: words }, told);
}

function planButton(account: OperatedAccountJson, visit: Visit): HTMLElement {
  const name = PLAN_NAMES[account.plan];
  const label = `${WORDS.changePlan}: ${account.email}, ${name}`;
  const button = element(
    "button",
    { type: "button", class: "link", id: `plan-${account.id}`, "aria-label": label },
    name,
  );
  button.addEventListener("click", () => {
    const plans = (["resident", "agent", "city"] as const).map((plan) =>
      element("option", { value: plan, selected: plan === account.plan }, PLAN_NAMES[plan]),
    );
    const select = element("select", { id: "operator-plan", name: "plan" }, ...plans);
    confirmFirst({
      title: WORDS.changeTitle(account.email),
      text: WORDS.changeText,
      confirm: WORDS.save,
      isGrave: false,
      fields: [element("div", { class: "field" }, element("label", { for: "operator-plan" }, WORDS.plan), select)],
      async act({ plan = account.plan }) {
        await changePlan(account.id, plan);
        visit.say(WORDS.changed(account.email));
        visit.redraw();
      },
    });
  });
  return button;
}

function keysOf(account: OperatedAccountJson, visit: Visit): Node | string {
  const { keys } = account;
  if (keys.length === 0) return "–";
  const rows = keys.map((key) =>
    element(
      "li",
      {},
      element("code", {}, `${key.prefix}…`),
      ` ${key.name}, ${formatCount(key.calls_this_month)}, `,
      key.last_used_at === null ? KEY_WORDS.never : timeAgo(Date.parse(key.last_used_at), Date.now()),
      " ",
      key.revoked_at === null
        ? revoking(key, account, visit)
        : element("span", { class: "status off" }, KEY_WORDS.revoked),
    ),
  );
  return element(
    "details",
    { class: "operated-keys" },
    element("summary", {}, WORDS.keysOf(keys.length)),
    element("ul", {}, ...rows),
  );
}

function revoking(key: OperatedKey, account: OperatedAccountJson, visit: Visit): HTMLElement {
  const label = `${WORDS.revoke}: ${key.name}, ${account.email}`;
  const button = element("button", { type: "button", class: "link", "aria-label": label }, WORDS.revoke);
  button.addEventListener("click", () =>
    confirmFirst({
      title: WORDS.revokeTitle(key.name),
      text: KEY_WORDS.revokeText,
      confirm: WORDS.revoke,
      async act() {
        await revokeKeyOf(account.id, key.id ?? key.prefix);
        visit.say(KEY_WORDS.revokedSaid(key.name));
        visit.redraw();
      },
    }),
  );
  return button;
}
