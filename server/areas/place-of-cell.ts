import { cellBounds } from "../../tiles/geo/geohash.ts";
import { PLACES } from "./places.ts";

/** Farther away, a name would be of another part of the city. */
const NEAR_KM = 2;
const KM_PER_DEGREE = 111.2;

/** What people call the place around a cell's centre: the nearest name on the basemap; `undefined` where none is near. */
export function placeOfCell(geohash: string): string | undefined {
  const { west, south, east, north } = cellBounds(geohash);
  const lonDeg = (west + east) / 2;
  const latDeg = (south + north) / 2;
  const lonScale = Math.cos((latDeg * Math.PI) / 180);
  let nearest: string | undefined;
  let nearestKm = NEAR_KM;
  for (const place of PLACES) {
    const km = KM_PER_DEGREE * Math.hypot((place.lonDeg - lonDeg) * lonScale, place.latDeg - latDeg);
    if (km >= nearestKm) continue;
    nearest = place.name;
    nearestKm = km;
  }
  return nearest;
}
