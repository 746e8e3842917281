import { type BoxE6, boundsOfBox, boxOfPolygons, type Polygon } from "../../tiles/areas/area.ts";
import type { NumberedArea } from "../../tiles/codec/area-codec.ts";
import type { AreaSetVersion } from "../areas/area-sets.ts";
import type { FoundArea } from "../areas/find-area.ts";
import { OWN, OWN_CITY } from "../areas/own-area-id.ts";

/** Bounds of an own area, beside how many a plan gives. */
export const OWN_AREA_LIMITS = {
  /** Of all its polygons. */
  corners: 5_000,
  /** Cells of the log, of about 4.9 x 4.9 km, that it meets: what counting it reads. */
  logCells: 64,
  /** The same that its box meets. */
  boxCells: 256,
  /** Features of an upload. */
  features: 50,
  bodyBytes: 2 ** 20,
  /** Characters of a name. */
  name: 120,
} as const;

export const LOG_PRECISION = 5;

/** What makes an own area. */
export interface OwnAreaDraft {
  readonly name: string;
  readonly polygons: readonly Polygon[];
  readonly box: BoxE6;
  /** Geohashes of the log cells that it meets. */
  readonly cells: readonly string[];
}

/** An own area, as it is read. */
export interface OwnArea {
  readonly id: string;
  readonly name: string;
  readonly polygons: readonly Polygon[];
}

/** Polygons as PostgreSQL keeps them. */
export type StoredPolygons = readonly (readonly (readonly number[])[])[];

export const storedPolygons = (polygons: readonly Polygon[]): string =>
  JSON.stringify(polygons.map((polygon) => polygon.map((ring) => [...ring])));

export const readPolygons = (stored: StoredPolygons): Polygon[] =>
  stored.map((polygon) => polygon.map((ring) => Int32Array.from(ring)));

/** The area as those of cities are found: the only one of its set, so that what reads these reads it. */
export function asFoundArea({ id, name, polygons }: OwnArea): FoundArea {
  const box = boxOfPolygons(polygons);
  const { west, south, east, north } = boundsOfBox(box);
  const area: NumberedArea = { id, name, polygons, box, number: 0 };
  const version = { number: 1, state: "live", sinceMs: 0, areaCount: 1, box } as const;
  const city = { ...OWN_CITY, bbox: [west, south, east, north], timezone: "UTC" } as const;
  const of: AreaSetVersion = { set: { city, kind: OWN, versions: [version] }, version };
  return { of, area };
}
