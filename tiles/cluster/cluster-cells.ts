import { type Bounds, coverBounds } from "../geo/geohash.ts";
import { type BufferedTile, bufferWidths, lonOfWorldX, MAX_ZOOM, tileBounds } from "../geo/tile-address.ts";
import { STITCH_MARGIN } from "./stitch.ts";

/**
 * The geohash pyramid. The plane is cut into cluster cells, the geohash cells of a level's precision. A cluster cell is clustered on its
 * own, once, for the level's zooms, from micro cells three characters finer (at most 32 768), so the cost of a tile does not
 * depend on how many reports there are, and two tiles that meet the same cluster cell see the same clusters.
 */
export interface Level {
  /** Precision of the cluster cell's geohash; 0 is the world. */
  readonly precision: number;
  readonly minZoom: number;
  readonly maxZoom: number;
  /** Precision of the micro cells that are clustered. */
  readonly microPrecision: number;
}

/** Precision of the cells that reports are stored by; coarser ones are made of what is stored of those below. */
export const CELL_PRECISION = 5;

export const LEVELS: readonly Level[] = [
  { precision: 0, minZoom: 0, maxZoom: 3, microPrecision: 3 },
  { precision: 1, minZoom: 4, maxZoom: 5, microPrecision: 4 },
  { precision: 2, minZoom: 6, maxZoom: 8, microPrecision: 5 },
  { precision: 3, minZoom: 9, maxZoom: 10, microPrecision: 6 },
  { precision: 4, minZoom: 11, maxZoom: 13, microPrecision: 7 },
  { precision: 5, minZoom: 14, maxZoom: 15, microPrecision: 8 },
  { precision: 6, minZoom: 16, maxZoom: 18, microPrecision: 9 },
  // Micro cells of a metre: places are not told apart more closely.
  { precision: 7, minZoom: 19, maxZoom: MAX_ZOOM, microPrecision: 10 },
];

/** The level that serves a zoom. @throws RangeError outside 0..22 */
export function levelOfZoom(z: number): Level {
  const level = LEVELS.find(({ minZoom, maxZoom }) => z >= minZoom && z <= maxZoom);
  if (level === undefined) throw new RangeError(`zoom outside 0..${MAX_ZOOM}: ${z}`);
  return level;
}

/**
 * More cluster cells than any tile of the scheme meets. Nine are enough between the polar rows; these reach on to the poles and
 * there meet, in theory, up to 7 208, so a caller asks only for those that hold reports.
 */
const MAX_CLUSTER_CELLS_OF_TILE = 8192;

/**
 * Geohashes of the cluster cells that a tile shows or must know to stitch what it shows (stitch.ts): those that meet it grown by its
 * buffer and the stitching margin, ascending. A cluster cell that only touches there adds nothing; it is listed all the same where rounding
 * cannot tell.
 */
export function clusterCellsOfTile(tile: BufferedTile): string[] {
  const { precision } = levelOfZoom(tile.z);
  if (precision === 0) return [""];
  const box = roundTheWorld(tile, STITCH_MARGIN + bufferWidths(tile));
  return coverBounds(box, precision, MAX_CLUSTER_CELLS_OF_TILE).sort();
}

/** Bounds of a grown tile, which at the world's ends goes on at the other end; a tile of zooms that have several cluster cells. */
function roundTheWorld(tile: BufferedTile, margin: number): Bounds {
  const bounds = tileBounds(tile, margin);
  const n = 2 ** tile.z;
  const west = tile.x - margin;
  const east = tile.x + 1 + margin;
  if (west < 0) return { ...bounds, west: lonOfWorldX((west + n) / n) };
  return east > n ? { ...bounds, east: lonOfWorldX((east - n) / n) } : bounds;
}
