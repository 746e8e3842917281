import { formatHash, INITIAL_STATE, type PageState, parseHash } from "./address.ts";
import { createWayBack, type WayBack } from "./way-back.ts";

export type { MapView, PageState } from "./address.ts";

/** The page's state and who wants to hear of it. */
export interface Page {
  get(): PageState;
  /** Takes the change, tells every listener once, and writes the address. */
  set(change: Partial<PageState>): void;
  listen(listener: (state: PageState, before: PageState) => void): void;
}

/** A page with an address of its own, and a history. */
export interface AddressedPage extends Page {
  readonly back: WayBack;
}

export function createPage(): AddressedPage {
  let state = parseHash(location.hash, INITIAL_STATE);
  const listeners: ((state: PageState, before: PageState) => void)[] = [];
  const apply = (next: PageState) => {
    const before = state;
    state = next;
    for (const listener of listeners) listener(state, before);
  };
  // Replaced, not pushed: panning must not fill the history.
  const write = () => history.replaceState(history.state, "", formatHash(state));
  const back = createWayBack(write);
  addEventListener("hashchange", () => {
    if (location.hash === formatHash(state)) return;
    if (history.state === null) back.left();
    apply(parseHash(location.hash, state));
  });
  const set = (change: Partial<PageState>) => {
    const { card } = { ...state, ...change };
    if (card && !state.card) back.opened("card", () => set({ card: undefined }));
    if (!card && state.card) back.closed("card");
    apply({ ...state, ...change });
    write();
  };
  return { get: () => state, set, listen: (listener) => listeners.push(listener), back };
}
