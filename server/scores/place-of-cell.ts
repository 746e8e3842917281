import { cellBounds } from "../../tiles/geo/geohash.ts";
import { AUSTIN } from "../basemap/city/austin.ts";
import { BROOKLYN } from "../basemap/city/brooklyn.ts";
import { SAN_FRANCISCO } from "../basemap/city/san-francisco.ts";

/** Farther away, a name would be of another part of the city. */
const NEAR_KM = 2;
const KM_PER_DEGREE = 111.2;

interface Place {
  readonly name: string;
  readonly lonDeg: number;
  readonly latDeg: number;
}

/** The named neighbourhoods of the basemap. */
const PLACES: readonly Place[] = [SAN_FRANCISCO, BROOKLYN, AUSTIN].flatMap(({ places }) =>
  places.map(([name, , at]) => {
    const [lonDeg = Number.NaN, latDeg = Number.NaN] = at.split(" ").map(Number);
    return { name, lonDeg, latDeg };
  }),
);

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
