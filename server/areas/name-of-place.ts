import { boxesMeet, boxOfBounds } from "../../tiles/areas/area.ts";
import { cellBounds } from "../../tiles/geo/geohash.ts";
import { StoreUnavailableError } from "../ports/report-store.ts";
import type { AreaSetVersion } from "./area-sets.ts";
import { type AreasNear, isLost } from "./area-shapes.ts";
import { cityOfCell } from "./city-of-cell.ts";
import { createCityOfPlace } from "./city-of-place.ts";
import type { AreaSource } from "./find-area.ts";
import { nameOfCell } from "./name-of-cell.ts";

/** What a place is called. */
export interface PlaceName {
  /** Of the area that it lies in, else the nearest name on the map, else its geohash. Never empty. */
  readonly name: string;
  /** Id of that area; null where it lies in none. */
  readonly area: string | null;
  /** Id of its city; null outside all of them. */
  readonly city: string | null;
}

export interface PlaceNames {
  /** @param geohash of the cell that the place lies in, of five characters or more. @throws StoreUnavailableError */
  of(place: Place, geohash: string): Promise<PlaceName>;
  /**
   * What a cell of any size is called, as lists call it; a neighbourhood for which the map has no name, by the area in which its centre lies.
   * Cells are told of PostgreSQL: where the areas' store is away they do without areas, and from then on all of them, so that none waits again.
   */
  ofCell(geohash: string): Promise<PlaceName>;
}

interface Place {
  readonly lonDeg: number;
  readonly latDeg: number;
}

interface Near {
  readonly of: AreaSetVersion;
  readonly near: AreasNear;
}

const LOG_CELL = 5;
const NEIGHBOURHOOD_PRECISION = 6;
const NEIGHBORHOOD = "neighborhood";

/**
 * Names places by the areas that were imported. Areas near the place asked for last stay at hand, so places are best asked for cell by cell:
 * then a log cell costs one look at each city's set that meets it, and mostly no request, as a set's areas are in few items.
 * @param only the areas of this set, and no others
 */
export function createPlaceNames(areas: AreaSource | undefined, only?: AreaSetVersion): PlaceNames {
  if (areas === undefined) {
    const ofCell = async (geohash: string) => nameWithoutArea(geohash, undefined);
    return { of: (_, geohash) => ofCell(geohash), ofCell };
  }
  const { catalogue, shapes } = areas;
  const cityOfPlace = createCityOfPlace(catalogue);
  let known: { readonly geohash5: string; readonly sets: readonly Near[] } | undefined;

  async function readNear(geohash5: string): Promise<Near[]> {
    const box = boxOfBounds(cellBounds(geohash5));
    const sets = only === undefined ? namingSets(await catalogue.live()) : [only];
    const found: Near[] = [];
    for (const of of sets.filter(({ version }) => boxesMeet(version.box, box))) {
      try {
        found.push({ of, near: await shapes.near(of, geohash5) });
      } catch (error) {
        // Places are told without the names of areas that nobody can read any more.
        if (!isLost(error)) throw error;
      }
    }
    return found;
  }

  async function of(place: Place, geohash: string): Promise<PlaceName> {
    const geohash5 = geohash.slice(0, LOG_CELL);
    if (known?.geohash5 !== geohash5) known = { geohash5, sets: await readNear(geohash5) };
    const [lonE6, latE6] = [Math.round(place.lonDeg * 1e6), Math.round(place.latDeg * 1e6)];
    for (const { of, near } of known.sets) {
      const area = near.areas[near.find(lonE6, latE6)];
      if (area === undefined) continue;
      return { name: area.name, area: area.id, city: cityOfCell(geohash)?.id ?? of.set.city.id };
    }
    return nameWithoutArea(geohash, await cityOfPlace(place));
  }

  async function ofCellByAreas(geohash: string): Promise<PlaceName> {
    const centre = centreOfCell(geohash);
    if (geohash.length >= NEIGHBOURHOOD_PRECISION) return of(centre, geohash);
    return nameWithoutArea(geohash, await cityOfPlace(centre));
  }

  let isAway = false;
  return {
    of,
    async ofCell(geohash) {
      if (isAway || nameOfCell(geohash) !== geohash) return nameWithoutArea(geohash, undefined);
      try {
        return await ofCellByAreas(geohash);
      } catch (error) {
        if (!(error instanceof StoreUnavailableError)) throw error;
        isAway = true;
        return nameWithoutArea(geohash, undefined);
      }
    },
  };
}

/** What cells are called, by geohash. They are asked for in the order of their geohashes, as neighbours share what is read. */
export async function nameCells(names: PlaceNames, geohashes: Iterable<string>): Promise<ReadonlyMap<string, string>> {
  const found = new Map<string, string>();
  for (const geohash of [...geohashes].sort()) found.set(geohash, (await names.ofCell(geohash)).name);
  return found;
}

function centreOfCell(geohash: string): Place {
  const { west, south, east, north } = cellBounds(geohash);
  return { lonDeg: (west + east) / 2, latDeg: (south + north) / 2 };
}

const nameWithoutArea = (geohash: string, city: string | undefined): PlaceName => ({
  name: nameOfCell(geohash),
  area: null,
  city: cityOfCell(geohash)?.id ?? city ?? null,
});

/**
 * The sets by which places are named: of each city its neighbourhoods, or else the kind with the most areas, which are the smallest. Borders
 * that somebody has drawn come before those that are the product's own guess.
 */
export function namingSets(live: readonly AreaSetVersion[]): AreaSetVersion[] {
  const byCity = Map.groupBy(live, ({ set }) => set.city.id);
  const chosen = [...byCity.values()].flatMap((sets) => sets.toSorted(compareKinds).slice(0, 1));
  return chosen.sort((a, b) => Number(isGuess(a)) - Number(isGuess(b)));
}

const isGuess = ({ version }: AreaSetVersion): boolean => version.approximate === true;

function compareKinds(a: AreaSetVersion, b: AreaSetVersion): number {
  const isOther = ({ set }: AreaSetVersion) => Number(set.kind !== NEIGHBORHOOD);
  return isOther(a) - isOther(b) || b.version.areaCount - a.version.areaCount;
}
