import type { ListedAreaJson } from "../../api/areas.ts";
import { element } from "../../ui/dom.ts";
import { TREND_WORDS as WORDS } from "../../words/dashboard-trend-words.ts";
import { addressOf, askOnce } from "../api/ask.ts";
import { fetchOwnAreas } from "../api/own-areas.ts";
import type { Visit } from "../page/visit.ts";

const listAddress = (city: string): string => addressOf("/api/areas", { city, format: "list", limit: 500 });

/** Areas that one can ask about: the city's, by name, and whatever the account drew itself. */
export interface KnownAreas {
  readonly ofCity: readonly ListedAreaJson[];
  readonly own: readonly ListedAreaJson[];
}

/** @throws AskError. Without own areas, or without an answer about them, there are none. */
export async function knownAreas(city: string): Promise<KnownAreas> {
  const [{ areas }, own] = await Promise.all([
    askOnce<{ areas: readonly ListedAreaJson[] }>(listAddress(city)),
    fetchOwnAreas().then(
      (answer) => answer.areas,
      () => [],
    ),
  ]);
  return { ofCity: areas.toSorted((a, b) => a.name.localeCompare(b.name)), own };
}

/** A select of a city's areas, which come a moment later; what the address names is chosen. */
export function areaChoice(visit: Visit): HTMLElement {
  const { city, route, set } = visit;
  const chosen = route.query.area ?? "";
  const select = element(
    "select",
    { id: "choose-area" },
    element("option", { value: "" }, WORDS.allOf(city.name)),
    chosen === "" ? undefined : element("option", { value: chosen, selected: true }, "…"),
  );
  select.addEventListener("change", () => set({ area: select.value || undefined }));
  void knownAreas(city.id).then(
    (known) => fillAreas(select, known, chosen, [WORDS.allOf(city.name)]),
    () => {},
  );
  return element("label", { class: "choice" }, element("span", {}, WORDS.area), select);
}

/** @param leading words of the options that stand for no area */
export function fillAreas(
  select: HTMLSelectElement,
  { ofCity, own }: KnownAreas,
  chosen: string,
  leading: readonly string[],
): void {
  const options = (areas: readonly ListedAreaJson[]) =>
    areas.map(({ id, name }) => element("option", { value: id, selected: id === chosen }, name));
  select.replaceChildren(
    ...leading.map((words) => element("option", { value: "" }, words)),
    ...(own.length > 0 ? [element("optgroup", { label: WORDS.ownAreas }, ...options(own))] : []),
    ...(own.length > 0 ? [element("optgroup", { label: WORDS.ofCity }, ...options(ofCity))] : options(ofCity)),
  );
  select.value = chosen;
}
