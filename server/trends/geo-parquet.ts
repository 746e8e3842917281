import { geojsonToWkb } from "hyparquet-writer";
import { GEOMETRY_TYPES, type RowGeometry, type RowShape } from "./row-geometry.ts";

/** Name of the column that has the geometries, and of the file's metadata about it. */
export const GEOMETRY_COLUMN = "geometry";
const METADATA_KEY = "geo";

/** What a GeoParquet file says of its geometries; asked for when all of them were written. */
export interface GeoColumn {
  /** ISO WKB; null where there is no geometry. Of one object again the same bytes, so that rows of one area share them. */
  write(geometry: RowGeometry | null): Uint8Array | null;
  /** Key and value of the file's metadata. */
  metadata(): { readonly key: string; readonly value: string };
}

/**
 * The geometry column of GeoParquet 1.1: WKB, longitude before latitude in WGS 84, which is what is meant where no `crs` is named (OGC:CRS84).
 * Whoever does not know it reads a column of bytes, and all others as ever.
 */
export function createGeoColumn(shape: RowShape): GeoColumn {
  let known: { readonly geometry: RowGeometry; readonly wkb: Uint8Array } | undefined;
  const bbox: [west: number, south: number, east: number, north: number] = [Infinity, Infinity, -Infinity, -Infinity];

  function include([lon = 0, lat = 0]: readonly number[]): void {
    bbox[0] = Math.min(bbox[0], lon);
    bbox[1] = Math.min(bbox[1], lat);
    bbox[2] = Math.max(bbox[2], lon);
    bbox[3] = Math.max(bbox[3], lat);
  }

  return {
    write(geometry) {
      if (geometry === null) return null;
      if (known?.geometry !== geometry) {
        for (const position of positionsOf(geometry)) include(position);
        known = { geometry, wkb: geojsonToWkb(geometry) };
      }
      return known.wkb;
    },
    metadata() {
      const column = {
        encoding: "WKB",
        geometry_types: [GEOMETRY_TYPES[shape]],
        orientation: "counterclockwise",
        ...(bbox[0] <= bbox[2] && { bbox }),
      };
      const geo = { version: "1.1.0", primary_column: GEOMETRY_COLUMN, columns: { [GEOMETRY_COLUMN]: column } };
      return { key: METADATA_KEY, value: JSON.stringify(geo) };
    },
  };
}

function positionsOf(geometry: RowGeometry): readonly (readonly number[])[] {
  if (geometry.type === "Point") return [geometry.coordinates];
  return geometry.type === "Polygon" ? geometry.coordinates.flat() : geometry.coordinates.flat(2);
}
