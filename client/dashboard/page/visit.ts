import type { CityJson } from "../../api/api.ts";
import type { AccountJson } from "../api/account.ts";
import type { Route } from "./route.ts";

/** What the page gives to whatever it shows. */
export interface Navigation {
  readonly route: Route;
  /** Is aborted when something else is shown. */
  readonly signal: AbortSignal;
  /** Shows another view, as a step that Back takes back. The city stays. */
  go(view: Route["view"], query?: Route["query"]): void;
  /** The same view, asked for something else; `undefined` takes a part away. */
  set(change: Readonly<Record<string, string | undefined>>): void;
  /** The same again, after something has changed; the focus stays. */
  redraw(): void;
  /** Address of a view, for links. */
  hrefOf(view: Route["view"], query?: Route["query"]): string;
  /** A passing word. */
  say(text: string): void;
  /** Asks again who is signed in, and shows the view anew. */
  reload(): Promise<void>;
}

/** A view of somebody who is signed in. */
export interface Visit extends Navigation {
  readonly account: AccountJson;
  readonly cities: readonly CityJson[];
  /** The one that the address names, or else the account's own, or the first. */
  readonly city: CityJson;
}

/** What a view is made of, below its title. */
export type ViewContent = readonly Node[];
