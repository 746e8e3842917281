import type { Clusters } from "./cluster.ts";
import { formatClusterId, numericId } from "./cluster-id.ts";
import type { DomainIndex } from "./domain-index.ts";
import { encodeGeohash } from "./geohash.ts";
import { REPORT_LAYERS, type ReportLayer } from "./layers.ts";
import { createLayerWriter, type LayerWriter } from "./mvt.ts";
import { idOfRow } from "./report-columns.ts";
import { clustersOfTile } from "./stitch.ts";
import { EXTENT, latOfWorldY, lonOfWorldX, type TileAddress } from "./tile-address.ts";

/** Precision of a neighbourhood, about 1.2 x 0.6 km. */
export const NEIGHBORHOOD_PRECISION = 6;

/** Score of a neighbourhood (0..100, one decimal), when known. */
export type ScoreOf = (geohash6: string) => number | undefined;

const CLUSTER_KEYS = [
  "cluster",
  "point_count",
  "point_count_abbreviated",
  "severity",
  "weight",
  "newest",
  "geohash",
  "score",
  "id",
] as const;
const REPORT_KEYS = ["id", "category", "severity", "newest", "geohash", "score"] as const;

/**
 * One layer of a tile as MVT bytes, empty when nothing lies in the tile. `domains` are the indexes of the domains of
 * `domainsOfTile`, in ascending order. There is no buffer: a feature is in the one tile that its point lies in.
 */
export function encodeReportLayer(
  layer: ReportLayer,
  tile: TileAddress,
  domains: readonly DomainIndex[],
  scoreOf: ScoreOf = () => undefined,
): Uint8Array {
  const writer = createLayerWriter(layer);
  const clusters = clustersOfTile(
    tile,
    domains.map(({ zooms }) => {
      const atZoom = zooms.get(tile.z);
      if (atZoom === undefined) throw new RangeError(`domain of another level asked for zoom ${tile.z}`);
      return atZoom;
    }),
  );
  for (let i = 0; i < clusters.length; i++) {
    const domain = domains[clusters.domain[i] as number] as DomainIndex;
    addFeature(writer, domain, tile, clusters, i, scoreOf);
  }
  return writer.finish();
}

function addFeature(
  writer: LayerWriter,
  domain: DomainIndex,
  tile: TileAddress,
  clusters: Clusters,
  i: number,
  scoreOf: ScoreOf,
): void {
  const count = clusters.count[i] as number;
  const source = domain.source[clusters.first[i] as number] as number;
  const n = 2 ** tile.z;
  const px = Math.floor(((clusters.x[i] as number) * n - tile.x) * EXTENT);
  const py = Math.floor(((clusters.y[i] as number) * n - tile.y) * EXTENT);
  const newest = clusters.newestSeconds[i] as number;
  if (count === 1) {
    const lonDeg = (domain.rows.lonE6[source] as number) / 1e6;
    const latDeg = (domain.rows.latE6[source] as number) / 1e6;
    const geohash = encodeGeohash(lonDeg, latDeg, NEIGHBORHOOD_PRECISION);
    const id = idOfRow(domain.rows, source, REPORT_LAYERS.indexOf(domain.layer));
    const category = domain.rows.category[source] as string;
    writer.addPoint(numericId(id), px, py, REPORT_KEYS, [
      id,
      category,
      clusters.severity[i],
      newest,
      geohash,
      scoreOf(geohash),
    ]);
    return;
  }
  const lonDeg = lonOfWorldX(clusters.x[i] as number);
  const latDeg = latOfWorldY(clusters.y[i] as number);
  const geohash = encodeGeohash(lonDeg, latDeg, NEIGHBORHOOD_PRECISION);
  const id = formatClusterId({
    layer: domain.layer,
    zoom: tile.z,
    start: domain.startOf(source),
    window: domain.window,
  });
  const severity = Math.round((10 * (clusters.severity[i] as number)) / count) / 10;
  const weight = (clusters.weightTenths[i] as number) / 10;
  writer.addPoint(numericId(id), px, py, CLUSTER_KEYS, [
    true,
    count,
    abbreviate(count),
    severity,
    weight,
    newest,
    geohash,
    scoreOf(geohash),
    id,
  ]);
}

/** Supercluster's short form of a count: 999, "1.2k", "13k". */
export function abbreviate(count: number): number | string {
  if (count >= 10_000) return `${Math.round(count / 1000)}k`;
  return count >= 1000 ? `${Math.round(count / 100) / 10}k` : count;
}
