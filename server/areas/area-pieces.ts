import { type Area, type BoxE6, boundsOfBox } from "../../tiles/areas/area.ts";
import { simplifyAreas } from "../../tiles/areas/simplify.ts";
import type { NumberedArea } from "../../tiles/codec/area-codec.ts";
import { countCells, coverBounds } from "../../tiles/geo/geohash.ts";
import { worldX, worldY } from "../../tiles/geo/tile-address.ts";
import { AREAS_MIN_ZOOM } from "../../tiles/layers.ts";

/**
 * How the areas of a set are divided among items. An area lies, whole, in the pieces of the finest geohashes of which its box meets four at
 * the most, so that what is near a place is in few items, and no area in more than four.
 */
export interface DetailLevel {
  /** Tiles up to this zoom are made of it. */
  readonly maxZoom: number;
  /** Corners may be missing that are not farther from what is left, degrees; 0: all are there. */
  readonly toleranceDeg: number;
  /** Of the finest pieces. */
  readonly finest: number;
}

/** Half a pixel of a zoom with tiles of 512 pixels, degrees. */
const halfPixel = (zoom: number): number => 180 / (512 * 2 ** zoom);

/** Coarse to fine. */
export const DETAIL_LEVELS: readonly DetailLevel[] = [
  { maxZoom: 10, toleranceDeg: halfPixel(10), finest: 4 },
  { maxZoom: 12, toleranceDeg: halfPixel(12), finest: 4 },
  { maxZoom: 13, toleranceDeg: halfPixel(13), finest: 5 },
  { maxZoom: Infinity, toleranceDeg: 0, finest: 5 },
];

/** Millionths of a degree in which a level's corners are kept: at most a quarter of what is missing, 1 where nothing is. */
export const unitOfLevel = ({ toleranceDeg }: DetailLevel): number =>
  2 ** Math.floor(Math.log2(Math.max(1, (toleranceDeg * 1e6) / 4)));

/** With all corners. */
export const EXACT_LEVEL = DETAIL_LEVELS.length - 1;

export const levelOfZoom = (zoom: number): number => DETAIL_LEVELS.findIndex(({ maxZoom }) => zoom <= maxZoom);

/** So wide, on a screen, are most areas of a set where it is shown. */
const LEAST_WIDTH_PX = 24;
const MOST_IN_TILE = 200;
/** A map's closest tiles, which it enlarges beyond: a set of whatever is in them. */
const CLOSEST_MIN_ZOOM = 14;

/**
 * The zoom from which on a set's areas are in tiles: all of them, so that a map is never patchy. Half of them are 24 pixels wide there, or
 * wider, and no tile has more than can be told apart, or costs more than some report tiles; below, cells say more.
 */
export function minZoomOfBoxes(boxes: readonly BoxE6[]): number {
  const widths = boxes.map(({ west, east }) => east - west).sort((a, b) => a - b);
  let zoom = minZoomOfWidth((widths[widths.length >> 1] ?? 0) / 1e6);
  while (zoom < CLOSEST_MIN_ZOOM && mostInTile(boxes, zoom) > MOST_IN_TILE) zoom++;
  return zoom;
}

/** Areas whose middles lie in one tile, of the tile that has most. */
function mostInTile(boxes: readonly BoxE6[], zoom: number): number {
  const counts = new Map<string, number>();
  for (const { west, south, east, north } of boxes) {
    const x = Math.floor(worldX((west + east) / 2e6) * 2 ** zoom);
    const y = Math.floor(worldY((south + north) / 2e6) * 2 ** zoom);
    counts.set(`${x}/${y}`, (counts.get(`${x}/${y}`) ?? 0) + 1);
  }
  return Math.max(0, ...counts.values());
}

/** The same of areas of one width, degrees. */
export function minZoomOfWidth(widthDeg: number): number {
  let zoom = AREAS_MIN_ZOOM;
  while (zoom < CLOSEST_MIN_ZOOM && widthDeg < 2 * halfPixel(zoom) * LEAST_WIDTH_PX) zoom++;
  return zoom;
}

const MOST_PIECES = 4;

/** Geohashes of the pieces that an area lies in. */
function piecesOfBox(box: BoxE6, finest: number): string[] {
  const bounds = boundsOfBox(box);
  let precision = finest;
  while (precision > 1 && countCells(bounds, precision) > MOST_PIECES) precision--;
  return coverBounds(bounds, precision, Infinity);
}

/** Geohashes, of any length up to a level's finest, of the pieces in which areas that meet a box may lie. */
export function piecesMeeting(box: BoxE6, names: Iterable<string>): string[] {
  const bounds = boundsOfBox(box);
  const covers = new Map<number, Set<string> | undefined>();
  const cover = (length: number): Set<string> | undefined => {
    if (!covers.has(length)) {
      const isMany = countCells(bounds, length) > MOST_COVERED;
      covers.set(length, isMany ? undefined : new Set(coverBounds(bounds, length, MOST_COVERED)));
    }
    return covers.get(length);
  };
  return [...names].filter((name) => cover(name.length)?.has(name) ?? true);
}

const MOST_COVERED = 4096;

/** Log cells in which reports of an area may lie. */
export const logCellsOfBox = (box: BoxE6): string[] => coverBounds(boundsOfBox(box), 5, Infinity);

/** The pieces of a level by geohash, ascending; none where the areas are not shown at its zooms. */
export function divide(
  areas: readonly NumberedArea[],
  level: DetailLevel,
  minZoom: number,
): Map<string, NumberedArea[]> {
  const pieces = new Map<string, NumberedArea[]>();
  if (level.maxZoom < minZoom) return pieces;
  const detailed = level.toleranceDeg === 0 ? areas : simplify(areas, level.toleranceDeg);
  for (const area of detailed) {
    for (const geohash of piecesOfBox(area.box, level.finest)) {
      const piece = pieces.get(geohash);
      if (piece === undefined) pieces.set(geohash, [area]);
      else piece.push(area);
    }
  }
  return new Map([...pieces].sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** With the boxes of the whole areas: reports are looked for by these. */
function simplify(areas: readonly NumberedArea[], toleranceDeg: number): NumberedArea[] {
  const whole = new Map(areas.map((area) => [area.id, area]));
  return simplifyAreas(areas, toleranceDeg).map((area: Area) => {
    const { number, box } = whole.get(area.id) as NumberedArea;
    return { ...area, number, box };
  });
}
