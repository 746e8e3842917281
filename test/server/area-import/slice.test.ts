import { expect, test } from "vitest";
import { type Corner, slice } from "../../../server/area-import/slice.ts";

const WEST_OF_2 = { a: 1, b: 0, c: 2 };
const SQUARE: Corner[] = [
  [0, 0],
  [4, 0],
  [4, 4],
  [0, 4],
];
/** A comb with three teeth to the east. */
const COMB: Corner[] = [
  [0, 0],
  [4, 0],
  [4, 1],
  [1, 1],
  [1, 2],
  [4, 2],
  [4, 3],
  [1, 3],
  [1, 4],
  [4, 4],
  [4, 5],
  [0, 5],
];
const areaOf = (ring: readonly Corner[]): number =>
  Math.abs(
    ring.reduce((sum, [x, y], i) => {
      const [u, v] = ring[(i + 1) % ring.length] as Corner;
      return sum + x * v - u * y;
    }, 0),
  ) / 2;

test("keeps what is inside, whole or in part or not at all", () => {
  expect(slice(SQUARE, { ...WEST_OF_2, c: 9 })).toEqual([SQUARE]);
  expect(slice(SQUARE, { ...WEST_OF_2, c: -1 })).toEqual([]);
  expect(slice(SQUARE, WEST_OF_2).map(areaOf)).toEqual([8]);
});

test("cuts a ring into parts, without an edge that leads from one to the other", () => {
  expect(slice(COMB, WEST_OF_2).map(areaOf)).toEqual([5 + 3]);
  const teeth = slice(COMB, { a: -1, b: 0, c: -2 });
  expect(teeth.map(areaOf)).toEqual([2, 2, 2]);
  expect(slice(COMB.toReversed(), { a: -1, b: 0, c: -2 }).map(areaOf)).toEqual([2, 2, 2]);
});

test("cuts along a line that goes through corners", () => {
  expect(slice(COMB, { a: 1, b: 0, c: 1 }).map(areaOf)).toEqual([5]);
  expect(slice(SQUARE, { a: 1, b: -1, c: 0 }).map(areaOf)).toEqual([8]);
});
