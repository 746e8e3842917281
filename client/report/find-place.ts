import type { PlaceJson } from "../api/api.ts";
import type { Place } from "./place.ts";

/** "Mission District, San Francisco". */
export const labelOf = ({ name, city }: PlaceJson): string => (city === undefined ? name : `${name}, ${city}`);

/**
 * What somebody means by a text: the place of that name, or the first that begins with it, or has it in its name. Names are in
 * more than one city; those come first that are nearest to `near`.
 */
export function findPlace(text: string, places: readonly PlaceJson[], near: Place): PlaceJson | undefined {
  const wanted = plain(text);
  if (wanted === "") return undefined;
  const byDistance = [...places].sort((a, b) => distanceDeg(a, near) - distanceDeg(b, near));
  const names = (place: PlaceJson) => [plain(place.name), plain(labelOf(place))];
  return (
    byDistance.find((place) => names(place).includes(wanted)) ??
    byDistance.find((place) => plain(labelOf(place)).startsWith(wanted)) ??
    byDistance.find((place) => plain(labelOf(place)).includes(wanted))
  );
}

/** "37.7599, -122.4148": latitude first, as maps on phones copy it. */
export function parseCoordinates(text: string): Place | undefined {
  const [, latText, lonText] = /^\s*([-+]?\d+(?:\.\d+)?)°?[\s,;]+([-+]?\d+(?:\.\d+)?)°?\s*$/.exec(text) ?? [];
  if (latText === undefined || lonText === undefined) return undefined;
  const [lat, lon] = [Number(latText), Number(lonText)];
  return Math.abs(lat) <= 90 && Math.abs(lon) <= 180 ? { lat, lon } : undefined;
}

/** Without accents, capitals and punctuation: as people type on a phone. */
const plain = (text: string): string =>
  text
    .normalize("NFD")
    .replaceAll(/\p{M}/gu, "")
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}]+/gu, " ")
    .trim();

const distanceDeg = (a: Place, b: Place): number =>
  Math.hypot((a.lon - b.lon) * Math.cos((b.lat * Math.PI) / 180), a.lat - b.lat);
