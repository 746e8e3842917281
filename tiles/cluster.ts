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
  /** Sum of severity times recency weight, in tenths. */
  readonly weightTenths: Uint32Array;
  /** Creation of the newest, Unix seconds. */
  readonly newestSeconds: Uint32Array;
  /** Smallest index, in the points of the start, of the members; ascending. */
  readonly first: Uint32Array;
}

/** Bytes that a point or cluster occupies, with the number of the wider zoom's cluster that it lies in. */
export const BYTES_PER_CLUSTER = 40;

/** Pixels at 512 px a tile within which points join. */
export const CLUSTER_RADIUS_PX = 50;
export const TILE_SIZE_PX = 512;

export function allocateClusters(length: number): Clusters {
  return {
    length,
    x: new Float64Array(length),
    y: new Float64Array(length),
    count: new Uint32Array(length),
    severity: new Uint32Array(length),
    weightTenths: new Uint32Array(length),
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
  const bins = binPoints(points, radius);
  const owner = new Uint32Array(points.length).fill(NOT_JOINED);
  const out = scratchFor(points.length);
  const reach = radius * radius;
  let length = 0;
  for (let i = 0; i < points.length; i++) {
    if (owner[i] !== NOT_JOINED) continue;
    owner[i] = length;
    const x = points.x[i] as number;
    const y = points.y[i] as number;
    copyPoint(points, i, out, length);
    let sumX = x * (points.count[i] as number);
    let sumY = y * (points.count[i] as number);
    let members = 1;
    const column = bins.column(x);
    const row = bins.row(y);
    for (let r = Math.max(0, row - 1); r <= Math.min(bins.rows - 1, row + 1); r++) {
      const from = bins.start[r * bins.columns + Math.max(0, column - 1)] as number;
      const until = bins.start[r * bins.columns + Math.min(bins.columns - 1, column + 1) + 1] as number;
      for (let k = from; k < until; k++) {
        const j = bins.points[k] as number;
        if (owner[j] !== NOT_JOINED) continue;
        const dx = (points.x[j] as number) - x;
        const dy = (points.y[j] as number) - y;
        if (dx * dx + dy * dy > reach) continue;
        owner[j] = length;
        members++;
        sumX += (points.x[j] as number) * (points.count[j] as number);
        sumY += (points.y[j] as number) * (points.count[j] as number);
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

const NOT_JOINED = 0xffffffff;

/** Where clusters are gathered before it is known how many there are. Kept from call to call: nothing waits in between. */
let scratch = allocateClusters(1024);

function scratchFor(length: number): Clusters {
  if (scratch.length < length) scratch = allocateClusters(2 * length);
  return scratch;
}

/** Points sorted into square bins, row by row. */
export interface Bins {
  readonly columns: number;
  readonly rows: number;
  readonly column: (x: number) => number;
  readonly row: (y: number) => number;
  /** `points[start[b] .. start[b + 1]]` are the points of bin b, ascending. */
  readonly start: Uint32Array;
  readonly points: Uint32Array;
}

/** Counting sort into square bins at least `radius` wide, and no more bins than a few times the points. */
export function binPoints({ length, x, y }: Clusters, radius: number): Bins {
  let minX = Infinity;
  let minY = Infinity;
  let maxX = -Infinity;
  let maxY = -Infinity;
  for (let i = 0; i < length; i++) {
    minX = Math.min(minX, x[i] as number);
    maxX = Math.max(maxX, x[i] as number);
    minY = Math.min(minY, y[i] as number);
    maxY = Math.max(maxY, y[i] as number);
  }
  const spread = Math.max(maxX - minX, maxY - minY, radius);
  const width = Math.max(radius, spread / Math.ceil(2 * Math.sqrt(length + 1)));
  const columns = length === 0 ? 1 : Math.floor((maxX - minX) / width) + 1;
  const rows = length === 0 ? 1 : Math.floor((maxY - minY) / width) + 1;
  const column = (px: number): number => Math.floor((px - minX) / width);
  const row = (py: number): number => Math.floor((py - minY) / width);
  const start = new Uint32Array(columns * rows + 1);
  const bin = new Uint32Array(length);
  for (let i = 0; i < length; i++) {
    const b = row(y[i] as number) * columns + column(x[i] as number);
    bin[i] = b;
    start[b + 1] = (start[b + 1] as number) + 1;
  }
  for (let b = 0; b < columns * rows; b++) start[b + 1] = (start[b + 1] as number) + (start[b] as number);
  const next = start.slice();
  const sorted = new Uint32Array(length);
  for (let i = 0; i < length; i++) {
    const b = bin[i] as number;
    const at = next[b] as number;
    sorted[at] = i;
    next[b] = at + 1;
  }
  return { columns, rows, column, row, start, points: sorted };
}

/** Copies point `i` over point `j` of another set. */
export function copyPoint(from: Clusters, i: number, to: Clusters, j: number): void {
  to.x[j] = from.x[i] as number;
  to.y[j] = from.y[i] as number;
  to.count[j] = from.count[i] as number;
  to.severity[j] = from.severity[i] as number;
  to.weightTenths[j] = from.weightTenths[i] as number;
  to.newestSeconds[j] = from.newestSeconds[i] as number;
  to.first[j] = from.first[i] as number;
}

/** Adds the sums of point `i` to point `j` of another set; the place is the caller's. */
export function addPoint(from: Clusters, i: number, to: Clusters, j: number): void {
  to.count[j] = (to.count[j] as number) + (from.count[i] as number);
  to.severity[j] = (to.severity[j] as number) + (from.severity[i] as number);
  to.weightTenths[j] = (to.weightTenths[j] as number) + (from.weightTenths[i] as number);
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
    weightTenths: clusters.weightTenths.slice(0, length),
    newestSeconds: clusters.newestSeconds.slice(0, length),
    first: clusters.first.slice(0, length),
  };
}
