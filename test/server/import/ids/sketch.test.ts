import { createHash } from "node:crypto";
import { expect, test } from "vitest";
import { createSketch, SKETCH_ROWS } from "../../../../server/import/ids/sketch.ts";
import { sharesRows, tokensOf } from "../../../../server/import/keeping/anchor.ts";

const SALT = "0011223344556677";
const digestOf = (row: number): Buffer => createHash("sha256").update(String(row)).digest();

function leastOf(from: number, to: number): readonly number[] {
  const sketch = createSketch();
  for (let row = from; row < to; row++) sketch.add(digestOf(row));
  return sketch.least();
}

const keptOf = (least: readonly number[]) => ({
  contentHash: "",
  timeReading: "",
  salt: SALT,
  tokens: tokensOf(least, SALT),
});
const shares = (one: readonly number[], other: readonly number[]): boolean => sharesRows(one, keptOf(other));

test("a sketch has the rows with the least digests, each once, whatever their order", () => {
  const expected = Array.from({ length: 5000 }, (_, row) => digestOf(row).readUIntBE(0, 6)).sort((a, b) => a - b);
  const sketch = createSketch();
  for (let row = 4999; row >= 0; row--) for (let twice = 0; twice < 2; twice++) sketch.add(digestOf(row));
  expect(sketch.least()).toEqual(expected.slice(0, SKETCH_ROWS));
  expect(leastOf(0, 5000)).toEqual(sketch.least());
});

test("files that share rows are known by it, however long, and others are not", () => {
  const file = leastOf(0, 5000);
  expect(shares(leastOf(0, 20_000), file)).toBe(true);
  expect(shares(leastOf(3000, 8000), file)).toBe(true);
  for (let n = 1; n <= 50; n++) expect(shares(leastOf(n * 5000, (n + 1) * 5000), file)).toBe(false);
  expect(shares(leastOf(4990, 9000), file)).toBe(false);
});

test("of a few rows half must be the same, and two at the least", () => {
  expect(shares(leastOf(0, 3), leastOf(1, 4))).toBe(true);
  expect(shares(leastOf(0, 3), leastOf(2, 5))).toBe(false);
  expect(shares(leastOf(0, 1), leastOf(0, 1))).toBe(true);
  expect(shares([], leastOf(0, 3))).toBe(false);
});
