import Supercluster from "supercluster";
import { type Check, printTable } from "../../test/kit/output.ts";
import { addMicroCells, microCellsOfReports } from "../../tiles/cells/micro-cells.ts";
import { allocateClusters, CLUSTER_RADIUS_PX, clusterZooms } from "../../tiles/cluster/cluster.ts";
import { indexMicroCells } from "../../tiles/cluster/cluster-cell-index.ts";
import { LEVELS } from "../../tiles/cluster/cluster-cells.ts";
import { encodeGeohash } from "../../tiles/geo/geohash.ts";
import { worldX, worldY } from "../../tiles/geo/tile-address.ts";
import type { Report } from "../../tiles/report.ts";
import { columnsOfReports } from "../../tiles/report-columns.ts";
import { race, retainedBytes, spreadOf } from "../kit/measure.ts";

const SIZES = [1000, 10_000, 100_000];
const MAX_BYTES = 120;

/** The clustering kernel against supercluster on the same points, three zooms as in a cluster cell and all of z0..z16. */
export function measureClustering(reports: readonly Report[]) {
  const found = SIZES.flatMap((size) =>
    [
      [11, 13],
      [0, 16],
    ].map(([minZoom = 0, maxZoom = 0]) => {
      const points = allocateClusters(size);
      const features = reports.slice(0, size).map(({ lonDeg, latDeg }, i) => {
        points.x[i] = worldX(lonDeg);
        points.y[i] = worldY(latDeg);
        points.count[i] = 1;
        points.first[i] = i;
        const geometry = { type: "Point" as const, coordinates: [lonDeg, latDeg] };
        return { type: "Feature" as const, properties: {}, geometry };
      });
      const ms = race(
        {
          ours: () => clusterZooms(points, minZoom, maxZoom).get(minZoom),
          supercluster: () =>
            new Supercluster({ radius: CLUSTER_RADIUS_PX, extent: 512, minZoom, maxZoom }).load(features),
        },
        { rounds: 7 },
      );
      const [ours, supercluster] = [spreadOf(ms.ours), spreadOf(ms.supercluster)];
      return { size, minZoom, maxZoom, ours, supercluster, factor: supercluster.median / ours.median };
    }),
  );
  printTable(
    "clustering kernel, ms",
    ["points", "zooms", "ours", "supercluster", "factor"],
    found.map((m) => [m.size, `z${m.minZoom}..z${m.maxZoom}`, m.ours.median, m.supercluster.median, m.factor]),
  );
  return found;
}

/** What a cached index keeps, for each micro cell or report that it was made of. */
export function measureMemory(reports: readonly Report[], nowMs: number) {
  const level = (precision: number) => {
    const found = LEVELS.find((each) => each.precision === precision);
    if (found === undefined) throw new Error(`no level of precision ${precision}`);
    return found;
  };
  const [hot = "", list = []] =
    [...Map.groupBy(reports, ({ lonDeg, latDeg }) => encodeGeohash(lonDeg, latDeg, 4))].sort(
      (a, b) => b[1].length - a[1].length,
    )[0] ?? [];
  const cells = retainedBytes(() =>
    indexMicroCells(
      addMicroCells([microCellsOfReports(columnsOfReports(list), 7, nowMs)], 7),
      level(4),
      "safety",
      "90d",
    ),
  );
  const micro = cells.value.rows.length;
  const rows = retainedBytes(() => columnsOfReports(list));
  const [near = "", nearby = []] =
    [...Map.groupBy(list, ({ lonDeg, latDeg }) => encodeGeohash(lonDeg, latDeg, 6))].sort(
      (a, b) => b[1].length - a[1].length,
    )[0] ?? [];
  const close = columnsOfReports(nearby);
  const index = retainedBytes(() => indexMicroCells(microCellsOfReports(close, 9, nowMs), level(6), "safety", "90d"));
  const reference = retainedBytes(() =>
    new Supercluster({ radius: CLUSTER_RADIUS_PX, extent: 512, maxZoom: 16 }).load(
      list.map(({ lonDeg, latDeg }) => ({
        type: "Feature" as const,
        properties: {},
        geometry: { type: "Point" as const, coordinates: [lonDeg, latDeg] },
      })),
    ),
  );
  const figures = [
    {
      what: `index of cluster cell ${hot}: a micro cell`,
      n: micro,
      bytes: cells.bytes / micro,
      claimed: cells.value.bytes / micro,
    },
    {
      what: `reports of ${hot} as columns: a report`,
      n: list.length,
      bytes: rows.bytes / list.length,
      claimed: undefined,
    },
    {
      what: `index of cluster cell ${near}: a micro cell`,
      n: index.value.rows.length,
      bytes: index.bytes / index.value.rows.length,
      claimed: index.value.bytes / index.value.rows.length,
    },
    {
      what: `supercluster of ${hot}: a report`,
      n: list.length,
      bytes: reference.bytes / list.length,
      claimed: undefined,
    },
  ];
  printTable(
    "memory, bytes; claimed: what the cache counts",
    ["what", "entries", "bytes each", "claimed"],
    figures.map(({ what, n, bytes, claimed }) => [what, n, bytes, claimed]),
  );
  const checks: Check[] = figures.slice(0, 3).map(({ what, bytes }) => ({
    what: `memory, ${what}`,
    limit: `${MAX_BYTES} bytes`,
    found: Math.round(bytes),
    met: bytes <= MAX_BYTES,
  }));
  return { checks, figures };
}
