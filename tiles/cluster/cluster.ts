import { TILE_SIZE_PX } from "../geo/tile-address.ts";
import { binPoints } from "./bins.ts";

/**
 * Greedy hierarchical clustering as supercluster does it (Vladimir Agafonkin, "Clustering millions of points on a map"), on
 * weighted points in flat arrays, with a grid of bins in place of a KD tree. The order of the input decides which point
 * starts a cluster, so the caller sorts by content; the same points then give the same clusters on every machine.
 */

/** Points in world units, or the clusters made of them: the same shape, so that a zoom's clusters feed the next. */
export interface Clusters {
  readonly length: number;
  readonly x: Float64Array;
  readonly y: Float64Array;
  /** Reports inside. */
  readonly count: Uint32Array;
  /** Sum of their severities. */
  readonly severity: Uint32Array;
  /** Sum of severity times recency weight, tenths, times what the reports weigh, quarters. */
  readonly weightFortieths: Uint32Array;
  /** Creation of the newest, Unix seconds. */
  readonly newestSeconds: Uint32Array;
  /** Smallest index, in the points of the start, of the members; ascending. */
  readonly first: Uint32Array;
}

/** Bytes that a point or cluster occupies, with the number of the wider zoom's cluster that it lies in. */
export const BYTES_PER_CLUSTER = 40;

/** Pixels at 512 px a tile within which points join. */
export const CLUSTER_RADIUS_PX = 50;

export function allocateClusters(length: number): Clusters {
  return {
    length,
    x: new Float64Array(length),
    y: new Float64Array(length),
    count: new Uint32Array(length),
    severity: new Uint32Array(length),
    weightFortieths: new Uint32Array(length),
    newestSeconds: new Uint32Array(length),
    first: new Uint32Array(length),
  };
}

/** The clusters of a range of zooms, each zoom's made of those of the zoom below it when it is first asked for. */
export interface ClusterZooms {
  /** Undefined outside the range. */
  get(zoom: number): Clusters | undefined;
  /** In which of a zoom's clusters each point lies. @throws RangeError outside the range */
  ownersAt(zoom: number): Uint32Array;
}

/**
 * Joining begins at `fromZoom`; what is closer than `maxZoom` is a step on the way and not kept. A tile needs one zoom of
 * three: the wider ones wait until somebody zooms out.
 */
export function clusterZooms(points: Clusters, minZoom: number, maxZoom: number, fromZoom = maxZoom): ClusterZooms {
  const made = new Map<number, Clusters>();
  const steps: { readonly zoom: number; readonly owner: Uint32Array }[] = [];
  let current = points;
  let next = fromZoom;
  // Not the points themselves: they would be kept for as long as the clusters.
  const { length } = points;

  function get(zoom: number): Clusters | undefined {
    if (zoom < minZoom || zoom > maxZoom) return undefined;
    for (; next >= zoom; next--) {
      const { clusters, owner } = clusterOnce(current, CLUSTER_RADIUS_PX / (TILE_SIZE_PX * 2 ** next));
      // Where nothing was joined, clusters keep their numbers.
      if (clusters !== current) steps.push({ zoom: next, owner });
      current = clusters;
      if (next <= maxZoom) made.set(next, current);
    }
    return made.get(zoom);
  }

  return {
    get,
    ownersAt(zoom) {
      if (get(zoom) === undefined) throw new RangeError(`zoom ${zoom} outside ${minZoom}..${maxZoom}`);
      const owners = Uint32Array.from({ length }, (_, i) => i);
      for (const step of steps) {
        if (step.zoom < zoom) break;
        for (let i = 0; i < owners.length; i++) owners[i] = step.owner[owners[i] as number] as number;
      }
      return owners;
    },
  };
}

/**
 * Joins points that lie within `radius` (world units) of a point that was not joined yet, in the order of the input. `owner` is
 * the number of the cluster that each lies in.
 */
function clusterOnce(points: Clusters, radius: number): { clusters: Clusters; owner: Uint32Array } {
  const { columns, start, bin, position, point, x, y } = binPoints(points, radius);
  const owner = new Uint32Array(points.length);
  const { out, joined } = scratchFor(points.length);
  const reach = radius * radius;
  let length = 0;
  for (let i = 0; i < points.length; i++) {
    const at = position[i] as number;
    if (joined[at] === 1) continue;
    joined[at] = 1;
    owner[i] = length;
    copyPoint(points, i, out, length);
    const [centreX, centreY] = [x[at] as number, y[at] as number];
    let sumX = centreX * (points.count[i] as number);
    let sumY = centreY * (points.count[i] as number);
    let members = 1;
    const lastRow = (bin[i] as number) + columns;
    for (let b = lastRow - 2 * columns; b <= lastRow; b += columns) {
      const end = start[b + 2] as number;
      for (let k = start[b - 1] as number; k < end; k++) {
        if (joined[k] === 1) continue;
        const dx = (x[k] as number) - centreX;
        const dy = (y[k] as number) - centreY;
        if (dx * dx + dy * dy > reach) continue;
        joined[k] = 1;
        const j = point[k] as number;
        owner[j] = length;
        members++;
        sumX += (x[k] as number) * (points.count[j] as number);
        sumY += (y[k] as number) * (points.count[j] as number);
        addPoint(points, j, out, length);
      }
    }
    if (members > 1) {
      out.x[length] = sumX / (out.count[length] as number);
      out.y[length] = sumY / (out.count[length] as number);
    }
    length++;
  }
  return { clusters: length === points.length ? points : takeClusters(out, length), owner };
}

/**
 * Where clusters are gathered before it is known how many there are, and which points were joined, by position in the bins. Kept
 * from call to call: nothing waits in between.
 */
let scratch = { out: allocateClusters(1024), joined: new Uint8Array(1024) };

function scratchFor(length: number): typeof scratch {
  if (scratch.joined.length < length) {
    scratch = { out: allocateClusters(2 * length), joined: new Uint8Array(2 * length) };
  } else scratch.joined.fill(0, 0, length);
  return scratch;
}

/** Copies point `i` over point `j` of another set. */
export function copyPoint(from: Clusters, i: number, to: Clusters, j: number): void {
  to.x[j] = from.x[i] as number;
  to.y[j] = from.y[i] as number;
  to.count[j] = from.count[i] as number;
  to.severity[j] = from.severity[i] as number;
  to.weightFortieths[j] = from.weightFortieths[i] as number;
  to.newestSeconds[j] = from.newestSeconds[i] as number;
  to.first[j] = from.first[i] as number;
}

/** Adds the sums of point `i` to point `j` of another set; the place is the caller's. */
export function addPoint(from: Clusters, i: number, to: Clusters, j: number): void {
  to.count[j] = (to.count[j] as number) + (from.count[i] as number);
  to.severity[j] = (to.severity[j] as number) + (from.severity[i] as number);
  to.weightFortieths[j] = (to.weightFortieths[j] as number) + (from.weightFortieths[i] as number);
  to.newestSeconds[j] = Math.max(to.newestSeconds[j] as number, from.newestSeconds[i] as number);
}

/** The first `length` of them. */
export function takeClusters(clusters: Clusters, length: number): Clusters {
  return {
    length,
    x: clusters.x.slice(0, length),
    y: clusters.y.slice(0, length),
    count: clusters.count.slice(0, length),
    severity: clusters.severity.slice(0, length),
    weightFortieths: clusters.weightFortieths.slice(0, length),
    newestSeconds: clusters.newestSeconds.slice(0, length),
    first: clusters.first.slice(0, length),
  };
}
