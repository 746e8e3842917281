import type { Route, ViewName } from "./page/route.ts";
import type { Navigation, ViewContent, Visit } from "./page/visit.ts";

type Draw<V> = (visit: V) => ViewContent | Promise<ViewContent>;

/** The code of each view comes with its first visit. */
export const LOAD_VIEW: Readonly<Record<ViewName, () => Promise<Draw<Visit>>>> = {
  overview: async () => (await import("./views/overview.ts")).overviewView,
  trends: async () => (await import("./views/trends.ts")).trendsView,
  compare: async () => (await import("./views/compare.ts")).compareView,
  queue: async () => (await import("./views/queue.ts")).queueView,
  moderation: async () => (await import("./views/moderation.ts")).moderationView,
  exports: async () => (await import("./views/exports.ts")).exportsView,
  areas: async () => (await import("./views/own-areas.ts")).ownAreasView,
  keys: async () => (await import("./views/keys.ts")).keysView,
  usage: async () => (await import("./views/usage.ts")).usageView,
  billing: async () => (await import("./views/billing.ts")).billingView,
  account: async () => (await import("./views/account.ts")).accountView,
  operator: async () => (await import("./views/operator.ts")).operatorView,
};

/** Plans, for whoever is signed in or not. */
export const loadPricing = async (): Promise<Draw<Navigation>> => (await import("./views/pricing.ts")).pricingView;

/** Screens before one is signed in. */
export const loadEntrance = async (): Promise<Draw<Navigation>> => (await import("./views/entrance.ts")).entranceView;

export const isSignedInView = (view: Route["view"]): view is ViewName => view in LOAD_VIEW;
