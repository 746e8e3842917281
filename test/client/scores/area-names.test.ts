import { expect, test } from "vitest";
import { type AreaPiece, namePoints } from "../../../client/scores/area-names.ts";

/** A box as a ring, wound either way. */
function box([west, south, east, north]: readonly [number, number, number, number], turned = false) {
  const ring = [
    [west, south],
    [east, south],
    [east, north],
    [west, north],
    [west, south],
  ];
  return turned ? ring.toReversed() : ring;
}
const piece = (id: string, ...rings: number[][][]): AreaPiece => ({
  geometry: { type: "MultiPolygon", coordinates: rings.map((ring) => [ring]) },
  properties: { id, name: `The ${id}` },
});
const told = (pieces: readonly AreaPiece[]) =>
  namePoints(pieces).features.map(({ properties, geometry }) => [properties?.name, ...geometry.coordinates]);

test("names an area once, in the middle of its pieces by their size", () => {
  const [left, right] = [box([-122.44, 37.76, -122.42, 37.78]), box([-122.42, 37.76, -122.38, 37.78], true)];
  expect(told([piece("mission", left), piece("castro", left), piece("mission", right)])).toEqual([
    ["The castro", -122.43, 37.77],
    ["The mission", -122.41, 37.77],
  ]);
  expect(told([piece("mission", left, right)])).toEqual([["The mission", -122.41, 37.77]]);
});

test("leaves out what has no area, and what is no polygon", () => {
  const line: AreaPiece = {
    geometry: {
      type: "LineString",
      coordinates: [
        [0, 0],
        [1, 1],
      ],
    },
    properties: { id: "a" },
  };
  expect(told([line, piece("b", []), piece("c", box([1, 1, 1, 2]))])).toEqual([]);
});
