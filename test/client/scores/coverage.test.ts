import fc from "fast-check";
import { expect, test } from "vitest";
import type { AreaPiece } from "../../../client/scores/area-names.ts";
import { coverageOf } from "../../../client/scores/coverage.ts";
import { type Bounds, cellBounds } from "../../../tiles/geo/geohash.ts";

const CELL = "9q8yym";
const cell = cellBounds(CELL);
const [width, height] = [cell.east - cell.west, cell.north - cell.south];

const ring = ({ west, south, east, north }: Bounds) => [
  [west, south],
  [east, south],
  [east, north],
  [west, north],
  [west, south],
];
const piece = (...rings: number[][][]): AreaPiece => ({
  geometry: { type: "Polygon", coordinates: rings },
  properties: {},
});
/** The cell, moved by so many of its widths and heights. */
const moved = (x: number, y: number): Bounds => ({
  west: cell.west + x * width,
  east: cell.east + x * width,
  south: cell.south + y * height,
  north: cell.north + y * height,
});

test("meets a cell where more than a sliver of it lies in an area", () => {
  const meets = (x: number, y: number) => coverageOf([piece(ring(moved(x, y)))]).meets(CELL);
  expect(meets(0, 0)).toBe(true);
  // Its middle is outside.
  expect(meets(0.8, 0)).toBe(true);
  expect(meets(-0.7, 0.7)).toBe(true);
  expect(meets(0.95, 0)).toBe(false);
  expect(meets(0, -0.95)).toBe(false);
  expect(meets(1, 0)).toBe(false);
  expect(meets(40, 40)).toBe(false);
  expect(coverageOf([]).meets(CELL)).toBe(false);
});

test("leaves holes out, and takes the pieces of several tiles together", () => {
  const around = {
    west: cell.west - width,
    east: cell.east + width,
    south: cell.south - height,
    north: cell.north + height,
  };
  expect(coverageOf([piece(ring(around))]).meets(CELL)).toBe(true);
  expect(coverageOf([piece(ring(around), ring(cell).toReversed())]).meets(CELL)).toBe(false);
  const [lon, lat] = [(cell.west + cell.east) / 2, (cell.south + cell.north) / 2];
  const halves = [
    { ...around, east: lon },
    { ...around, west: lon },
  ].map((half) => piece(ring(half)));
  expect(coverageOf(halves).has(lon, lat)).toBe(true);
  expect(coverageOf(halves.slice(0, 1)).has(lon + width / 4, lat)).toBe(false);
});

test("has the places of a triangle that lie on the inner side of each of its borders", () => {
  const corners = [
    [-122.44, 37.75],
    [-122.4, 37.76],
    [-122.43, 37.79],
  ] as const;
  const triangle = coverageOf([piece([...corners, corners[0]].map((corner) => [...corner]))]);
  const isInside = (lon: number, lat: number) =>
    corners.every(([x, y], i) => {
      const [u, v] = corners[(i + 1) % 3] ?? [0, 0];
      return (u - x) * (lat - y) - (v - y) * (lon - x) > 0;
    });
  const place = fc.tuple(
    fc.double({ min: -122.45, max: -122.39, noNaN: true }),
    fc.double({ min: 37.74, max: 37.8, noNaN: true }),
  );
  fc.assert(fc.property(place, ([lon, lat]) => triangle.has(lon, lat) === isInside(lon, lat)));
});
