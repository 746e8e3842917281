import { CITY } from "../../words/dashboard-words.ts";
import type { Visit } from "../page/visit.ts";
import { choice } from "../parts/choice.ts";

/** The city that a view is about; with it the area goes, which lies in another. */
export function cityChoice({ cities, city, set }: Visit): HTMLElement {
  const options = cities.map(({ id, name }) => ({ value: id, label: name }));
  return choice("choose-city", CITY, options, city.id, (id) => set({ city: id, area: undefined, ids: undefined }));
}
