import { fetchPlaces, type PlaceJson } from "../../api/api.ts";

/** Farther than this, in degrees, nothing is near. */
const NEAR_DEG = 0.03;

let places: Promise<readonly PlaceJson[]> | undefined;

/** The names of the map; without an answer none. Asked once. */
export function loadPlaces(): Promise<readonly PlaceJson[]> {
  places ??= fetchPlaces().catch(() => {
    places = undefined;
    return [];
  });
  return places;
}

/** The nearest name of a place, as people say it; undefined where none is near. */
export function nearName(places: readonly PlaceJson[], lonDeg: number, latDeg: number): string | undefined {
  let [nearest, least]: [string | undefined, number] = [undefined, NEAR_DEG];
  const narrow = Math.cos((latDeg * Math.PI) / 180);
  for (const { name, lat, lon } of places) {
    const distance = Math.hypot((lon - lonDeg) * narrow, lat - latDeg);
    if (distance < least) [nearest, least] = [name, distance];
  }
  return nearest;
}
