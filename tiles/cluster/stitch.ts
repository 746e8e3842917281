import { type BufferedTile, bufferWidths, TILE_SIZE_PX, tileAt } from "../geo/tile-address.ts";
import { binPoints } from "./bins.ts";
import { addPoint, allocateClusters, CLUSTER_RADIUS_PX, type Clusters, copyPoint, takeClusters } from "./cluster.ts";

/**
 * Cluster cells are clustered one by one, so near a border clusters of two cluster cells can come to lie almost on each other, which one
 * clustering of the world would not leave so. Stitching joins two clusters when each is the nearest of the other and they
 * are closer than STITCH_PX. The rule does not know of cluster cells: inside one it finds little to join.
 *
 * Every tile decides alike about every pair: whether a joins b depends on what lies within STITCH_PX of a and of b, so on
 * nothing farther than 2 * STITCH_PX from the joined cluster, since that lies between them.
 */

/**
 * Well above half a radius, so that circles hardly overlap, and such that Houston has as many clusters as one supercluster
 * makes of it (within 2% from z11 on). One supercluster leaves 1 cluster in 40 closer than this to another, cluster cells 1 in 10.
 */
export const STITCH_PX = 0.8 * CLUSTER_RADIUS_PX;

/**
 * How far around a tile its stitching must see, in tile widths. The pixel more is for clusters that lie a little outside their
 * cluster cell, since places are summed on a grid, and for rounding.
 */
export const STITCH_MARGIN = (2 * STITCH_PX + 1) / TILE_SIZE_PX;

/** The clusters of a tile; `first` is an index into the points of cluster cell `cluster cell`, where the cluster starts. */
export interface TileClusters extends Clusters {
  readonly clusterCell: Uint16Array;
}

/**
 * Stitched clusters that lie in a tile or its buffer. `cluster cells` are the tile's zoom of the cluster cells that meet the tile grown by
 * its buffer and STITCH_MARGIN, in ascending order of their geohash, which decides ties. Their order is the same in every tile that shows
 * them, so circles that lie on each other do so in the same way on both sides of an edge.
 */
export function clustersOfTile(tile: BufferedTile, clusterCells: readonly Clusters[]): TileClusters {
  const near = clustersAround(tile, clusterCells);
  const reach = STITCH_PX / (TILE_SIZE_PX * 2 ** tile.z);
  const nearest = nearestWithin(near, reach);
  const n = 2 ** tile.z;
  const buffer = bufferWidths(tile);
  let length = 0;
  for (let i = 0; i < near.length; i++) {
    const partner = nearest[i] as number;
    const joins = partner >= 0 && nearest[partner] === i;
    if (joins && partner < i) continue;
    // Written over the front of the input: only what was decided already is lost.
    if (joins) joinPoints(near, i, partner, length);
    else copyCluster(near, i, length);
    const x = (near.x[length] as number) * n - tile.x;
    const y = (near.y[length] as number) * n - tile.y;
    if (x >= -buffer && x < 1 + buffer && y >= -buffer && y < 1 + buffer) length++;
  }
  return { ...takeClusters(near, length), clusterCell: near.clusterCell.slice(0, length) };
}

/** One of a cluster cell's clusters of a zoom: the cluster cell's place in a list, and the cluster's number. */
export interface ClusterPart {
  readonly clusterCell: number;
  readonly cluster: number;
}

export interface StitchedCluster {
  /** The one cluster as a tile shows it. */
  readonly clusters: TileClusters;
  /** What it was joined from, the one that it starts in first. */
  readonly parts: readonly ClusterPart[];
}

/**
 * The stitched cluster that a part belongs to. `cluster cells` are as for `clustersOfTile`, those of the tile that the part lies in:
 * the tile that shows the stitched one decides as this one does.
 */
export function stitchedCluster(z: number, clusterCells: readonly Clusters[], part: ClusterPart): StitchedCluster {
  const { x, y, first } = clusterCells[part.clusterCell] as Clusters;
  const home = tileAt(x[part.cluster] as number, y[part.cluster] as number, z);
  const near = clustersAround(home, clusterCells);
  const at = near.first.findIndex(
    (start, i) => near.clusterCell[i] === part.clusterCell && start === first[part.cluster],
  );
  const nearest = nearestWithin(near, STITCH_PX / (TILE_SIZE_PX * 2 ** z));
  const partner = nearest[at] as number;
  const members = partner >= 0 && nearest[partner] === at ? [Math.min(at, partner), Math.max(at, partner)] : [at];
  const parts = members.map((member): ClusterPart => {
    const clusterCell = near.clusterCell[member] as number;
    const clusters = clusterCells[clusterCell] as Clusters;
    return { clusterCell, cluster: clusters.first.indexOf(near.first[member] as number) };
  });
  const [low = at, high] = members;
  if (high === undefined) copyCluster(near, low, 0);
  else joinPoints(near, low, high, 0);
  return { clusters: { ...takeClusters(near, 1), clusterCell: near.clusterCell.slice(0, 1) }, parts };
}

/** All clusters in the grown tile, cluster cell by cluster cell. */
function clustersAround(tile: BufferedTile, clusterCells: readonly Clusters[]): TileClusters {
  const { z, x, y } = tile;
  const n = 2 ** z;
  const margin = STITCH_MARGIN + bufferWidths(tile);
  const west = (x - margin) / n;
  const east = (x + 1 + margin) / n;
  const north = (y - margin) / n;
  const south = (y + 1 + margin) / n;
  const found: number[] = [];
  const endOfClusterCell = clusterCells.map((clusters) => {
    for (let i = 0; i < clusters.length; i++) {
      const px = clusters.x[i] as number;
      const py = clusters.y[i] as number;
      if (px >= west && px <= east && py >= north && py <= south) found.push(i);
    }
    return found.length;
  });
  const around = { ...allocateClusters(found.length), clusterCell: new Uint16Array(found.length) };
  let k = 0;
  clusterCells.forEach((clusters, clusterCell) => {
    for (; k < (endOfClusterCell[clusterCell] as number); k++) {
      copyPoint(clusters, found[k] as number, around, k);
      around.clusterCell[k] = clusterCell;
    }
  });
  return around;
}

/** The nearest other cluster closer than `reach`, or -1; of two as near, the one that comes first. */
function nearestWithin(clusters: Clusters, reach: number): Int32Array {
  const { columns, start, bin, position, point, x, y } = binPoints(clusters, reach);
  const nearest = new Int32Array(clusters.length).fill(-1);
  for (let i = 0; i < clusters.length; i++) {
    const at = position[i] as number;
    let best = reach * reach;
    const lastRow = (bin[i] as number) + columns;
    for (let b = lastRow - 2 * columns; b <= lastRow; b += columns) {
      const end = start[b + 2] as number;
      for (let k = start[b - 1] as number; k < end; k++) {
        const dx = (x[k] as number) - (x[at] as number);
        const dy = (y[k] as number) - (y[at] as number);
        const distance = dx * dx + dy * dy;
        if (k === at || distance > best) continue;
        const j = point[k] as number;
        if (distance === best && (nearest[i] === -1 || j > (nearest[i] as number))) continue;
        best = distance;
        nearest[i] = j;
      }
    }
  }
  return nearest;
}

function copyCluster(clusters: TileClusters, from: number, to: number): void {
  copyPoint(clusters, from, clusters, to);
  clusters.clusterCell[to] = clusters.clusterCell[from] as number;
}

/** Puts two clusters together, at their mean weighed by reports; it starts where the one of the lower index does. */
function joinPoints(clusters: TileClusters, low: number, high: number, to: number): void {
  const { x, y, count } = clusters;
  const lowCount = count[low] as number;
  const highCount = count[high] as number;
  const total = lowCount + highCount;
  const meanX = ((x[low] as number) * lowCount + (x[high] as number) * highCount) / total;
  const meanY = ((y[low] as number) * lowCount + (y[high] as number) * highCount) / total;
  copyCluster(clusters, low, to);
  addPoint(clusters, high, clusters, to);
  x[to] = meanX;
  y[to] = meanY;
}
