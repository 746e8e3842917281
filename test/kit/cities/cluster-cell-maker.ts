import { microCellsOfReports } from "../../../tiles/cells/micro-cells.ts";
import type { Clusters } from "../../../tiles/cluster/cluster.ts";
import { type ClusterCellIndex, indexMicroCells } from "../../../tiles/cluster/cluster-cell-index.ts";
import { clusterCellsOfTile, type Level } from "../../../tiles/cluster/cluster-cells.ts";
import { clustersOfTile, STITCH_MARGIN } from "../../../tiles/cluster/stitch.ts";
import { encodeGeohash } from "../../../tiles/geo/geohash.ts";
import { isTile, type TileAddress, tileAt } from "../../../tiles/geo/tile-address.ts";
import type { Report } from "../../../tiles/report.ts";
import { columnsOfReports } from "../../../tiles/report-columns.ts";

/** A cluster of a zoom: place in world units, and the name of where it starts. */
export interface Spot {
  readonly x: number;
  readonly y: number;
  readonly count: number;
  readonly start: string;
}

/** The indexes of all cluster cells of a level that hold reports, ascending; as the pyramid makes them, without its caches. */
export function clusterCellIndexes(
  reports: readonly Report[],
  level: Level,
  nowMs: number,
): Map<string, ClusterCellIndex> {
  const byClusterCell = new Map<string, Report[]>();
  for (const report of reports) {
    const clusterCell = encodeGeohash(report.lonDeg, report.latDeg, level.precision);
    const inClusterCell = byClusterCell.get(clusterCell);
    if (inClusterCell === undefined) byClusterCell.set(clusterCell, [report]);
    else inClusterCell.push(report);
  }
  const ascending = [...byClusterCell].sort(([a], [b]) => (a < b ? -1 : 1));
  return new Map(
    ascending.map(([clusterCell, inClusterCell]) => {
      const cells = microCellsOfReports(columnsOfReports(inClusterCell), level.microPrecision, nowMs);
      return [clusterCell, indexMicroCells(cells, level, "safety", "90d")];
    }),
  );
}

export const zoomOf = (index: ClusterCellIndex, z: number): Clusters => {
  const clusters = index.zooms.get(z);
  if (clusters === undefined) throw new RangeError(`zoom ${z} is of another level`);
  return clusters;
};

/** All clusters of a zoom before stitching, in the order that stitching goes by. */
export function plainSpots(indexes: ReadonlyMap<string, ClusterCellIndex>, z: number): Spot[] {
  return [...indexes.values()].flatMap((index) => spotsOf(zoomOf(index, z), () => index));
}

/** The clusters that one tile shows, from the cluster cells that a server would read for it. */
export function tileSpots(indexes: ReadonlyMap<string, ClusterCellIndex>, tile: TileAddress): Spot[] {
  const met = clusterCellsOfTile(tile).flatMap((clusterCell) => indexes.get(clusterCell) ?? []);
  const clusters = clustersOfTile(
    tile,
    met.map((index) => zoomOf(index, tile.z)),
  );
  return spotsOf(clusters, (i) => met[clusters.clusterCell[i] as number] as ClusterCellIndex);
}

/** The clusters of all tiles of a zoom. */
export function stitchedSpots(indexes: ReadonlyMap<string, ClusterCellIndex>, z: number): Spot[] {
  return tilesNear(plainSpots(indexes, z), z).flatMap((tile) => tileSpots(indexes, tile));
}

/** Tiles in which clusters can come to lie when these are stitched. */
export function tilesNear(spots: readonly Spot[], z: number): TileAddress[] {
  const tiles = new Map<string, TileAddress>();
  const margin = STITCH_MARGIN / 2 ** z;
  for (const { x, y } of spots) {
    for (const dx of [-margin, 0, margin]) {
      for (const dy of [-margin, 0, margin]) {
        const tile = tileAt(x + dx, y + dy, z);
        if (isTile(tile)) tiles.set(`${tile.x}/${tile.y}`, tile);
      }
    }
  }
  return [...tiles.values()];
}

/** Share of the spots that have another one closer than some pixels (512 to a tile). */
export function shareCloserThan(px: number, spots: readonly Pick<Spot, "x" | "y">[], z: number): number {
  const reach = px / (512 * 2 ** z);
  const bins = new Map<string, number[]>();
  const bin = (x: number, y: number): string => `${x},${y}`;
  spots.forEach(({ x, y }, i) => {
    const key = bin(Math.floor(x / reach), Math.floor(y / reach));
    const inBin = bins.get(key);
    if (inBin === undefined) bins.set(key, [i]);
    else inBin.push(i);
  });
  const around = ({ x, y }: Pick<Spot, "x" | "y">): number[] =>
    [-1, 0, 1].flatMap((dx) =>
      [-1, 0, 1].flatMap((dy) => bins.get(bin(Math.floor(x / reach) + dx, Math.floor(y / reach) + dy)) ?? []),
    );
  const close = spots.filter((a, i) =>
    around(a).some((j) => j !== i && Math.hypot((spots[j]?.x ?? 0) - a.x, (spots[j]?.y ?? 0) - a.y) < reach),
  );
  return spots.length === 0 ? 0 : close.length / spots.length;
}

function spotsOf(clusters: Clusters, indexOf: (i: number) => ClusterCellIndex): Spot[] {
  return Array.from({ length: clusters.length }, (_, i) => {
    const index = indexOf(i);
    return {
      x: clusters.x[i] as number,
      y: clusters.y[i] as number,
      count: clusters.count[i] as number,
      start: index.startOf(index.source[clusters.first[i] as number] as number),
    };
  });
}
