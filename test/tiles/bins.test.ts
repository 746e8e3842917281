import fc from "fast-check";
import { expect, it } from "vitest";
import { binPoints } from "../../tiles/cluster/bins.ts";

const place = fc.oneof(
  fc.double({ min: 0, max: 1, noNaN: true }),
  fc.integer({ min: 0, max: 20 }).map((n) => n / 20),
);
const points = fc.array(fc.tuple(place, place), { maxLength: 80 }).map((list) => ({
  length: list.length,
  x: Float64Array.from(list, ([x]) => x),
  y: Float64Array.from(list, ([, y]) => y),
}));

it("finds all points within the radius in the three runs of bins around each, once each", () => {
  fc.assert(
    fc.property(points, fc.constantFrom(0.001, 0.05, 0.3, 2), (all, radius) => {
      const { columns, start, bin, position, point, x, y } = binPoints(all, radius);
      for (let i = 0; i < all.length; i++) {
        const near: number[] = [];
        for (const row of [-columns, 0, columns]) {
          const b = (bin[i] as number) + row;
          near.push(...point.subarray(start[b - 1], start[b + 2]));
        }
        expect(new Set(near).size).toBe(near.length);
        const distance = (j: number): number =>
          Math.hypot((all.x[j] as number) - (all.x[i] as number), (all.y[j] as number) - (all.y[i] as number));
        for (let j = 0; j < all.length; j++) if (distance(j) <= radius) expect(near).toContain(j);
        const at = position[i] as number;
        expect([point[at], x[at], y[at]]).toEqual([i, all.x[i], all.y[i]]);
      }
    }),
  );
});
