import type { AreaCatalogue } from "./area-catalogue.ts";
import { CITIES } from "./cities.ts";

/** A place, as reports have it. */
interface Place {
  readonly lonDeg: number;
  readonly latDeg: number;
}

type Bbox = readonly [west: number, south: number, east: number, north: number];

const holds = ([west, south, east, north]: Bbox, { lonDeg, latDeg }: Place): boolean =>
  latDeg >= south &&
  latDeg <= north &&
  (west <= east ? lonDeg >= west && lonDeg <= east : lonDeg >= west || lonDeg <= east);

/** Id of the city whose box holds a place: one that the product knows, or one whose areas were imported. */
export function createCityOfPlace(
  catalogue: Pick<AreaCatalogue, "live">,
): (place: Place) => Promise<string | undefined> {
  return async (place) => {
    const known = CITIES.find(({ bbox }) => holds(bbox, place));
    if (known !== undefined) return known.id;
    return (await catalogue.live()).find(({ set }) => holds(set.city.bbox, place))?.set.city.id;
  };
}
