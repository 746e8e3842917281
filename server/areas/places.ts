import type { FeatureCollection, Point } from "geojson";
import places from "./places.json" with { type: "json" };

/** A neighbourhood or landmark as people name it, at one point. */
export interface NamedPlace {
  /** Id of its city. */
  readonly city: string;
  readonly name: string;
  /** 1 is named first. */
  readonly rank: number;
  readonly lonDeg: number;
  readonly latDeg: number;
}

/** The named places of the seeded cities, from general knowledge. */
export const PLACES: readonly NamedPlace[] = (
  places as FeatureCollection as FeatureCollection<Point, Pick<NamedPlace, "city" | "name" | "rank">>
).features.map(({ geometry: { coordinates }, properties: { city, name, rank } }) => {
  const [lonDeg = Number.NaN, latDeg = Number.NaN] = coordinates;
  return { city, name, rank, lonDeg, latDeg };
});
