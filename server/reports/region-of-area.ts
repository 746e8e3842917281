import { createAreaLocator } from "../../tiles/areas/area-locator.ts";
import { EXACT_LEVEL, logCellsOfBox } from "../areas/area-pieces.ts";
import type { AreaShapes } from "../areas/area-shapes.ts";
import type { FoundArea } from "../areas/find-area.ts";
import type { Area } from "./area-reports.ts";

/** Most areas lie in a few log cells, whose cell aggregates are as many requests, and small. */
const CELL_AGGREGATE_LENGTH = 4;

/** The part of the map in which the reports of an area lie: exactly those that count for it, where areas overlap too. */
export async function regionOfArea(shapes: Pick<AreaShapes, "meeting">, { of, area }: FoundArea): Promise<Area> {
  const areas = await shapes.meeting(of, area.box, EXACT_LEVEL);
  const { find } = createAreaLocator(areas, area.box);
  const { west, south, east, north } = area.box;
  return {
    cells: logCellsOfBox(area.box),
    cellAggregateLength: CELL_AGGREGATE_LENGTH,
    isWhole: () => false,
    has(lonDeg, latDeg) {
      const [lonE6, latE6] = [Math.round(lonDeg * 1e6), Math.round(latDeg * 1e6)];
      if (lonE6 < west || lonE6 > east || latE6 < south || latE6 > north) return false;
      return areas[find(lonE6, latE6)]?.number === area.number;
    },
  };
}
