import type { CitySketch, LonLat } from "./city-sketch.ts";
import type { Happening } from "./happenings.ts";
import { distanceM, type Place } from "./places.ts";
import type { Random } from "./random.ts";

/** So many reports have a text; the others are a category and a place. */
const TEXT_SHARE = 0.72;
const NEAR_M = 450;
const TRIES = 4;
/** How many random numbers a report's words can take: one for whether there are any, three for each try. */
export const WORD_DRAWS: readonly number[] = Array.from({ length: TRIES + 1 }, (_, tries) => 1 + 3 * tries);

/** Writes what a resident of a city says about something somewhere, if anything; seldom the same twice. */
export function createWriter(
  { spots }: CitySketch,
  random: Random,
): (happening: Happening, place: Place, at: LonLat) => string | undefined {
  const written = new Set<string>();

  function nearest(at: LonLat): string | undefined {
    let [name, closest]: [string | undefined, number] = [undefined, NEAR_M];
    for (const spot of spots) {
      const distance = distanceM(spot.at, at);
      if (distance < closest) [name, closest] = [spot.name, distance];
    }
    return name;
  }

  return ({ texts }, place, at) => {
    if (random.next() >= TEXT_SHARE) return undefined;
    const near = nearest(at);
    // At a spot "near the spot" would say it twice, or name another one.
    const fitting = texts.filter(
      (text) => !text.includes("{near}") || (near !== undefined && !text.includes("{where}")),
    );
    let text = "";
    for (let tries = 0; tries < TRIES && (text === "" || written.has(text)); tries++) {
      text = random
        .pick(fitting)
        .replaceAll("{where}", place.where)
        .replaceAll("{near}", near ?? "")
        .replaceAll("{n}", String(random.between(2, 9)))
        .replaceAll("{m}", String(random.between(2, 9) * 5));
    }
    written.add(text);
    return text.charAt(0) === "{" ? undefined : text;
  };
}
