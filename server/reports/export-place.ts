import { CELL_PRECISION } from "../../tiles/cluster/cluster-cells.ts";
import { type Bounds, coverBounds } from "../../tiles/geo/geohash.ts";
import type { Report } from "../../tiles/report.ts";
import type { City } from "../areas/cities.ts";
import { cityOfCell } from "../areas/city-of-cell.ts";
import type { Area } from "./area-reports.ts";
import type { ReportFilter } from "./export-reports.ts";
import { areaOfBox } from "./list-reports.ts";
import { neighbourhoodOf } from "./told-report.ts";

/** What a place may be narrowed to; everything given must hold. */
export interface PlaceQuery {
  /** The reports of the neighbourhoods whose centres lie in its box, as they are counted for it. */
  readonly city?: City | undefined;
  /** A prefix of up to six characters. */
  readonly geohash?: string | undefined;
  /** All borders belong to the box; west > east crosses the antimeridian. */
  readonly bbox?: Bounds | undefined;
}

/** The reports of a place, by where they are told to lie. Without any limit: of the world. */
export function placeOfQuery({ city, geohash = "", bbox }: PlaceQuery): ReportFilter["place"] {
  const prefix = geohash.slice(0, CELL_PRECISION);
  const box = bbox && areaOfBox(bbox);
  const cells = box?.cells ?? (city && cellsOfCity(city));
  const hasNeighbourhood = (cell: string) =>
    cell.startsWith(geohash) && (city === undefined || cityOfCell(cell)?.id === city.id);
  return {
    prefix,
    ...(cells && { cells: cells.filter((cell) => cell.startsWith(prefix)) }),
    has: (told: Report) => (box?.has(told.lonDeg, told.latDeg) ?? true) && hasNeighbourhood(neighbourhoodOf(told)),
  };
}

/** The reports of an area, exactly those that count for it. */
export const placeOfRegion = ({ cells, has }: Area): ReportFilter["place"] => ({
  prefix: "",
  cells,
  has: ({ lonDeg, latDeg }) => has(lonDeg, latDeg),
});

function cellsOfCity({ bbox: [west, south, east, north] }: City): string[] {
  return coverBounds({ west, south, east, north }, CELL_PRECISION, Number.POSITIVE_INFINITY);
}
