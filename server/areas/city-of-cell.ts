import { cellBounds } from "../../tiles/geo/geohash.ts";
import { CITIES, type City } from "./cities.ts";

/** The city whose box holds the centre of a cell; `undefined` outside all of them. */
export function cityOfCell(geohash: string): City | undefined {
  const { west, south, east, north } = cellBounds(geohash);
  const lonDeg = (west + east) / 2;
  const latDeg = (south + north) / 2;
  return CITIES.find(({ bbox: [w, s, e, n] }) => lonDeg >= w && lonDeg <= e && latDeg >= s && latDeg <= n);
}
