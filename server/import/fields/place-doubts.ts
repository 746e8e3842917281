import { WORLD_CITIES } from "../../basemap/world-cities.ts";
import type { FieldValues, Mapping } from "./mapping.ts";
import { isProjectedPlace, type Place } from "./place.ts";
import { formatPlace, type PlaceBox } from "./place-box.ts";
import { distanceKm } from "./place-outliers.ts";
import { shellQuote } from "./show-value.ts";

/** Reports lie where people do: so near a larger city, or the place is doubted. */
const NEAR_KM = 400;
/** So many times further from all cities as it is than when swapped. */
const CLEARLY_FURTHER = 3;

/** The larger city that is nearest, and how far, km along the sphere. */
function nearestCity(place: Place): { readonly name: string; readonly distanceKm: number } {
  let [name, nearest] = ["", Number.POSITIVE_INFINITY];
  for (const { geometry, properties } of WORLD_CITIES) {
    const [lonDeg = 0, latDeg = 0] = geometry.coordinates;
    const km = distanceKm(place, { lonDeg, latDeg });
    if (km < nearest) [name, nearest] = [properties.name, km];
  }
  return { name, distanceKm: nearest };
}

/** The city near which a place lies when its coordinates change places, where that is far likelier than the place itself. */
export function citySwapped({ lonDeg, latDeg }: Place): string | undefined {
  if (Math.abs(lonDeg) > 90) return undefined;
  const swapped = nearestCity({ lonDeg: latDeg, latDeg: lonDeg });
  const isLikely = swapped.distanceKm <= NEAR_KM;
  const far = Math.max(NEAR_KM, swapped.distanceKm * CLEARLY_FURTHER);
  return isLikely && nearestCity({ lonDeg, latDeg }).distanceKm > far ? swapped.name : undefined;
}

/** Sentences about places that look wrong though each could be right. */
export function doubtPlaces(box: PlaceBox | undefined, beyondLatitude: number, mapping: Mapping): string[] {
  const city = box && citySwapped(box.centre);
  if (box && city !== undefined) {
    return [
      `The centre of the places, ${formatPlace(box.centre)}, is far from any larger city, and near ${city} with longitude and latitude swapped. ` +
        `Swapped? ${howToSwap(mapping)}`,
    ];
  }
  if (beyondLatitude === 0 || (box && beyondLatitude < box.count / 100)) return [];
  return [`Latitudes beyond 90 that would do as longitudes: ${beyondLatitude}. Swapped? ${howToSwap(mapping)}`];
}

function howToSwap({ sources, point }: Mapping): string {
  if (point) return "Say --lon-first if the longitude comes first in your pairs, or leave it away.";
  const columnOf = (field: "lon" | "lat"): string => {
    const source = sources[field] ?? { column: field };
    return shellQuote("column" in source ? source.column : `=${source.constant}`);
  };
  return `Then say --lon ${columnOf("lat")} --lat ${columnOf("lon")}.`;
}

export interface ProjectionWatch {
  /** Of the rows of a file in their order; all but the first 1 000 are passed over. */
  note(values: FieldValues): void;
  /** Whether at least half of them are metres or feet. */
  isProjected(): boolean;
}

const WATCHED_ROWS = 1000;

/** Tells a file in metres, of which a few rows could be degrees by chance: these would lie anywhere. */
export function createProjectionWatch(): ProjectionWatch {
  let [rows, projected] = [0, 0];
  return {
    note(values) {
      if (rows === WATCHED_ROWS) return;
      rows++;
      if (isProjectedPlace(values)) projected++;
    },
    isProjected: () => projected > 0 && projected * 2 >= rows,
  };
}
