import type { Page } from "../page/page-state.ts";
import { element } from "../ui/dom.ts";
import { AREAS, rankingTitle } from "../words/score-words.ts";

/**
 * The way from the ramp to the list of a city's areas, beside "Not enough reports". @returns what shows it, or hides it: where no areas
 * are in view, the map is in no city, or the page has no panel.
 */
export function bindRankingLink(page: Page): (areThere: boolean) => void {
  const city = document.querySelector<HTMLSelectElement>("#city");
  const link = element("button", { type: "button", class: "link ranking-link" }, AREAS);
  link.addEventListener("click", () => page.set({ card: `all-of:${city?.value}` }));
  return (areThere) => {
    link.hidden = !areThere || !city?.value;
    link.title = rankingTitle(city?.selectedOptions[0]?.textContent ?? "");
    // Moved it would lose the focus.
    if (!link.isConnected) document.querySelector(".ramp-none")?.append(link);
  };
}
