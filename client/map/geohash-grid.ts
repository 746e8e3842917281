import type { GeoJSONSource, Map as MapLibreMap } from "maplibre-gl";
import { columnCount, rowCount } from "../../tiles/geo/geohash.ts";
import { NEIGHBOURHOOD_PRECISION, NEIGHBOURHOOD_ZOOM } from "./neighbourhood.ts";

/** Close in, cells one finer than neighbourhoods (150 m) show too. */
const FINE = 7;
const FINE_ZOOM = 15;

export const GRID_SOURCE = "grid";

/** Keeps the grid of neighbourhoods drawn over the visible map and as much again around it. */
export function bindGeohashGrid(map: MapLibreMap): void {
  const draw = () => {
    const source = map.getSource<GeoJSONSource>(GRID_SOURCE);
    if (!source || map.getZoom() < NEIGHBOURHOOD_ZOOM) return;
    const bounds = map.getBounds();
    const width = bounds.getEast() - bounds.getWest();
    const height = bounds.getNorth() - bounds.getSouth();
    const around = {
      west: bounds.getWest() - width / 2,
      south: bounds.getSouth() - height / 2,
      east: bounds.getEast() + width / 2,
      north: bounds.getNorth() + height / 2,
    };
    const precisions = map.getZoom() < FINE_ZOOM ? [NEIGHBOURHOOD_PRECISION] : [FINE, NEIGHBOURHOOD_PRECISION];
    const features = precisions.map((precision) => ({
      type: "Feature" as const,
      properties: { precision },
      geometry: { type: "MultiLineString" as const, coordinates: gridLines(around, precision) },
    }));
    source.setData({ type: "FeatureCollection", features });
  };
  map.on("moveend", draw);
  map.on("style.load", draw);
}

interface Box {
  readonly west: number;
  readonly south: number;
  readonly east: number;
  readonly north: number;
}

/** The borders between cells that cross a box, each from edge to edge. */
function gridLines({ west, south, east, north }: Box, precision: number): [number, number][][] {
  const cellWidth = 360 / columnCount(precision);
  const cellHeight = 180 / rowCount(precision);
  const lines: [number, number][][] = [];
  for (let column = Math.ceil(west / cellWidth); column * cellWidth <= east; column++) {
    lines.push([
      [column * cellWidth, south],
      [column * cellWidth, north],
    ]);
  }
  for (let row = Math.ceil(south / cellHeight); row * cellHeight <= north; row++) {
    lines.push([
      [west, row * cellHeight],
      [east, row * cellHeight],
    ]);
  }
  return lines;
}
