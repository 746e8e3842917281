/** @module-tag random */
import { describe, expect, it } from "vitest";
import { findCrossing } from "../../../server/areas/ring-crossings.ts";
import { seededRandom } from "../../kit/random.ts";
import { scaled } from "../../kit/runs.ts";

type Corner = readonly [x: number, y: number];

/** Every side beside every other one. */
function isAnyCrossed(rings: readonly Int32Array[]): boolean {
  const sides = rings.flatMap((ring) => {
    const corners = Array.from(
      { length: ring.length / 2 },
      (_, i): Corner => [ring[2 * i] as number, ring[2 * i + 1] as number],
    );
    return corners.map((corner, i) => [corner, corners[(i + 1) % corners.length] as Corner] as const);
  });
  const turn = ([ax, ay]: Corner, [bx, by]: Corner, [x, y]: Corner) =>
    Math.sign((bx - ax) * (y - ay) - (by - ay) * (x - ax));
  return sides.some(([a, b], i) =>
    sides.slice(i + 1).some(([c, d]) => turn(a, b, c) * turn(a, b, d) < 0 && turn(c, d, a) * turn(c, d, b) < 0),
  );
}

describe("a crossing", () => {
  it("is found exactly where two of all sides cross, on grids so coarse that most of them touch", () => {
    const random = seededRandom(5);
    let crossed = 0;
    for (let i = 0; i < scaled(60_000, 6000); i++) {
      const size = 2 + Math.floor(random() * 7);
      const rings = Array.from({ length: 1 + Math.floor(random() * 3) }, () =>
        Int32Array.from({ length: 2 * (2 + Math.floor(random() * 6)) }, () => Math.floor(random() * size)),
      );
      const found = findCrossing(rings);
      expect(found !== undefined, JSON.stringify(rings.map((ring) => [...ring]))).toBe(isAnyCrossed(rings));
      if (found !== undefined) crossed++;
    }
    expect(crossed).toBeGreaterThan(1000);
  });

  it("is told where it is", () => {
    const bowTie = Int32Array.from([0, 0, 200, 200, 200, 0, 0, 200]);
    expect(findCrossing([bowTie])).toEqual({ lonE6: 100, latE6: 100 });
  });

  it("is looked for in time with the number of corners, however dense they are", () => {
    // Ten thousand long sides beside each other: all pairs took seven seconds.
    const comb = Array.from({ length: 4750 }, (_, i) => [
      4 * i,
      0,
      4 * i,
      1_000_000,
      4 * i + 2,
      1_000_000,
      4 * i + 2,
      0,
    ]);
    const before = process.cpuUsage();
    expect(findCrossing([Int32Array.from([...comb.flat(), 19_000, -100, 0, -100])])).toBeUndefined();
    expect(process.cpuUsage(before).user).toBeLessThan(2_000_000);
  });
});
