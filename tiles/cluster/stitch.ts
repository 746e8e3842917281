import { type BufferedTile, bufferWidths, LAST_BEFORE_ONE, TILE_SIZE_PX, tileAt } from "../geo/tile-address.ts";
import { binPoints } from "./bins.ts";
import { addPoint, allocateClusters, CLUSTER_RADIUS_PX, type Clusters, copyPoint, takeClusters } from "./cluster.ts";

/**
 * Cluster cells are clustered one by one, so near a border clusters of two cluster cells can come to lie almost on each other, which one
 * clustering of the world would not leave so. Stitching joins two clusters when each is the nearest of the other and they
 * are closer than STITCH_PX. The rule does not know of cluster cells: inside one it finds little to join.
 *
 * Every tile decides alike about every pair: whether a joins b depends on what lies within STITCH_PX of a and of b, so on
 * nothing farther than 2 * STITCH_PX from the joined cluster, since that lies between them.
 *
 * The world is round: at its west and east ends a tile sees those of the other end beside its own, a world away from where they are.
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
  /** Worlds that each is seen east of its place: -1 or 1 across the antimeridian, otherwise 0. */
  readonly worlds: Int8Array;
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
    const x = (near.x[length] as number) * n - (tile.x - (near.worlds[length] as number) * n);
    const y = (near.y[length] as number) * n - tile.y;
    if (x >= -buffer && x < 1 + buffer && y >= -buffer && y < 1 + buffer) length++;
  }
  return takeTileClusters(near, length);
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
    (start, i) => near.clusterCell[i] === part.clusterCell && start === first[part.cluster] && near.worlds[i] === 0,
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
  return { clusters: takeTileClusters(near, 1), parts };
}

const takeTileClusters = (clusters: TileClusters, length: number): TileClusters => ({
  ...takeClusters(clusters, length),
  clusterCell: clusters.clusterCell.slice(0, length),
  worlds: clusters.worlds.slice(0, length),
});

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
  const worlds: number[] = [];
  const endOfClusterCell = clusterCells.map((clusters) => {
    for (let i = 0; i < clusters.length; i++) {
      const px = clusters.x[i] as number;
      const py = clusters.y[i] as number;
      if (py < north || py > south) continue;
      // In each of the worlds that the grown tile meets; almost always one.
      for (let world = west < 0 ? -1 : 0; world <= (east > 1 ? 1 : 0); world++) {
        if (px < west - world || px > east - world) continue;
        found.push(i);
        worlds.push(world);
      }
    }
    return found.length;
  });
  const { length } = found;
  const around = { ...allocateClusters(length), clusterCell: new Uint16Array(length), worlds: Int8Array.from(worlds) };
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
function nearestWithin(clusters: TileClusters, reach: number): Int32Array {
  const { columns, start, bin, position, point, x, y } = binPoints(seenPlaces(clusters), reach);
  const nearest = new Int32Array(clusters.length).fill(-1);
  const { worlds } = clusters;
  for (let i = 0; i < clusters.length; i++) {
    const at = position[i] as number;
    let best = reach * reach;
    const lastRow = (bin[i] as number) + columns;
    for (let b = lastRow - 2 * columns; b <= lastRow; b += columns) {
      const end = start[b + 2] as number;
      for (let k = start[b - 1] as number; k < end; k++) {
        const j = point[k] as number;
        const dx = worlds[j] === worlds[i] ? (x[k] as number) - (x[at] as number) : eastward(clusters, i, j);
        const dy = (y[k] as number) - (y[at] as number);
        const distance = dx * dx + dy * dy;
        if (k === at || distance > best) continue;
        if (distance === best && (nearest[i] === -1 || j > (nearest[i] as number))) continue;
        best = distance;
        nearest[i] = j;
      }
    }
  }
  return nearest;
}

/** Where clusters are seen; their places where all are of one world. */
function seenPlaces(clusters: TileClusters): Pick<Clusters, "length" | "x" | "y"> {
  const { length, x, y, worlds } = clusters;
  if (worlds.every((world) => world === 0)) return clusters;
  return { length, x: x.map((place, i) => place + (worlds[i] as number)), y };
}

/**
 * How far east of one cluster another of the next world is seen. Only what is exact may come in between, as a place in the world's
 * eastern half less one is: then every tile has the same distance, whichever of the two it holds.
 */
function eastward({ x, worlds }: TileClusters, from: number, to: number): number {
  const apart = (worlds[to] as number) - (worlds[from] as number);
  if (apart === 1) return (x[to] as number) - ((x[from] as number) - 1);
  if (apart === -1) return (x[to] as number) - 1 - (x[from] as number);
  return apart;
}

function copyCluster(clusters: TileClusters, from: number, to: number): void {
  copyPoint(clusters, from, clusters, to);
  clusters.clusterCell[to] = clusters.clusterCell[from] as number;
  clusters.worlds[to] = clusters.worlds[from] as number;
}

/** Puts two clusters together, at their mean weighed by reports; it starts where the one of the lower index does. */
function joinPoints(clusters: TileClusters, low: number, high: number, to: number): void {
  const { y, count } = clusters;
  const lowCount = count[low] as number;
  const highCount = count[high] as number;
  const mean = meanX(clusters, low, high);
  const meanY = ((y[low] as number) * lowCount + (y[high] as number) * highCount) / (lowCount + highCount);
  copyCluster(clusters, low, to);
  addPoint(clusters, high, clusters, to);
  clusters.x[to] = mean.x;
  clusters.worlds[to] = mean.world;
  y[to] = meanY;
}

/** Across the antimeridian the mean is in the world of the one on whose side of it it lies: the same for every tile. */
function meanX({ x, count, worlds }: TileClusters, low: number, high: number): { x: number; world: number } {
  const lowWorld = worlds[low] as number;
  const highWorld = worlds[high] as number;
  const sumOf = (i: number, place: number): number => place * (count[i] as number);
  const total = (count[low] as number) + (count[high] as number);
  if (lowWorld === highWorld) {
    return { x: (sumOf(low, x[low] as number) + sumOf(high, x[high] as number)) / total, world: lowWorld };
  }
  // The west one of the two is near the world's east end.
  const [west, east] = lowWorld < highWorld ? [low, high] : [high, low];
  const mean = (sumOf(west, (x[west] as number) - 1) + sumOf(east, x[east] as number)) / total;
  return mean < 0
    ? { x: Math.min(LAST_BEFORE_ONE, mean + 1), world: worlds[west] as number }
    : { x: mean, world: worlds[east] as number };
}
