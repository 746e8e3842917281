import { formatHash, INITIAL_STATE, type PageState, parseHash } from "./address.ts";

export type { MapView, PageState } from "./address.ts";

/** The page's state and who wants to hear of it. */
export interface Page {
  get(): PageState;
  /** Takes the change, tells every listener once, and writes the address. */
  set(change: Partial<PageState>): void;
  listen(listener: (state: PageState, before: PageState) => void): void;
}

export function createPage(): Page {
  let state = parseHash(location.hash, INITIAL_STATE);
  const listeners: ((state: PageState, before: PageState) => void)[] = [];
  const apply = (next: PageState) => {
    const before = state;
    state = next;
    for (const listener of listeners) listener(state, before);
  };
  addEventListener("hashchange", () => apply(parseHash(location.hash, state)));
  return {
    get: () => state,
    set: (change) => {
      apply({ ...state, ...change });
      // Replaced, not pushed: panning must not fill the history.
      history.replaceState(history.state, "", formatHash(state));
    },
    listen: (listener) => listeners.push(listener),
  };
}
