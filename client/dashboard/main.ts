import "./dashboard.css";
import { type CityJson, fetchCities } from "../api/api.ts";
import { element, find } from "../ui/dom.ts";
import {
  DASHBOARD,
  DEMO_NOTE,
  LOADING,
  PART_MISSING,
  SESSION_ENDED,
  STARTING,
  VIEW_WORDS,
} from "../words/dashboard-words.ts";
import { type AccountJson, fetchAccount } from "./api/account.ts";
import { forgetAnswers, onSignedOut } from "./api/ask.ts";
import { patiently } from "./api/patiently.ts";
import { signOut } from "./api/sign-in.ts";
import { isSignedInView, LOAD_VIEW, loadEntrance, loadPricing } from "./load-view.ts";
import { formatRoute, parseRoute, type Route, type ViewName } from "./page/route.ts";
import type { Navigation, ViewContent, Visit } from "./page/visit.ts";
import { trouble } from "./parts/panel.ts";
import { bindMenu, drawNavigation } from "./shell.ts";

const SAID_MS = 6_000;

const main = find("#main");
const menu = bindMenu();
let account: AccountJson | undefined;
let cities: readonly CityJson[] = [];
let shown = new AbortController();

let drawnSearch: string | undefined;
// A link within the page changes no view.
addEventListener("popstate", () => {
  if (location.search !== drawnSearch) void draw();
});
document.addEventListener("click", followLink);
onSignedOut(() => {
  if (account === undefined) return;
  account = undefined;
  forgetAnswers();
  say(SESSION_ENDED);
  void draw();
});
void reload(() => draw());

/** Asks who is signed in, and draws what the address names. */
async function reload(drawIt: () => Promise<void> = drawFromTop): Promise<void> {
  try {
    [account, cities] = await Promise.all([patiently(fetchAccount, tellStarting), fetchCities()]);
  } catch (error) {
    main.ariaBusy = null;
    main.replaceChildren(trouble(error, () => void reload(drawIt)));
    return;
  }
  forgetAnswers();
  await drawIt();
}

const tellStarting = (): void =>
  main.replaceChildren(element("p", { class: "told starting", role: "status" }, STARTING));

/** Draws what the address names. The view is left where it is when it only was asked for something else. */
async function draw(isSameView = false): Promise<void> {
  shown.abort();
  shown = new AbortController();
  const { signal } = shown;
  drawnSearch = location.search;
  const route = parseRoute(drawnSearch);
  drawNavigation({ account, route, hrefOf: (view) => hrefOf(view), onSignOut: () => void leave() });
  menu.close();
  main.ariaBusy = "true";
  document.body.dataset.view = route.view;
  const focused = main.contains(document.activeElement) ? document.activeElement?.id : undefined;
  try {
    const content = await contentOf(route, navigationOf(route, signal));
    if (signal.aborted) return;
    main.replaceChildren(...headOf(route), element("div", { class: "view" }, ...content));
  } catch (error) {
    if (signal.aborted) return;
    console.error(error);
    main.replaceChildren(trouble(new Error(PART_MISSING), () => void draw()));
  }
  main.ariaBusy = null;
  if (!isSameView || focused === undefined) return;
  // What had the focus may be gone, as a key that was revoked.
  const next = document.getElementById(focused) ?? main.querySelector("h1");
  next?.focus({ preventScroll: true });
}

function contentOf(route: Route, navigation: Navigation): Promise<ViewContent> {
  const { view } = route;
  if (view === "pricing") return loadPricing().then((drawIt) => drawIt(navigation));
  const [first] = cities;
  if (account === undefined || view === "reset" || first === undefined)
    return loadEntrance().then((drawIt) => drawIt(navigation));
  // Whoever is signed in need not do so.
  const wanted: ViewName = isSignedInView(view) ? view : "overview";
  const own = account.cities[0];
  const city = cities.find(({ id }) => id === route.query.city) ?? cities.find(({ id }) => id === own) ?? first;
  const visit: Visit = { ...navigation, account, cities, city };
  return LOAD_VIEW[wanted]().then((drawIt) => drawIt(visit));
}

function headOf({ view }: Route): HTMLElement[] {
  const isInside = account !== undefined && view !== "reset";
  const inside = isSignedInView(view) ? view : "overview";
  const name = view === "pricing" ? view : isInside ? inside : undefined;
  const words = name === undefined ? undefined : VIEW_WORDS[name];
  document.title = words === undefined ? DASHBOARD : `${words.title} · ${DASHBOARD}`;
  if (words === undefined) return [];
  const note = account?.is_demo ? element("p", { class: "demo-note" }, DEMO_NOTE) : undefined;
  return [
    element(
      "header",
      { class: "view-head" },
      element("h1", { tabindex: "-1" }, words.title),
      element("p", { class: "lead" }, words.lead),
      note,
    ),
  ];
}

function navigationOf(route: Route, signal: AbortSignal): Navigation {
  return {
    route,
    signal,
    say,
    hrefOf,
    reload,
    redraw: () => void draw(true),
    go(view, query = {}) {
      history.pushState(null, "", hrefOf(view, query));
      void drawFromTop();
    },
    set(change) {
      const query = Object.entries({ ...route.query, ...change }).flatMap(([name, value]) =>
        value === undefined ? [] : [[name, value] as const],
      );
      history.pushState(null, "", formatRoute({ view: route.view, query: Object.fromEntries(query) }));
      void draw(true);
    },
  };
}

/** The city goes along from view to view. */
function hrefOf(view: Route["view"], query: Route["query"] = {}): string {
  const { city } = parseRoute(location.search).query;
  return formatRoute({ view, query: { ...(city !== undefined && isSignedInView(view) && { city }), ...query } });
}

async function drawFromTop(): Promise<void> {
  await draw();
  scrollTo(0, 0);
  // Whoever hears the page is told where they are.
  (main.querySelector<HTMLElement>("h1") ?? main).focus({ preventScroll: true });
}

/** Links to other views change what is shown, not the page. */
function followLink(event: MouseEvent): void {
  const { target, button, ctrlKey, metaKey, shiftKey, altKey, defaultPrevented } = event;
  if (defaultPrevented || button !== 0 || ctrlKey || metaKey || shiftKey || altKey) return;
  const link = target instanceof Element ? target.closest("a") : null;
  if (!link?.getAttribute("href")?.startsWith("?") || link.target !== "") return;
  event.preventDefault();
  history.pushState(null, "", link.href);
  void drawFromTop();
}

async function leave(): Promise<void> {
  await signOut().catch((error: unknown) => say(error instanceof Error ? error.message : LOADING));
  history.replaceState(null, "", formatRoute({ view: "sign-in", query: {} }));
  await reload();
}

function say(text: string): void {
  const notice = element("p", { class: "notice" }, text);
  find("#notices").append(notice);
  setTimeout(() => notice.remove(), SAID_MS);
}
