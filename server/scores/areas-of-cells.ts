import { boundsOfBox } from "../../tiles/areas/area.ts";
import { cellBounds } from "../../tiles/geo/geohash.ts";
import { type AreaSets, type AreaSetVersion, keyOfVersion, liveSets } from "../areas/area-sets.ts";
import { type AreaShapes, isLost } from "../areas/area-shapes.ts";

/** Where areas to count by are found. */
export interface CountedAreas {
  readonly sets: AreaSets;
  readonly shapes: AreaShapes;
}

/** The areas that meet a cell of the log. */
export interface AreasOfCell {
  /** Names the versions of sets that the areas are of; empty without any. */
  readonly key: string;
  /** Ids of the areas in which a report lies: one of each set at the most. */
  find(lonDeg: number, latDeg: number): string[];
}

export const NO_AREAS: AreasOfCell = { key: "", find: () => [] };

/** The sets that are live, also those that became it a moment ago. */
export const readLiveSets = async ({ sets }: CountedAreas): Promise<AreaSetVersion[]> =>
  liveSets(await sets.read({ consistent: true }));

/** Whether areas of a set may meet a cell. */
export function isAround({ version }: AreaSetVersion, geohash: string): boolean {
  const [cell, box] = [cellBounds(geohash), boundsOfBox(version.box)];
  return cell.west <= box.east && box.west <= cell.east && cell.south <= box.north && box.south <= cell.north;
}

/** The areas of sets that meet a cell. A set of which something is lost has none: it must be imported again. */
export async function areasOfCell(
  { shapes }: CountedAreas,
  live: readonly AreaSetVersion[],
  geohash5: string,
): Promise<AreasOfCell> {
  const around = live.filter((of) => isAround(of, geohash5));
  if (around.length === 0) return NO_AREAS;
  const found = await Promise.all(
    around.map(async (of) => {
      try {
        return { key: keyOfVersion(of), near: await shapes.near(of, geohash5) };
      } catch (error) {
        if (isLost(error)) return undefined;
        throw error;
      }
    }),
  );
  const readable = found.flatMap((each) => each ?? []);
  return {
    key: readable.map(({ key }) => key).join(),
    find(lonDeg, latDeg) {
      const [lonE6, latE6] = [Math.round(lonDeg * 1e6), Math.round(latDeg * 1e6)];
      return readable.flatMap(({ near }) => near.areas[near.find(lonE6, latE6)]?.id ?? []);
    },
  };
}
