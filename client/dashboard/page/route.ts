/** What the dashboard shows, in the order of its navigation; the last ones are for whoever is not signed in, too. */
export const VIEWS = [
  "overview",
  "trends",
  "compare",
  "queue",
  "moderation",
  "exports",
  "areas",
  "keys",
  "usage",
  "billing",
  "account",
  "operator",
] as const;
export type ViewName = (typeof VIEWS)[number];

/** Screens that need nobody signed in. */
export const OPEN_VIEWS = ["sign-in", "sign-up", "forgot", "reset", "pricing"] as const;
export type OpenViewName = (typeof OPEN_VIEWS)[number];

/** What the address shows: a view, and what it was asked for. */
export interface Route {
  readonly view: ViewName | OpenViewName;
  readonly query: Readonly<Record<string, string>>;
}

const NAMES: readonly string[] = [...VIEWS, ...OPEN_VIEWS];
const isView = (name: string | undefined): name is Route["view"] => name !== undefined && NAMES.includes(name);

/** Longer values are none of ours. */
const MAX_LENGTH = 2_000;

/**
 * Reads `?view=trends&city=austin`. Mails lead to `?reset=TOKEN` and `?verified`, which name their screens themselves; what is no view is the
 * overview.
 */
export function parseRoute(search: string): Route {
  const { view, ...query } = Object.fromEntries(
    [...new URLSearchParams(search)].filter(([, value]) => value.length <= MAX_LENGTH),
  );
  if (query.reset !== undefined) return { view: "reset", query };
  if (query.verified !== undefined) return { view: "sign-in", query };
  return { view: isView(view) ? view : "overview", query };
}

/** The address's part that `parseRoute` reads; values that are empty are left out. */
export function formatRoute({ view, query }: Route): string {
  const given = Object.entries(query).filter(([, value]) => value !== "");
  return `?${new URLSearchParams([["view", view], ...given])}`;
}
