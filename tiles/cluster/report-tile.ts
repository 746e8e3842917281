import { writeAscii, writeBase32 } from "../geo/base32.ts";
import { cellKey, geohashOfKey } from "../geo/cell-key.ts";
import { columnAt, rowAt } from "../geo/geohash.ts";
import { type BufferedTile, EXTENT, latOfWorldY, lonOfWorldX } from "../geo/tile-address.ts";
import { DEFAULT_WINDOW, REPORT_LAYERS, type ReportLayer, type TimeWindow } from "../layers.ts";
import { createLayerWriter } from "../mvt/mvt.ts";
import { writeIdOfRow } from "../report-columns.ts";
import type { ClusterCellIndex } from "./cluster-cell-index.ts";
import { formatClusterId, numericId } from "./cluster-id.ts";
import { clustersOfTile, type TileClusters } from "./stitch.ts";

/** Precision of a neighbourhood, about 1.2 x 0.6 km. */
export const NEIGHBORHOOD_PRECISION = 6;

/** Score of a neighbourhood (0..100, one decimal), when known. */
export type ScoreOf = (geohash6: string) => number | undefined;

const KEYS = [
  "cluster",
  "point_count",
  "point_count_abbreviated",
  "severity",
  "weight",
  "newest",
  "geohash",
  "score",
  "id",
  "category",
] as const;

const keyOf = (name: (typeof KEYS)[number]): number => KEYS.indexOf(name);
const CLUSTER = keyOf("cluster");
const POINT_COUNT = keyOf("point_count");
const ABBREVIATED = keyOf("point_count_abbreviated");
const SEVERITY = keyOf("severity");
const WEIGHT = keyOf("weight");
const NEWEST = keyOf("newest");
const GEOHASH = keyOf("geohash");
const SCORE = keyOf("score");
const ID = keyOf("id");
const CATEGORY = keyOf("category");
/** Only of tiles with a buffer. */
const COPY = KEYS.length;

/** The attributes of a tile's features as columns; kept from tile to tile, since encoding never waits. */
interface FeatureColumns {
  readonly capacity: number;
  readonly id: Float64Array;
  readonly x: Int16Array;
  readonly y: Int16Array;
  readonly isCluster: Uint8Array;
  /** Whether it lies in the buffer. */
  readonly isCopy: Uint8Array;
  /** NaN for a single report, as the weight. */
  readonly count: Float64Array;
  readonly weight: Float64Array;
  readonly severity: Float64Array;
  readonly newest: Float64Array;
  /** Geohash of the neighbourhood, as a number. */
  readonly neighborhood: Float64Array;
  readonly score: Float64Array;
  /** Texts of the ids, one after the other, and where each ends. */
  readonly idText: Uint8Array;
  readonly idEnd: Uint32Array;
}

/** More than the longest id. */
const ID_BYTES = 64;

function allocateFeatures(capacity: number): FeatureColumns {
  const numbers = (): Float64Array => new Float64Array(capacity);
  return {
    capacity,
    id: numbers(),
    x: new Int16Array(capacity),
    y: new Int16Array(capacity),
    isCluster: new Uint8Array(capacity),
    isCopy: new Uint8Array(capacity),
    count: numbers(),
    weight: numbers(),
    severity: numbers(),
    newest: numbers(),
    neighborhood: numbers(),
    score: numbers(),
    idText: new Uint8Array(capacity * ID_BYTES),
    idEnd: new Uint32Array(capacity),
  };
}

const plainWriter = createLayerWriter(KEYS);
const bufferedWriter = createLayerWriter([...KEYS, "copy"]);
let columns = allocateFeatures(256);

/**
 * One layer of a tile as MVT bytes, empty when nothing lies in the tile. `cluster cells` are the indexes of the cluster cells of
 * `clusterCellsOfTile`, in ascending order. A feature is in the one tile that its point lies in; where a tile has a buffer, those in
 * it are there too, marked as copies.
 */
export function encodeReportLayer(
  layer: ReportLayer,
  tile: BufferedTile,
  clusterCells: readonly ClusterCellIndex[],
  scoreOf?: ScoreOf,
): Uint8Array<ArrayBuffer> {
  return writeFeatures(layer, featuresOfTile(layer, tile, clusterCells), scoreOf);
}

/** The features of a tile, to be written before the next tile's are asked for: all tiles use the same columns. */
export interface TileFeatures extends FeatureColumns {
  readonly zoom: number;
  readonly hasBuffer: boolean;
  readonly length: number;
  readonly categories: readonly (string | undefined)[];
}

/** The stitched clusters of a tile with all that a tile says of them. */
export function featuresOfTile(
  layer: ReportLayer,
  tile: BufferedTile,
  clusterCells: readonly ClusterCellIndex[],
): TileFeatures {
  const clusters = clustersOfTile(
    tile,
    clusterCells.map(({ zooms }) => {
      const atZoom = zooms.get(tile.z);
      if (atZoom === undefined) throw new RangeError(`cluster cell of another level asked for zoom ${tile.z}`);
      return atZoom;
    }),
  );
  if (columns.capacity < clusters.length) columns = allocateFeatures(2 * clusters.length);
  const categories = fillFeatures(columns, layer, tile, clusters, clusterCells);
  const hasBuffer = tile.bufferPx !== undefined && tile.bufferPx > 0;
  return { ...columns, zoom: tile.z, hasBuffer, length: clusters.length, categories };
}

/**
 * Up to this zoom clusters rather share the minute of their newest report than a neighbourhood; from the next on, the other way
 * round.
 */
const LAST_WIDE_ZOOM = 12;

/** Features as a layer of a tile. */
export function writeFeatures(
  layer: ReportLayer,
  features: TileFeatures,
  scoreOf: ScoreOf | undefined,
): Uint8Array<ArrayBuffer> {
  const writer = features.hasBuffer ? bufferedWriter : plainWriter;
  writer.begin(layer, features.length);
  // What several features share comes first: indexes of values below 128 take a byte, and those of ids are used once each.
  writer.flags(CLUSTER, features.isCluster);
  if (features.hasBuffer) writer.flags(COPY, features.isCopy);
  writer.numbers(POINT_COUNT, features.count);
  // A count below 1000 is its own short form.
  writer.numbers(ABBREVIATED, features.count);
  writer.texts(ABBREVIATED, shortForms(features));
  writer.numbers(SEVERITY, features.severity);
  const isWide = features.zoom <= LAST_WIDE_ZOOM;
  if (isWide) writer.numbers(NEWEST, features.newest);
  writer.codedTexts(GEOHASH, features.neighborhood, NEIGHBORHOOD_PRECISION, writeNeighborhood);
  writer.texts(CATEGORY, features.categories);
  if (scoreOf !== undefined) writer.numbers(SCORE, scores(features, scoreOf));
  if (!isWide) writer.numbers(NEWEST, features.newest);
  writer.numbers(WEIGHT, features.weight);
  writer.uniqueTexts(ID, features.idText, features.idEnd);
  return writer.finish(features);
}

/** Fills the columns with the clusters of a tile; returns the categories of those that are single reports. */
function fillFeatures(
  to: FeatureColumns,
  layer: ReportLayer,
  tile: BufferedTile,
  clusters: TileClusters,
  clusterCells: readonly ClusterCellIndex[],
): (string | undefined)[] {
  const categories = new Array<string | undefined>(clusters.length).fill(undefined);
  const layerIndex = REPORT_LAYERS.indexOf(layer);
  const clusterId = clusterIdWriter(layer, tile.z, clusterCells[0]?.window ?? DEFAULT_WINDOW);
  const n = 2 ** tile.z;
  for (let i = 0, from = 0; i < clusters.length; i++) {
    const { rows, source, writeStart } = clusterCells[clusters.clusterCell[i] as number] as ClusterCellIndex;
    const row = source[clusters.first[i] as number] as number;
    const count = clusters.count[i] as number;
    const x = clusters.x[i] as number;
    const y = clusters.y[i] as number;
    const severity = clusters.severity[i] as number;
    let end: number;
    if (count === 1) {
      end = writeIdOfRow(to.idText, from, rows, row, layerIndex);
      categories[i] = rows.category[row];
      to.isCluster[i] = NO_FLAG;
      to.count[i] = NaN;
      to.weight[i] = NaN;
      to.severity[i] = severity;
      to.neighborhood[i] = neighborhoodOf((rows.lonE6[row] as number) / 1e6, (rows.latE6[row] as number) / 1e6);
    } else {
      end = clusterId(to.idText, from, writeStart, row);
      to.isCluster[i] = 1;
      to.count[i] = count;
      to.weight[i] = (clusters.weightFortieths[i] as number) / 40;
      to.severity[i] = Math.round((10 * severity) / count) / 10;
      to.neighborhood[i] = neighborhoodOf(lonOfWorldX(x), latOfWorldY(y));
    }
    to.id[i] = numericId(to.idText, from, end);
    to.idEnd[i] = end;
    to.newest[i] = clusters.newestSeconds[i] as number;
    const tileX = Math.floor((x * n - (tile.x - (clusters.worlds[i] as number) * n)) * EXTENT);
    const tileY = Math.floor((y * n - tile.y) * EXTENT);
    to.x[i] = tileX;
    to.y[i] = tileY;
    to.isCopy[i] = tileX < 0 || tileX >= EXTENT || tileY < 0 || tileY >= EXTENT ? 1 : NO_FLAG;
    from = end;
  }
  return categories;
}

/** For `LayerWriter.flags`: neither true nor false. */
const NO_FLAG = 2;

/** Writes ids of clusters of one zoom: their start between what they have in common. */
function clusterIdWriter(layer: ReportLayer, zoom: number, window: TimeWindow) {
  const [head = "", tail = ""] = formatClusterId({ layer, zoom, start: "*", window }).split("*");
  return (out: Uint8Array, at: number, writeStart: ClusterCellIndex["writeStart"], source: number): number =>
    writeAscii(out, writeStart(out, writeAscii(out, at, head), source), tail);
}

function neighborhoodOf(lonDeg: number, latDeg: number): number {
  const precision = NEIGHBORHOOD_PRECISION;
  return cellKey(columnAt(lonDeg, precision), rowAt(latDeg, precision), precision);
}

function writeNeighborhood(out: Uint8Array, at: number, key: number): void {
  writeBase32(out, at, key, NEIGHBORHOOD_PRECISION);
}

function scores({ length, neighborhood, score }: TileFeatures, scoreOf: ScoreOf): Float64Array {
  for (let i = 0; i < length; i++) {
    score[i] = scoreOf(geohashOfKey(neighborhood[i] as number, NEIGHBORHOOD_PRECISION)) ?? NaN;
  }
  return score;
}

/** Short forms of the counts from 1000 on. */
function shortForms({ length, count: counts }: TileFeatures): (string | undefined)[] {
  const texts = new Array<string | undefined>(length).fill(undefined);
  for (let i = 0; i < length; i++) {
    const count = counts[i] as number;
    if (count >= 1000) texts[i] = String(abbreviate(count));
  }
  return texts;
}

/** Supercluster's short form of a count: 999, "1.2k", "13k". */
export function abbreviate(count: number): number | string {
  if (count >= 10_000) return `${Math.round(count / 1000)}k`;
  return count >= 1000 ? `${Math.round(count / 100) / 10}k` : count;
}
