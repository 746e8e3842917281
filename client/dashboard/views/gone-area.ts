import type { AreaCardJson } from "../../api/api.ts";
import { TREND_WORDS as WORDS } from "../../words/dashboard-trend-words.ts";
import { AskError, askOnce } from "../api/ask.ts";
import { emptiness } from "../parts/panel.ts";

/** Path of an area's card. */
export const cardAddress = (id: string): string => `/api/areas/${encodeURIComponent(id)}`;

/** Whether there is no such area for this account: a link to another's own, or to one that was deleted. What cannot be asked is taken to be there. */
export const isGone = (id: string): Promise<boolean> =>
  askOnce<AreaCardJson>(cardAddress(id)).then(
    () => false,
    (error: unknown) => error instanceof AskError && error.status === 404,
  );

/** In place of figures that would all be refused. */
export function goneArea(): HTMLElement {
  const shown = emptiness(WORDS.goneTitle, WORDS.goneText);
  shown.classList.add("wide");
  return shown;
}
