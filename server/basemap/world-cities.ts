import type { FeatureCollection, Point } from "geojson";
import cities from "./world-cities.json" with { type: "json" };

/** Cities that orient a reader at country zoom, to 0.05 degrees. Rank 1 is named from zoom 2 on, 2 from 4, 3 from 5, 4 from 6. */
export const WORLD_CITIES = (cities as FeatureCollection as FeatureCollection<Point, { name: string; rank: number }>)
  .features;
