import type { FeatureCollection, Point } from "geojson";
import places from "./places.json" with { type: "json" };

/** A neighbourhood or landmark as people name it, at one point. */
export interface NamedPlace {
  /** Id of its city. */
  readonly city: string;
  readonly name: string;
  /** 1 is named first. */
  readonly rank: number;
  /** Of another town, which the city's map names beside it. */
  readonly isBeyond: boolean;
  readonly lonDeg: number;
  readonly latDeg: number;
}

type PlaceProperties = Pick<NamedPlace, "city" | "name" | "rank"> & { readonly beyond?: boolean };

/** The named places of the seeded cities, from general knowledge. */
export const PLACES: readonly NamedPlace[] = (
  places as FeatureCollection as FeatureCollection<Point, PlaceProperties>
).features.map(({ geometry: { coordinates }, properties: { city, name, rank, beyond = false } }) => {
  const [lonDeg = Number.NaN, latDeg = Number.NaN] = coordinates;
  return { city, name, rank, isBeyond: beyond, lonDeg, latDeg };
});
