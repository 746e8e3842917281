import { element, find, icon } from "../ui/dom.ts";
import type { Icon } from "../ui/icons.ts";
import { GROUP_WORDS, PLAN_NAMES, planNeeded, SIGN_IN, SIGN_OUT, VIEW_WORDS } from "../words/dashboard-words.ts";
import { type AccountJson, hasPlan, isModerator } from "./api/account.ts";
import type { Route, ViewName } from "./page/route.ts";

/** What the navigation leads with: the parts of the dashboard in their groups, and the least plan that gives each. */
const GROUPS: readonly (readonly [group: keyof typeof GROUP_WORDS, views: readonly ViewName[]])[] = [
  ["city", ["overview", "trends", "compare", "queue", "moderation"]],
  ["data", ["exports", "areas", "keys", "usage"]],
  ["account", ["billing", "account"]],
  ["operator", ["operator"]],
];

// Lucide lock-keyhole, without its hole
const LOCK: Icon = [
  "M6 11h12a2 2 0 0 1 2 2v7a2 2 0 0 1-2 2H6a2 2 0 0 1-2-2v-7a2 2 0 0 1 2-2z",
  "M8 11V7a4 4 0 0 1 8 0v4",
];

export interface ShellOptions {
  readonly account: AccountJson | undefined;
  readonly route: Route;
  hrefOf(view: Route["view"]): string;
  onSignOut(): void;
}

/** The navigation beside, or above, what is shown. */
export function drawNavigation(options: ShellOptions): void {
  const { account } = options;
  const nav = find("#nav");
  document.body.classList.toggle("visitor", account === undefined);
  find("#menu").hidden = account === undefined;
  nav.replaceChildren(...(account === undefined ? visitorLinks(options) : memberLinks(account, options)));
}

function visitorLinks({ route, hrefOf }: ShellOptions): HTMLElement[] {
  const link = (view: "pricing" | "sign-in", words: string) =>
    element("a", { href: hrefOf(view), "aria-current": route.view === view ? "page" : undefined }, words);
  return [
    element("a", { href: "./" }, "Map"),
    element("a", { href: "./docs" }, "API"),
    link("pricing", VIEW_WORDS.pricing.link),
    link("sign-in", SIGN_IN),
  ];
}

function memberLinks(account: AccountJson, options: ShellOptions): HTMLElement[] {
  const groups = GROUPS.filter(([group]) => group !== "operator" || account.is_operator);
  const lists = groups.map(([group, views]) =>
    element(
      "section",
      { class: "nav-group" },
      element("h2", {}, GROUP_WORDS[group]),
      element("ul", {}, ...views.map((view) => element("li", {}, viewLink(view, account, options)))),
    ),
  );
  const out = element("button", { type: "button", class: "link sign-out" }, SIGN_OUT);
  out.addEventListener("click", options.onSignOut);
  const who = element("p", { class: "nav-who" }, element("span", { title: account.email }, account.email), out);
  return [...lists, who];
}

function viewLink(view: ViewName, account: AccountJson, { route, hrefOf }: ShellOptions): HTMLElement {
  const lacks = lackedPlan(view, account);
  return element(
    "a",
    { href: hrefOf(view), "aria-current": route.view === view ? "page" : undefined, "data-view": view },
    VIEW_WORDS[view].link,
    lacks && icon(LOCK),
    lacks && element("span", { class: "visually-hidden" }, `, ${planNeeded(lacks)}`),
  );
}

function lackedPlan(view: ViewName, account: AccountJson): string | undefined {
  if (view === "exports" && !hasPlan(account, "agent")) return PLAN_NAMES.agent;
  if (view === "queue" && !hasPlan(account, "city")) return PLAN_NAMES.city;
  if (view === "moderation" && !hasPlan(account, "city") && !isModerator(account)) return PLAN_NAMES.city;
  return undefined;
}

/** On a narrow screen the navigation folds. */
export function bindMenu(): { close(): void } {
  const menu = find("#menu");
  const set = (open: boolean) => {
    menu.ariaExpanded = String(open);
    document.body.classList.toggle("menu-open", open);
  };
  menu.addEventListener("click", () => set(menu.ariaExpanded !== "true"));
  addEventListener("keydown", ({ key }) => {
    if (key !== "Escape" || menu.ariaExpanded !== "true") return;
    set(false);
    menu.focus();
  });
  return { close: () => set(false) };
}
