import { EMERGENCY_CATEGORIES } from "../../tiles/layers.ts";
import { element } from "../ui/dom.ts";
import { IN_AN_EMERGENCY } from "../words/form-words.ts";
import { emergencyNumber } from "./emergency-number.ts";
import type { Place } from "./place.ts";

/** A line that says whom to call, for a category that may be an emergency; undefined for others. `place` is undefined while nobody knows it. */
export function emergencyNote(category: string, place: Place | undefined): HTMLElement | undefined {
  if (!EMERGENCY_CATEGORIES.includes(category)) return undefined;
  const number = place && emergencyNumber(place);
  const [before, behind] = IN_AN_EMERGENCY.known;
  const words =
    number === undefined
      ? [IN_AN_EMERGENCY.unknown]
      : [before, element("a", { href: `tel:${number}` }, number), behind];
  return element("p", { class: "emergency", role: "note" }, ...words);
}
