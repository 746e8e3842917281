import { BYTES_PER_MICRO_CELL, cutToStep, gridOf, type MicroCells } from "../cells/micro-cells.ts";
import { writeBase32 } from "../geo/base32.ts";
import { geohashOfKey, keyOfGeohash } from "../geo/cell-key.ts";
import { worldX, worldY } from "../geo/tile-address.ts";
import { keptTime } from "../kept.ts";
import { AGE_BANDS, BAND_COUNT, type ReportLayer, type TimeWindow, WINDOW_BANDS } from "../layers.ts";
import { FULL_QUARTERS, type ReportDetails } from "../report-columns.ts";
import { allocateClusters, BYTES_PER_CLUSTER, type Clusters, type ClusterZooms, clusterZooms } from "./cluster.ts";
import type { Level } from "./cluster-cells.ts";

/** One cluster cell of one layer and window, clustered for its level's zooms. */
export interface ClusterCellIndex {
  readonly layer: ReportLayer;
  readonly window: TimeWindow;
  readonly zooms: ClusterZooms;
  /** Details of the one report that a cluster of count 1 stands for; indexed by `source[first]`. */
  readonly rows: ReportDetails;
  readonly source: Uint32Array;
  /** Names the place where a cluster starts, for its id: a micro cell's geohash. */
  readonly startOf: (sourceIndex: number) => string;
  /** The point, an index into `source`, of such a name, also when no cluster starts there; -1 when there is none. */
  readonly pointStartingAt: (start: string) => number;
  /** The geohash, as a number, of a precision no finer than the micro cells' in which it lies. */
  readonly keyAt: (sourceIndex: number, precision: number) => number;
  /** Writes the same as ASCII; returns where the next byte goes. */
  readonly writeStart: (out: Uint8Array, at: number, sourceIndex: number) => number;
  /** From this time on the index may differ: Unix milliseconds. */
  readonly staleAtMs: number;
  readonly bytes: number;
}

const WEIGHT_TENTHS = AGE_BANDS.map(({ weightTenths }) => weightTenths);

/** Clusters micro cells; every cell with a report in the window counts. */
export function indexMicroCells(
  cells: MicroCells,
  level: Level,
  layer: ReportLayer,
  window: TimeWindow,
): ClusterCellIndex {
  const { length, bandCount, bandSeverity, sumX, sumY, newest, lacking } = cells;
  const bands = WINDOW_BANDS[window];
  const steps = 1 / gridOf(cells.precision);
  const points = allocateClusters(length);
  const source = new Uint32Array(length);
  const { counts, bucketOf, next, total: n } = scatter(cells, bands);
  // In the order of the cells, each written where it belongs: to read all over memory instead made z11 a third slower.
  for (let cell = 0; cell < length; cell++) {
    const count = counts[cell] as number;
    if (count === 0) continue;
    const bucket = bucketOf[cell] as number;
    const i = next[bucket] as number;
    next[bucket] = i + 1;
    let all = 0;
    let severity = 0;
    let fortieths = 0;
    for (let band = 0, at = cell * BAND_COUNT; band < BAND_COUNT; band++, at++) {
      all += bandCount[at] as number;
      if (band >= bands) continue;
      severity += bandSeverity[at] as number;
      const severityQuarters = FULL_QUARTERS * (bandSeverity[at] as number) - (lacking?.severityQuarters[at] ?? 0);
      fortieths += severityQuarters * (WEIGHT_TENTHS[band] as number);
    }
    // A lone report stands where it is, not on the mean of reports that the window leaves out.
    const lone = count === 1;
    points.count[i] = count;
    points.severity[i] = severity;
    points.weightFortieths[i] = fortieths;
    source[i] = cell;
    points.x[i] = lone ? rowX(newest, cell) : ((sumX[cell] as number) / all) * steps;
    points.y[i] = lone ? rowY(newest, cell) : ((sumY[cell] as number) / all) * steps;
    points.newestSeconds[i] = newestSeconds(newest, cell, { lone, layer });
  }
  return finish(points, n, source, level, {
    layer,
    window,
    rows: cells.newest,
    startOf: (cell) => geohashOfKey(cells.key[cell] as number, cells.precision),
    sourceOf: (start) => (start.length === cells.precision ? cells.key.indexOf(keyOfGeohash(start)) : -1),
    keyAt: (cell, precision) => Math.floor((cells.key[cell] as number) / 32 ** (cells.precision - precision)),
    writeStart: (out, at, cell) => writeBase32(out, at, cells.key[cell] as number, cells.precision),
    staleAtMs: cells.staleAtMs,
    bytes: cells.length * BYTES_PER_MICRO_CELL,
  });
}

/**
 * Puts the cells with reports in the first bands in an order that their keys alone decide and that has nothing to do with place.
 * The first point of a neighbourhood starts its cluster; in the order of the geohash curve, that made 24% more clusters at z13 of
 * a real city than supercluster makes, closer together. `counts` are the reports of each cell, `next` is where the cells of each
 * bucket begin.
 */
function scatter({ length, key, bandCount }: MicroCells, bands: number) {
  const counts = new Uint32Array(length);
  const bucketOf = new Uint16Array(length);
  const next = new Uint32Array(HASH_BUCKETS + 1);
  for (let cell = 0; cell < length; cell++) {
    let count = 0;
    for (let band = 0, at = cell * BAND_COUNT; band < bands; band++, at++) count += bandCount[at] as number;
    counts[cell] = count;
    const bucket = mix32(key[cell] as number) % HASH_BUCKETS;
    bucketOf[cell] = bucket;
    if (count > 0) next[bucket + 1] = (next[bucket + 1] as number) + 1;
  }
  for (let b = 0; b < HASH_BUCKETS; b++) next[b + 1] = (next[b + 1] as number) + (next[b] as number);
  return { counts, bucketOf, next, total: next[HASH_BUCKETS] as number };
}

/** Fixed, so that a cell more does not reorder the others; the few cells of a bucket stay in the order of their keys. */
const HASH_BUCKETS = 4096;

/** The finalizer of MurmurHash3 (Austin Appleby) on the low 32 bits: a permutation that leaves no pattern. */
function mix32(value: number): number {
  let v = value | 0;
  v = Math.imul(v ^ (v >>> 16), 0x85ebca6b);
  v = Math.imul(v ^ (v >>> 13), 0xc2b2ae35);
  return (v ^ (v >>> 16)) >>> 0;
}

/** What an index knows of its points before they are clustered. */
type IndexedPoints = Omit<ClusterCellIndex, "zooms" | "source" | "pointStartingAt"> & {
  sourceOf(start: string): number;
};

function finish(
  points: Clusters,
  length: number,
  source: Uint32Array,
  level: Level,
  { sourceOf, ...rest }: IndexedPoints,
): ClusterCellIndex {
  for (let i = 0; i < length; i++) points.first[i] = i;
  // A step at half the radius first: micro cells lie on a raster, and clusters made of them at once keep traces of it.
  const zooms = clusterZooms({ ...points, length }, level.minZoom, level.maxZoom, level.maxZoom + 1);
  // The closest zoom is clustered now; all wider ones together have about as many clusters again.
  const closest = zooms.get(level.maxZoom)?.length ?? 0;
  const bytes = rest.bytes + 2 * source.byteLength + 2 * closest * BYTES_PER_CLUSTER;
  const pointStartingAt = (start: string): number => {
    const point = source.indexOf(sourceOf(start));
    // Beyond the points the array holds zeros.
    return point < length ? point : -1;
  };
  return { ...rest, zooms, source, pointStartingAt, bytes };
}

const rowX = (rows: ReportDetails, row: number): number => worldX((rows.lonE6[row] as number) / 1e6);
const rowY = (rows: ReportDetails, row: number): number => worldY((rows.latE6[row] as number) / 1e6);

/**
 * As times are told: of a report that an older program stored as coarsely as it would be kept today, of several to the minute: what is finer
 * of a cell's newest report is kept only where it may be shown alone.
 */
function newestSeconds(
  rows: ReportDetails,
  row: number,
  { lone, layer }: { lone: boolean; layer: ReportLayer },
): number {
  const timeMs = rows.createdAtMs[row] as number;
  return (lone ? keptTime(layer, rows.category[row] as string, timeMs) : cutToStep(timeMs)) / 1000;
}
