import { describe, expect, it } from "vitest";
import { newestOfCluster } from "../../../server/clusters/cluster-reports.ts";
import { silentLog } from "../../../server/console/log.ts";
import type { LogCell } from "../../../server/ports/report-store.ts";
import { createPyramid } from "../../../server/pyramid/pyramid.ts";
import { TooWideError } from "../../../server/reports/find-newest.ts";
import { createMemoryDerivedStore } from "../../../server/store/memory/derived-memory.ts";
import { createMemoryStore } from "../../../server/store/memory/memory.ts";
import { type ClusterMembers, membersOf } from "../../../tiles/cluster/cluster-members.ts";
import { idTimePrefix } from "../../../tiles/report-id.ts";
import { seededRandom } from "../../kit/random.ts";
import { makeReport } from "../../kit/sample-reports.ts";

const NOW = Date.UTC(2026, 5, 1, 12);

/** A cluster of the whole world at zoom 0: one cell with 40 reports, 30 with two, and 200 with one. */
async function openWorld() {
  const clock = { now: () => NOW };
  const store = createMemoryStore({ clock });
  const random = seededRandom(11);
  const at = (cell: number) => ({ lonDeg: 10 + (cell % 20) * 0.3, latDeg: 10 + Math.floor(cell / 20) * 0.3 });
  const counts = [40, ...Array<number>(30).fill(2), ...Array<number>(200).fill(1)];
  const reports = counts.flatMap((count, cell) =>
    Array.from({ length: count }, () =>
      makeReport({ ...at(cell), createdAtMs: NOW - Math.floor(random() * 89 * 86_400_000) }, random),
    ),
  );
  await store.putMany(reports);
  const pyramid = createPyramid({ store, derived: createMemoryDerivedStore({ clock }), clock, log: silentLog });
  const [index] = await pyramid.clusterCells("safety", { z: 0, x: 0, y: 0 }, "90d");
  if (index === undefined) throw new Error("the world has a cluster cell");
  const all = Array.from({ length: index.zooms.get(0)?.length ?? 0 }, (_, cluster) => ({ index, cluster }));
  const opened: string[] = [];
  const source = {
    ...pyramid,
    reports(cell: LogCell) {
      opened.push(cell.geohash5);
      return pyramid.reports(cell);
    },
  };
  const query = { layer: "safety", window: "90d", members: membersOf(all, 0) as ClusterMembers, atMs: NOW } as const;
  const newest = reports
    .map(({ id }) => id)
    .toSorted()
    .reverse();
  return { source, query, newest, opened };
}

describe("newestOfCluster", () => {
  it("opens hardly more cells than it finds reports, and none whose only report was passed", async () => {
    const { source, query, newest, opened } = await openWorld();
    const first = await newestOfCluster(source, { ...query, limit: 30, maxCells: 1000 });
    expect(first.found.map(({ id }) => id)).toEqual(newest.slice(0, 30));
    expect(first.next).toBe(newest[29]);
    expect(opened.length).toBeLessThanOrEqual(30);
    opened.length = 0;
    const cursor = newest[249] ?? "";
    const late = await newestOfCluster(source, { ...query, limit: 10, maxCells: 1000, cursor });
    expect(late.found.map(({ id }) => id)).toEqual(newest.slice(250, 260));
    expect(opened.length).toBeLessThan(31 + 10 + 16);
    expect(new Set(opened).size).toBe(opened.length);
  });

  it("refuses to look into more cells than it may", async () => {
    const { source, query, opened } = await openWorld();
    const reading = newestOfCluster(source, { ...query, limit: 500, maxCells: 100 });
    await expect(reading).rejects.toThrow(TooWideError);
    expect(opened.length).toBeLessThanOrEqual(100);
    const cursor = idTimePrefix(0) + "0".repeat(15);
    expect(await newestOfCluster(source, { ...query, limit: 5, maxCells: 100, cursor })).toEqual({ found: [] });
  });
});
