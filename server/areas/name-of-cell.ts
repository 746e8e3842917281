import { cityOfCell } from "./city-of-cell.ts";
import { placeOfCell } from "./place-of-cell.ts";

/** Length of the geohashes that are as small as what a name on the map stands for. */
const NEIGHBORHOOD_PRECISION = 6;

/**
 * What to call a cell in a list, never empty: a neighbourhood as the nearest name of the map, other cells, and those with no name near, as a
 * part of their city, and beyond all cities by the geohash.
 */
export function nameOfCell(geohash: string): string {
  const place = geohash.length >= NEIGHBORHOOD_PRECISION ? placeOfCell(geohash) : undefined;
  if (place !== undefined) return place;
  const city = cityOfCell(geohash);
  return city === undefined ? geohash : `Part of ${city.name}`;
}
