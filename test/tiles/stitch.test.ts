/** @module-tag random */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { allocateClusters, CLUSTER_RADIUS_PX, type Clusters } from "../../tiles/cluster/cluster.ts";
import { levelOfZoom } from "../../tiles/cluster/cluster-cells.ts";
import { clustersOfTile, STITCH_PX, type TileClusters } from "../../tiles/cluster/stitch.ts";
import { columnCount, rowCount } from "../../tiles/geo/geohash.ts";
import { latOfWorldY, lonOfWorldX, MAX_ZOOM, worldY } from "../../tiles/geo/tile-address.ts";
import type { Report } from "../../tiles/report.ts";
import {
  clusterCellIndexes,
  plainSpots,
  type Spot,
  shareCloserThan,
  stitchedSpots,
} from "../kit/cities/cluster-cell-maker.ts";
import { houstonReports } from "../kit/cities/houston.ts";
import { HOUSTON_MISSING } from "../kit/cities/houston-file.ts";
import { seededRandom } from "../kit/random.ts";
import { runs } from "../kit/runs.ts";
import { makeReport } from "../kit/sample-reports.ts";

const NOW = Date.UTC(2026, 5, 1, 12, 3);
const pixel = (z: number): number => 1 / (512 * 2 ** z);

type Dot = Pick<Spot, "x" | "y" | "count">;

function clustersOf(dots: readonly Dot[]): Clusters {
  const clusters = allocateClusters(dots.length);
  dots.forEach(({ x, y, count }, i) => {
    clusters.x[i] = x;
    clusters.y[i] = y;
    clusters.count[i] = count;
    clusters.severity[i] = count * 3;
    clusters.first[i] = i;
  });
  return clusters;
}

const dotsOf = (clusters: Clusters): Dot[] =>
  Array.from({ length: clusters.length }, (_, i) => ({
    x: clusters.x[i] as number,
    y: clusters.y[i] as number,
    count: clusters.count[i] as number,
  }));

/** The rule over all clusters of the world at once, without bins, tiles or cluster cells. */
function stitchWorld<T extends Dot>(dots: readonly T[], z: number): T[] {
  const reach = STITCH_PX * pixel(z);
  const nearest = dots.map((a, i) => {
    let best = -1;
    let bestDistance = reach * reach;
    dots.forEach((b, j) => {
      const distance = (b.x - a.x) ** 2 + (b.y - a.y) ** 2;
      if (i === j || distance >= bestDistance) return;
      best = j;
      bestDistance = distance;
    });
    return best;
  });
  return dots.flatMap((a, i) => {
    const j = nearest[i] ?? -1;
    const b = dots[j];
    if (b === undefined || nearest[j] !== i) return [a];
    const count = a.count + b.count;
    const mean = (u: number, v: number): number => (u * a.count + v * b.count) / count;
    return i < j ? [{ ...a, x: mean(a.x, b.x), y: mean(a.y, b.y), count }] : [];
  });
}

const inOrder = <T extends Dot>(dots: readonly T[]): T[] =>
  dots.toSorted((a, b) => a.x - b.x || a.y - b.y || a.count - b.count);
const total = (dots: readonly Pick<Dot, "count">[]): number => dots.reduce((sum, { count }) => sum + count, 0);

describe("clustersOfTile", () => {
  const home = { z: 10, x: 300, y: 400 };
  const at = (px: number, py: number, count = 1): Dot => ({
    x: (home.x + px / 512) / 1024,
    y: (home.y + py / 512) / 1024,
    count,
  });
  const stitched = (...clusterCells: Dot[][]): TileClusters => clustersOfTile(home, clusterCells.map(clustersOf));

  it("joins two clusters of two cluster cells at their weighted mean, and adds their sums up", () => {
    const joined = stitched([at(100, 100, 1)], [at(120, 100, 3)]);
    expect(dotsOf(joined)).toEqual([at(115, 100, 4)]);
    expect([joined.severity[0], joined.clusterCell[0], joined.first[0]]).toEqual([12, 0, 0]);
  });

  it("leaves clusters apart that are not closer than the stitching distance", () => {
    expect(stitched([at(100, 100)], [at(100 + STITCH_PX, 100)]).length).toBe(2);
    expect(stitched([at(100, 100)], [at(99.9 + STITCH_PX, 100)]).length).toBe(1);
  });

  it("joins the nearest two of a row and leaves the third", () => {
    const counts = dotsOf(stitched([at(100, 100, 1)], [at(125, 100, 2)], [at(145, 100, 4)])).map(({ count }) => count);
    expect(counts).toEqual([1, 6]);
  });

  it("joins pairs of clusters on one spot, in the order of the cluster cells", () => {
    const four = [1, 2, 4].map((count) => [at(50, 50, count)]);
    expect(dotsOf(stitched(...four)).map(({ count }) => count)).toEqual([3, 4]);
  });

  it("shows a joined cluster in the tile that it lies in, whichever tiles its halves lie in", () => {
    const halves = [clustersOf([at(-15, 200, 1)]), clustersOf([at(5, 200, 9)])];
    expect(clustersOfTile(home, halves).length).toBe(1);
    expect(clustersOfTile({ ...home, x: home.x - 1 }, halves).length).toBe(0);
  });

  it("gives every tile its part of what one stitching of the world gives", () => {
    // A raster of a few pixels around a corner of four tiles, so that ties and clusters on edges come up.
    const dot = fc.record({
      px: fc.integer({ min: -30, max: 30 }).map((n) => n * 5),
      py: fc.integer({ min: -30, max: 30 }).map((n) => n * 5),
      count: fc.integer({ min: 1, max: 9 }),
      clusterCell: fc.integer({ min: 0, max: 3 }),
    });
    fc.assert(
      fc.property(fc.array(dot, { maxLength: 80 }), (dots) => {
        const clusterCells = [0, 1, 2, 3].map((d) =>
          dots.filter(({ clusterCell }) => clusterCell === d).map(({ px, py, count }) => at(px, py, count)),
        );
        const clusters = clusterCells.map(clustersOf);
        const tiles = [-1, 0].flatMap((dx) => [-1, 0].map((dy) => ({ z: 10, x: home.x + dx, y: home.y + dy })));
        const found = tiles.flatMap((tile) => dotsOf(clustersOfTile(tile, clusters)));
        expect(inOrder(found)).toEqual(inOrder(stitchWorld(clusterCells.flat(), 10)));
      }),
      runs(300),
    );
  });
});

describe("at the antimeridian", () => {
  /** Pixels around the meridian, or around the middle of the world, on a raster that halves of the world do not round. */
  const place = (z: number, px: number, py: number, count: number, middle: 0 | 0.5): Dot => ({
    x: (1 + middle + px * pixel(z)) % 1,
    y: 0.5 + (py - 128) * pixel(z),
    count,
  });
  const dot = fc.record({
    px: fc.integer({ min: -12, max: 12 }).map((n) => n * 8),
    py: fc.integer({ min: -6, max: 6 }).map((n) => n * 8),
    count: fc.integer({ min: 1, max: 9 }),
    clusterCell: fc.integer({ min: 0, max: 3 }),
  });
  const scene = fc.record({ z: fc.constantFrom(0, 1, 2, 4, 10, 22), dots: fc.array(dot, { maxLength: 40 }) });
  const around = (z: number, clusters: Clusters[], columns: readonly number[], bufferPx = 0): TileClusters[] =>
    [...new Set(columns)].flatMap((x) =>
      [...new Set([0, 2 ** (z - 1) - 1, 2 ** (z - 1)].map(Math.floor))]
        .filter((y) => y >= 0)
        .map((y) => clustersOfTile({ z, x, y, bufferPx }, clusters)),
    );

  it("stitches as elsewhere, and counts each cluster in one tile", () => {
    fc.assert(
      fc.property(scene, ({ z, dots }) => {
        const clustersAt = (middle: 0 | 0.5): Clusters[] =>
          [0, 1, 2, 3].map((cell) =>
            clustersOf(
              dots
                .filter(({ clusterCell }) => clusterCell === cell)
                .map(({ px, py, count }) => place(z, px, py, count, middle)),
            ),
          );
        const n = 2 ** z;
        const found = around(z, clustersAt(0), [0, n - 1]).flatMap(dotsOf);
        const moved = around(z, clustersAt(0.5), [Math.floor(n / 2), Math.ceil(n / 2) - 1]).flatMap(dotsOf);
        // A trillionth of a world is a thirtieth of a pixel of zoom 22.
        const grid = (value: number): number => (Math.round(value * 2 ** 40) / 2 ** 40) % 1;
        const rounded = (dots: readonly Dot[], by: number): Dot[] =>
          dots.map(({ x, y, count }) => ({ x: grid(x + by), y: grid(y), count }));
        expect(inOrder(rounded(found, 0))).toEqual(inOrder(rounded(moved, 0.5)));
        expect(total(found)).toBe(total(dots));
      }),
      runs(300),
    );
  });

  it("shows in a buffer what lies on the other side", () => {
    fc.assert(
      fc.property(scene, ({ z, dots }) => {
        const clusters = [0, 1, 2, 3].map((cell) =>
          clustersOf(
            dots
              .filter(({ clusterCell }) => clusterCell === cell)
              .map(({ px, py, count }) => place(z, px, py, count, 0)),
          ),
        );
        const n = 2 ** z;
        const reach = 64 * pixel(z);
        const east = around(z, clusters, [n - 1]).flatMap(dotsOf);
        const seen = around(z, clusters, [0], 64).flatMap((tile) =>
          dotsOf(tile).filter((_, i) => tile.worlds[i] === -1),
        );
        const unique = (of: readonly Dot[]) => new Set(of.map((each) => JSON.stringify(each)));
        expect(unique(seen)).toEqual(unique(east.filter(({ x }) => x >= 1 - reach)));
      }),
      runs(200),
    );
  });
});

describe("stitching from the cluster cells of each tile", () => {
  // Not fc.double, which mostly gives values next to 0 and 1: that would be the poles and the antimeridian every time.
  const fraction = fc.integer({ min: 0, max: 4096 }).map((n) => n / 4096);
  /** Reports some pixels of the zoom around a corner of four cluster cells, poles and the antimeridian included. */
  const aroundCorner = fc
    .record({
      z: fc.integer({ min: 0, max: MAX_ZOOM }),
      u: fraction,
      v: fraction,
    })
    .chain(({ z, u, v }) => {
      const { precision } = levelOfZoom(z);
      const x = Math.round(u * columnCount(precision)) / columnCount(precision);
      const y = worldY((Math.round(v * rowCount(precision)) / rowCount(precision)) * 180 - 90);
      const offset = fc.oneof(fc.constant(0), fc.integer({ min: -90, max: 90 }));
      const inside = (value: number): number => Math.min(1, Math.max(0, value));
      const place = fc.record({ dx: offset, dy: offset }).map(({ dx, dy }) => ({
        lonDeg: lonOfWorldX(inside(x + dx * pixel(z))),
        latDeg: latOfWorldY(inside(y + dy * pixel(z))),
      }));
      return fc.record({ z: fc.constant(z), places: fc.array(place, { minLength: 1, maxLength: 60 }) });
    });
  const reportsAt = (places: readonly { lonDeg: number; latDeg: number }[]): Report[] => {
    const random = seededRandom(places.length);
    return places.map((place, i) => makeReport({ ...place, createdAtMs: NOW - i }, random));
  };

  it("agrees with one stitching of the world and counts each report once, on borders and corners of cluster cells", () => {
    fc.assert(
      fc.property(aroundCorner, ({ z, places }) => {
        const indexes = clusterCellIndexes(reportsAt(places), levelOfZoom(z), NOW);
        const found = stitchedSpots(indexes, z);
        expect(inOrder(found)).toEqual(inOrder(stitchWorld(plainSpots(indexes, z), z)));
        expect(total(found)).toBe(places.length);
        expect(new Set(found.map(({ start }) => start)).size).toBe(found.length);
      }),
      runs(500),
    );
  });

  it("does not depend on the order in which reports come", () => {
    fc.assert(
      fc.property(
        aroundCorner,
        fc.infiniteStream(fc.double({ min: 0, max: 1, noNaN: true })),
        ({ z, places }, keys) => {
          const reports = reportsAt(places);
          const shuffled = reports
            .map((report) => ({ report, key: keys.next().value as number }))
            .sort((a, b) => a.key - b.key)
            .map(({ report }) => report);
          const spots = (of: readonly Report[]): Spot[] =>
            stitchedSpots(clusterCellIndexes(of, levelOfZoom(z), NOW), z);
          expect(inOrder(spots(shuffled))).toEqual(inOrder(spots(reports)));
        },
      ),
      runs(100),
    );
  });
});

const houston = houstonReports(NOW);
const without = houston === undefined ? ` (skipped: ${HOUSTON_MISSING})` : "";

describe(`Houston's incidents${without}`, { tags: "slow" }, () => {
  it.skipIf(houston === undefined)("are counted once, and at most 1% of clusters are closer than half a radius", () => {
    const reports = houston ?? [];
    for (let z = 0; z <= 18; z++) {
      const spots = stitchedSpots(clusterCellIndexes(reports, levelOfZoom(z), NOW), z);
      expect(total(spots), `z${z}`).toBe(86_309);
      expect(shareCloserThan(CLUSTER_RADIUS_PX / 2, spots, z), `z${z}`).toBeLessThanOrEqual(0.01);
    }
  });
});
