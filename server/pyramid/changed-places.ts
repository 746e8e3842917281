import { encodeGeohash } from "../../tiles/geo/geohash.ts";
import type { ReportColumns } from "../../tiles/report-columns.ts";

/** Precision of the places that changes are told of, about 38 x 19 m: smaller than a tile. Of very many the cell is told. */
const PLACE_PRECISION = 8;
const MAX_PLACES = 8;

/** The small cells that rows lie in; undefined when there are many, or the rows are not known. */
export function placesOf(rows: ReportColumns | undefined): string[] | undefined {
  const places = new Set<string>();
  for (let i = 0; i < (rows?.length ?? 0) && places.size <= MAX_PLACES; i++) {
    const { lonE6, latE6 } = rows as ReportColumns;
    places.add(encodeGeohash((lonE6[i] as number) / 1e6, (latE6[i] as number) / 1e6, PLACE_PRECISION));
  }
  return rows === undefined || places.size > MAX_PLACES ? undefined : [...places];
}
