/** @module-tag random */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Area, boxAround, boxOfPolygons } from "../../../tiles/areas/area.ts";
import { simplifyAreas } from "../../../tiles/areas/simplify.ts";
import { makePartition } from "../../kit/made-up-areas.ts";
import { seededRandom } from "../../kit/random.ts";
import { runs } from "../../kit/runs.ts";

/** Sides by their ends, in either direction, with the number of rings that have them. */
function sidesOf(areas: readonly Area[]): Map<string, { count: number; ends: [number, number][] }> {
  const sides = new Map<string, { count: number; ends: [number, number][] }>();
  for (const ring of areas.flatMap(({ polygons }) => polygons.flat())) {
    const corners = Array.from({ length: ring.length / 2 }, (_, i): [number, number] => [
      ring[2 * i] as number,
      ring[2 * i + 1] as number,
    ]);
    corners.forEach((corner, i) => {
      const ends = [corner, corners[(i + 1) % corners.length] as [number, number]];
      const key = ends.map(String).sort().join(" ");
      sides.set(key, { count: (sides.get(key)?.count ?? 0) + 1, ends });
    });
  }
  return sides;
}

/** A partition of which each side is broken into a ragged line, the same for both areas that share it. */
function ragged(areas: readonly Area[], random: (seed: number) => number): Area[] {
  const corner = (x: number, y: number) => x * 7919 + y;
  const broken = (ax: number, ay: number, bx: number, by: number): number[] => {
    const isTurned = corner(ax, ay) > corner(bx, by);
    const [fromX, fromY, toX, toY] = isTurned ? [bx, by, ax, ay] : [ax, ay, bx, by];
    const between = [0.2, 0.4, 0.6, 0.8].map((share, i) => {
      const off = (random(corner(fromX, fromY) + 31 * corner(toX, toY) + i) - 0.5) * 0.05;
      const x = Math.round(fromX + share * (toX - fromX) - off * (toY - fromY));
      return [x, Math.round(fromY + share * (toY - fromY) + off * (toX - fromX))];
    });
    return [ax, ay, ...(isTurned ? between.toReversed() : between).flat()];
  };
  return areas.map((area) => {
    const polygons = area.polygons.map((polygon) =>
      polygon.map((ring) =>
        Int32Array.from(
          Array.from({ length: ring.length / 2 }, (_, i) => {
            const next = (2 * i + 2) % ring.length;
            const at = (index: number) => ring[index] as number;
            return broken(at(2 * i), at(2 * i + 1), at(next), at(next + 1));
          }).flat(),
        ),
      ),
    );
    return { ...area, polygons, box: boxOfPolygons(polygons) };
  });
}

describe("simplified areas", () => {
  it("share their borders still, whatever the tolerance", () => {
    const options = fc.record({
      size: fc.integer({ min: 1, max: 5 }),
      areas: fc.integer({ min: 1, max: 6 }),
      seed: fc.integer(),
      tolerance: fc.constantFrom(0, 0.00001, 0.0005, 0.003, 0.02),
    });
    fc.assert(
      fc.property(options, ({ seed, tolerance, ...made }) => {
        const areas = ragged(
          makePartition({ ...made, west: 1000, south: 2000, stepE6: 10_000, random: seededRandom(seed) }),
          (of) => seededRandom(of)(),
        );
        const whole = boxAround(areas.map(({ box }) => box));
        const nearEdge = ([x, y]: [number, number]) =>
          x < whole.west + 600 || x > whole.east - 600 || y < whole.south + 600 || y > whole.north - 600;
        for (const { count, ends } of sidesOf(simplifyAreas(areas, tolerance)).values()) {
          if (count % 2 === 1) expect(ends.every(nearEdge), `${ends.join(" ")} is of one area alone`).toBe(true);
        }
      }),
      runs(600),
    );
  });

  it("have fewer corners, and none farther from the line than the tolerance", () => {
    const line = Array.from({ length: 101 }, (_, i) => [i * 100, i % 2 === 0 ? 0 : 40]).flat();
    const polygons = [[Int32Array.from([...line, 10_000, 5000, 0, 5000])]];
    const area = { id: "a", name: "A", polygons, box: boxOfPolygons(polygons) };
    const cornersAfter = (tolerance: number) =>
      (simplifyAreas([area], tolerance)[0]?.polygons[0]?.[0]?.length ?? 0) / 2;
    expect(cornersAfter(0.00005)).toBe(4);
    expect(cornersAfter(0.00001)).toBe(103);
    expect(cornersAfter(1)).toBe(0);
  });
});
