import type { Place } from "./place.ts";

type Box = readonly [west: number, south: number, east: number, north: number];

/**
 * Numbers that whoever is in trouble can call in all of a box; degrees. Small rather than large: where none fits, the form names no number. Sources: ITU-T
 * E.161.1; 112 works in all of Europe's networks, and 911 in the United States, Canada and Mexico.
 */
const NUMBERS: readonly (readonly [number: string, boxes: readonly Box[]])[] = [
  [
    "911",
    [
      [-168, 24.5, -58, 72],
      [-58, 47, -52.5, 53],
      [-161, 18.5, -154, 22.5],
      [-118, 18.5, -88.5, 24.5],
    ],
  ],
  [
    "112",
    [
      [-10, 36, -1, 61],
      [-1, 37.4, 28, 71.5],
      [-25, 63, -13, 67],
    ],
  ],
];

/** The emergency number of a place; undefined where we know none for sure. */
export function emergencyNumber({ lon, lat }: Place): string | undefined {
  const has = ([west, south, east, north]: Box) => lon >= west && lon <= east && lat >= south && lat <= north;
  return NUMBERS.find(([, boxes]) => boxes.some(has))?.[0];
}
