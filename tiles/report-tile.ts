import { writeAscii, writeBase32, writeIdOfRow } from "./base32.ts";
import type { Clusters } from "./cluster.ts";
import { formatClusterId, numericId } from "./cluster-id.ts";
import type { DomainIndex } from "./domain-index.ts";
import { columnAt, rowAt } from "./geohash.ts";
import { DEFAULT_WINDOW, REPORT_LAYERS, type ReportLayer } from "./layers.ts";
import { cellKey, geohashOfKey } from "./micro-cells.ts";
import { createLayerWriter } from "./mvt.ts";
import { createNumberIndex } from "./number-index.ts";
import { clustersOfTile } from "./stitch.ts";
import { EXTENT, latOfWorldY, lonOfWorldX, type TileAddress } from "./tile-address.ts";

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

// Kept from tile to tile: encoding never waits, so one tile is finished before the next begins.
const writer = createLayerWriter(KEYS);
const geohashValues = createNumberIndex();
const abbreviations = createNumberIndex();
const id = new Uint8Array(64);

/**
 * One layer of a tile as MVT bytes, empty when nothing lies in the tile. `domains` are the indexes of the domains of
 * `domainsOfTile`, in ascending order. There is no buffer: a feature is in the one tile that its point lies in.
 */
export function encodeReportLayer(
  layer: ReportLayer,
  tile: TileAddress,
  domains: readonly DomainIndex[],
  scoreOf?: ScoreOf,
): Uint8Array<ArrayBuffer> {
  writer.begin(layer);
  geohashValues.clear();
  abbreviations.clear();
  const clusters = clustersOfTile(
    tile,
    domains.map(({ zooms }) => {
      const atZoom = zooms.get(tile.z);
      if (atZoom === undefined) throw new RangeError(`domain of another level asked for zoom ${tile.z}`);
      return atZoom;
    }),
  );
  // A cluster's id is its start between these.
  const window = domains[0]?.window ?? DEFAULT_WINDOW;
  const [head = "", tail = ""] = formatClusterId({ layer, zoom: tile.z, start: "*", window }).split("*");
  const n = 2 ** tile.z;
  for (let i = 0; i < clusters.length; i++) {
    const domain = domains[clusters.domain[i] as number] as DomainIndex;
    const length =
      clusters.count[i] === 1
        ? tagReport(domain, clusters, i, scoreOf)
        : tagCluster(domain, clusters, i, scoreOf, head, tail);
    const px = Math.floor(((clusters.x[i] as number) * n - tile.x) * EXTENT);
    const py = Math.floor(((clusters.y[i] as number) * n - tile.y) * EXTENT);
    writer.addPoint(numericId(id, length), px, py);
  }
  return writer.finish();
}

/** Tags a feature with a single report, and leaves its id in `id`; returns the id's length. */
function tagReport(domain: DomainIndex, clusters: Clusters, i: number, scoreOf: ScoreOf | undefined): number {
  const { rows, source } = domain;
  const row = source[clusters.first[i] as number] as number;
  const length = writeIdOfRow(id, 0, rows, row, REPORT_LAYERS.indexOf(domain.layer));
  writer.tag(ID, writer.uniqueAscii(id, length));
  writer.tag(CATEGORY, writer.text(rows.category[row] as string));
  writer.tag(SEVERITY, writer.number(clusters.severity[i] as number));
  writer.tag(NEWEST, writer.number(clusters.newestSeconds[i] as number));
  tagNeighborhood((rows.lonE6[row] as number) / 1e6, (rows.latE6[row] as number) / 1e6, scoreOf);
  return length;
}

/** The same for a cluster. */
function tagCluster(
  domain: DomainIndex,
  clusters: Clusters,
  i: number,
  scoreOf: ScoreOf | undefined,
  head: string,
  tail: string,
): number {
  const count = clusters.count[i] as number;
  const start = domain.source[clusters.first[i] as number] as number;
  const length = writeAscii(id, domain.writeStart(id, writeAscii(id, 0, head), start), tail);
  const countValue = writer.number(count);
  writer.tag(CLUSTER, writer.flag(true));
  writer.tag(POINT_COUNT, countValue);
  writer.tag(ABBREVIATED, count < 1000 ? countValue : abbreviation(count));
  writer.tag(SEVERITY, writer.number(Math.round((10 * (clusters.severity[i] as number)) / count) / 10));
  writer.tag(WEIGHT, writer.number((clusters.weightTenths[i] as number) / 10));
  writer.tag(NEWEST, writer.number(clusters.newestSeconds[i] as number));
  tagNeighborhood(lonOfWorldX(clusters.x[i] as number), latOfWorldY(clusters.y[i] as number), scoreOf);
  writer.tag(ID, writer.uniqueAscii(id, length));
  return length;
}

/** Index of the value that stands for a count from 1000 on. */
function abbreviation(count: number): number {
  // Counts of one short form share this number, the short form's in hundreds.
  const hundreds = count >= 10_000 ? 10 * Math.round(count / 1000) : Math.round(count / 100);
  const known = abbreviations.find(hundreds);
  if (known >= 0) return known;
  const value = writer.text(String(abbreviate(count)));
  abbreviations.add(value);
  return value;
}

const geohash = new Uint8Array(NEIGHBORHOOD_PRECISION);

function tagNeighborhood(lonDeg: number, latDeg: number, scoreOf: ScoreOf | undefined): void {
  const precision = NEIGHBORHOOD_PRECISION;
  const key = cellKey(columnAt(lonDeg, precision), rowAt(latDeg, precision), precision);
  let value = geohashValues.find(key);
  if (value < 0) {
    value = writer.uniqueAscii(geohash, writeBase32(geohash, 0, key, precision));
    geohashValues.add(value);
  }
  writer.tag(GEOHASH, value);
  const score = scoreOf?.(geohashOfKey(key, precision));
  if (score !== undefined) writer.tag(SCORE, writer.number(score));
}

/** Supercluster's short form of a count: 999, "1.2k", "13k". */
export function abbreviate(count: number): number | string {
  if (count >= 10_000) return `${Math.round(count / 1000)}k`;
  return count >= 1000 ? `${Math.round(count / 100) / 10}k` : count;
}
