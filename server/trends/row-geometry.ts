import type { MultiPolygon, Point, Polygon } from "geojson";
import { cellBounds } from "../../tiles/geo/geohash.ts";
import { GEOMETRY } from "./area-geometries.ts";
import { toDegrees } from "./cell-centre.ts";
import type { Column, ExportRow } from "./export-rows.ts";

/** What the rows of a table are of, and so what they look like on a map: geohash cells, areas, or reports. */
export type RowShape = "cell" | "area" | "point";
export type RowGeometry = Polygon | MultiPolygon | Point;

/** Types of GeoJSON, and of GeoParquet, by what the rows are of. */
export const GEOMETRY_TYPES: Readonly<Record<RowShape, RowGeometry["type"]>> = {
  cell: "Polygon",
  area: "MultiPolygon",
  point: "Point",
};

/** What rows are of: a report has an id and a place of its own, a cell its geohash, an area neither. */
export function shapeOf(columns: readonly Column[]): RowShape {
  const has = (name: string) => columns.some((column) => column.name === name);
  if (has("id")) return "point";
  return has("geohash") ? "cell" : "area";
}

/** A row's geometry as GeoJSON, WGS 84 degrees; null of an area that is gone from its set. */
export function geometryJson(shape: RowShape, row: ExportRow): string | null {
  if (shape === "area") return (row[GEOMETRY] as string | null | undefined) ?? null;
  return JSON.stringify(shape === "cell" ? polygonOfCell(String(row.geohash)) : pointOf(row));
}

/** The same as an object. Of rows of one cell or area, one after the other, it is one object. */
export function createGeometries(shape: RowShape): (row: ExportRow) => RowGeometry | null {
  let known: { readonly of: unknown; readonly geometry: RowGeometry | null } = { of: undefined, geometry: null };
  return (row) => {
    if (shape === "point") return pointOf(row);
    const of = shape === "cell" ? row.geohash : (row[GEOMETRY] ?? null);
    if (known.of !== of) known = { of, geometry: shape === "cell" ? polygonOfCell(String(of)) : parseArea(of) };
    return known.geometry;
  };
}

const parseArea = (json: unknown): RowGeometry | null => (typeof json === "string" ? JSON.parse(json) : null);

function pointOf({ lon, lat }: ExportRow): Point {
  return { type: "Point", coordinates: [Number(lon), Number(lat)] };
}

/** Counterclockwise, as the outer ring has to be. */
function polygonOfCell(geohash: string): Polygon {
  const { west, south, east, north } = cellBounds(geohash);
  const ring = [
    [west, south],
    [east, south],
    [east, north],
    [west, north],
    [west, south],
  ];
  return { type: "Polygon", coordinates: [ring.map((point) => point.map(toDegrees))] };
}
