import { expect, test } from "vitest";
import { unwrappedPolygons } from "../../../server/basemap/unwrap.ts";

const ringOf = (ring: [number, number][]) =>
  unwrappedPolygons({ type: "Polygon", coordinates: [ring] })[0]?.geometry.coordinates[0];

test("lets a ring go on beyond the antimeridian instead of back around the world", () => {
  const island: [number, number][] = [
    [179, 0],
    [-179, 0],
    [-179, 1],
    [179, 1],
    [179, 0],
  ];
  expect(ringOf(island)?.map(([lonDeg]) => lonDeg)).toEqual([179, 181, 181, 179, 179]);
});

test("leads a ring around the pole along the map's edge", () => {
  const antarctica: [number, number][] = [
    [-180, -70],
    [-90, -75],
    [0, -70],
    [90, -66],
    [180, -70],
  ];
  // As world-atlas has it: the last point is the first, on the other side of the same meridian.
  const closed = [...antarctica.slice(0, 4), [-180, -70] as [number, number]];
  expect(ringOf(closed)?.slice(4)).toEqual([
    [180, -70],
    [180, -90],
    [-180, -90],
    [-180, -70],
  ]);
});

test("makes every polygon a feature and leaves ordinary ones alone", () => {
  const square = [
    [
      [0, 0],
      [1, 0],
      [1, 1],
      [0, 0],
    ],
  ];
  const features = unwrappedPolygons({ type: "MultiPolygon", coordinates: [square, square] });
  expect(features.map(({ geometry }) => geometry.coordinates)).toEqual([square, square]);
});
