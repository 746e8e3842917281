import type { Bounds } from "./geohash.ts";

/** Tiles of the Web Mercator XYZ scheme: z 0..22, x from the west, y from the north. */
export const MAX_ZOOM = 22;
/** Integer coordinates inside a tile, 0..4095 (Mapbox Vector Tile 2.1, section 4.1). */
export const EXTENT = 4096;
/** Latitude at which Web Mercator is cut off; places beyond are drawn on the edge. */
export const MAX_LATITUDE = 85.0511287798066;

export interface TileAddress {
  readonly z: number;
  readonly x: number;
  readonly y: number;
}

/** A tile's width in pixels, as our clients draw it and as MapLibre and Mapbox GL count buffers. */
export const TILE_SIZE_PX = 512;
export const MAX_BUFFER_PX = 128;

/** A tile, and how much of its neighbours it shows: for clients that cut what they draw at its edges. */
export interface BufferedTile extends TileAddress {
  /** Pixels on each side, TILE_SIZE_PX of which are the tile's width; none unless given. */
  readonly bufferPx?: number;
}

export const withBuffer = (tile: TileAddress, bufferPx: number): BufferedTile =>
  bufferPx === 0 ? tile : { ...tile, bufferPx };

/** The buffer in tile widths. */
export const bufferWidths = ({ bufferPx = 0 }: BufferedTile): number => bufferPx / TILE_SIZE_PX;

/** Whether x and y exist at the zoom, and the zoom in the scheme. */
export function isTile({ z, x, y }: TileAddress): boolean {
  const inside = (value: number, limit: number): boolean => Number.isInteger(value) && value >= 0 && value < limit;
  return inside(z, MAX_ZOOM + 1) && inside(x, 2 ** z) && inside(y, 2 ** z);
}

/** The last place in world units. */
export const LAST_BEFORE_ONE = 1 - 2 ** -53;

/** Longitude in degrees to world units, 0 (west) up to but not including 1. */
export function worldX(lonDeg: number): number {
  return Math.min(LAST_BEFORE_ONE, Math.max(0, lonDeg / 360 + 0.5));
}

/** Latitude in degrees to world units, 0 (north) up to but not including 1; poles are clamped to the edges. */
export function worldY(latDeg: number): number {
  const sin = Math.sin((latDeg * Math.PI) / 180);
  const y = 0.5 - (0.25 * Math.log((1 + sin) / (1 - sin))) / Math.PI;
  return Math.min(LAST_BEFORE_ONE, Math.max(0, y));
}

export function lonOfWorldX(x: number): number {
  return (x - 0.5) * 360;
}

export function latOfWorldY(y: number): number {
  return (360 * Math.atan(Math.exp((0.5 - y) * 2 * Math.PI))) / Math.PI - 90;
}

/** The tile of a zoom that a point in world units lies in. */
export function tileAt(x: number, y: number, z: number): TileAddress {
  return { z, x: Math.floor(x * 2 ** z), y: Math.floor(y * 2 ** z) };
}

/**
 * Tiles of a zoom that a box meets, row by row from its north-west on; a box with west > east crosses the antimeridian.
 * Undefined when there are more than `limit`.
 */
export function tilesOfBox({ west, south, east, north }: Bounds, z: number, limit: number): TileAddress[] | undefined {
  const n = 2 ** z;
  const first = tileAt(worldX(west), worldY(north), z);
  const last = tileAt(worldX(east), worldY(south), z);
  const columns = Math.min(n, last.x - first.x + 1 + (west > east ? n : 0));
  const count = columns * (last.y - first.y + 1);
  if (count > limit) return undefined;
  return Array.from({ length: count }, (_, i) => ({
    z,
    x: (first.x + (i % columns)) % n,
    y: first.y + Math.floor(i / columns),
  }));
}

/**
 * Degrees that a tile covers, grown on each side by `margin` tile widths as far as the world goes. What reaches the top or
 * bottom row reaches to the poles, because that is where clamped places are drawn.
 */
export function tileBounds({ z, x, y }: TileAddress, margin = 0): Bounds {
  const n = 2 ** z;
  return {
    west: (Math.max(0, x - margin) / n) * 360 - 180,
    east: (Math.min(n, x + 1 + margin) / n) * 360 - 180,
    north: y - margin <= 0 ? 90 : latOfWorldY((y - margin) / n),
    south: y + 1 + margin >= n ? -90 : latOfWorldY((y + 1 + margin) / n),
  };
}
