import Supercluster from "supercluster";
import { describe, expect, it } from "vitest";
import { allocateClusters, CLUSTER_RADIUS_PX, type Clusters, clusterZooms } from "../../tiles/cluster/cluster.ts";
import { latOfWorldY, lonOfWorldX } from "../../tiles/geo/tile-address.ts";
import { seededRandom } from "../kit/random.ts";

function scatter(count: number, seed: number, spread: number): Clusters {
  const random = seededRandom(seed);
  const points = allocateClusters(count);
  for (let i = 0; i < count; i++) {
    points.x[i] = 0.3 + (random() + random() - 1) * spread;
    points.y[i] = 0.4 + (random() + random() - 1) * spread;
    points.count[i] = 1;
    points.severity[i] = 1 + (i % 5);
    points.weightFortieths[i] = 10 * (1 + (i % 5));
    points.newestSeconds[i] = i;
    points.first[i] = i;
  }
  return points;
}

/** How many entries of two lists have no partner of the same value in the other. */
function difference(a: readonly number[], b: readonly number[]): number {
  const left = new Map<number, number>();
  for (const n of a) left.set(n, (left.get(n) ?? 0) + 1);
  for (const n of b) left.set(n, (left.get(n) ?? 0) - 1);
  return [...left.values()].reduce((sum, n) => sum + Math.abs(n), 0) / 2;
}

describe("clusterZooms", () => {
  it("makes supercluster's clusters at every zoom", () => {
    for (const [count, spread] of [
      [1, 0.01],
      [2, 0],
      [500, 0.05],
      [5000, 0.01],
      [3000, 0.0001],
    ] as const) {
      const points = scatter(count, count, spread);
      const reference = new Supercluster({ radius: CLUSTER_RADIUS_PX, extent: 512, minZoom: 0, maxZoom: 16 });
      reference.load(
        Array.from({ length: count }, (_, i) => ({
          type: "Feature" as const,
          properties: {},
          geometry: {
            type: "Point" as const,
            coordinates: [lonOfWorldX(points.x[i] as number), latOfWorldY(points.y[i] as number)],
          },
        })),
      );
      const ours = clusterZooms(points, 0, 16);
      for (let z = 0; z <= 16; z++) {
        const theirs = reference.getClusters([-180, -90, 180, 90], z).map((f) => f.properties.point_count ?? 1);
        const clusters = ours.get(z) as Clusters;
        // Supercluster rounds places to 2^-30 of the world, which now and then decides a pair on the radius otherwise.
        expect(difference([...clusters.count.subarray(0, clusters.length)], theirs)).toBeLessThanOrEqual(
          theirs.length / 100,
        );
      }
    }
  });

  it("keeps every sum from zoom to zoom", () => {
    const points = scatter(4000, 7, 0.02);
    const zooms = clusterZooms(points, 0, 18);
    for (let z = 0; z <= 18; z++) {
      const clusters = zooms.get(z) as Clusters;
      let count = 0;
      let severity = 0;
      let x = 0;
      for (let i = 0; i < clusters.length; i++) {
        count += clusters.count[i] as number;
        severity += clusters.severity[i] as number;
        x += (clusters.x[i] as number) * (clusters.count[i] as number);
      }
      expect(count, `z${z}`).toBe(4000);
      expect(severity, `z${z}`).toBe(points.severity.reduce((a, b) => a + b, 0));
      expect(x / 4000).toBeCloseTo(points.x.reduce((a, b) => a + b, 0) / 4000, 12);
    }
  });

  it("makes the same clusters in whichever order zooms are asked for, and none outside its range", () => {
    const upwards = clusterZooms(scatter(500, 3, 0.05), 4, 9, 10);
    const downwards = clusterZooms(scatter(500, 3, 0.05), 4, 9, 10);
    const seen = [4, 5, 6, 7, 8, 9].map((z) => upwards.get(z));
    expect([9, 8, 7, 6, 5, 4].map((z) => downwards.get(z)).reverse()).toEqual(seen);
    expect([upwards.get(3), upwards.get(10)]).toEqual([undefined, undefined]);
  });

  it("weighs a point by its reports", () => {
    const points = allocateClusters(2);
    points.x.set([0.5, 0.5 + 1e-6]);
    points.y.set([0.5, 0.5]);
    points.count.set([1, 3]);
    points.first.set([0, 1]);
    const joined = clusterZooms(points, 10, 10).get(10);
    expect(joined?.length).toBe(1);
    expect(joined?.count[0]).toBe(4);
    expect(joined?.x[0]).toBeCloseTo(0.5 + 0.75e-6, 15);
  });

  it("never joins points farther apart than the radius", () => {
    const radius = CLUSTER_RADIUS_PX / (512 * 2 ** 5);
    const points = allocateClusters(2);
    points.count.fill(1);
    points.y.fill(0.5);
    points.x.set([0.5, 0.5 + radius * 1.001]);
    expect(clusterZooms(points, 5, 5).get(5)?.length).toBe(2);
    points.x.set([0.5, 0.5 + radius * 0.999]);
    expect(clusterZooms(points, 5, 5).get(5)?.length).toBe(1);
  });
});
