import { type Area, type BoxE6, boundsOfBox } from "../../tiles/areas/area.ts";
import { simplifyAreas } from "../../tiles/areas/simplify.ts";
import type { NumberedArea } from "../../tiles/codec/area-codec.ts";
import { countCells, coverBounds } from "../../tiles/geo/geohash.ts";

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
  { maxZoom: 9, toleranceDeg: halfPixel(9), finest: 3 },
  { maxZoom: 11, toleranceDeg: halfPixel(11), finest: 4 },
  { maxZoom: 13, toleranceDeg: halfPixel(13), finest: 4 },
  { maxZoom: Infinity, toleranceDeg: 0, finest: 5 },
];

/** With all corners. */
export const EXACT_LEVEL = DETAIL_LEVELS.length - 1;

export const levelOfZoom = (zoom: number): number => DETAIL_LEVELS.findIndex(({ maxZoom }) => zoom <= maxZoom);

/** Whether an area is so wide, or so high, at a zoom that it is seen as one: 8 pixels. */
export function isSeenAt({ west, south, east, north }: BoxE6, zoom: number): boolean {
  return Math.max(east - west, north - south) / 1e6 >= 16 * halfPixel(zoom);
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

/** The pieces of a level by geohash, ascending; without the areas that are not seen at its zooms. */
export function divide(areas: readonly NumberedArea[], level: DetailLevel): Map<string, NumberedArea[]> {
  const pieces = new Map<string, NumberedArea[]>();
  const detailed = level.toleranceDeg === 0 ? areas : simplify(areas, level.toleranceDeg);
  for (const area of detailed.filter(({ box }) => isSeenAt(box, level.maxZoom))) {
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
