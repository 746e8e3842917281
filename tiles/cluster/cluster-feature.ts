import { encodeGeohash } from "../geo/geohash.ts";
import { latOfWorldY, lonOfWorldX } from "../geo/tile-address.ts";
import { REPORT_LAYERS } from "../layers.ts";
import { idOfRow } from "../report-columns.ts";
import type { Clusters } from "./cluster.ts";
import type { ClusterCellIndex } from "./cluster-cell-index.ts";
import { formatClusterId } from "./cluster-id.ts";
import { NEIGHBORHOOD_PRECISION } from "./report-tile.ts";

/** What a tile says of one cluster or single report, at its place before that is rounded to the tile's grid. */
export interface ClusterFeature {
  /** Of a cluster, or of the report when it is alone. */
  readonly id: string;
  readonly lonDeg: number;
  readonly latDeg: number;
  readonly count: number;
  /** Mean, one decimal. */
  readonly severity: number;
  /** Sum of severity times recency weight. */
  readonly weight: number;
  readonly newestSeconds: number;
  /** Of the neighbourhood. */
  readonly geohash: string;
  /** Of a report that is alone. */
  readonly category?: string;
}

/** @param index where the cluster `i` starts */
export function featureOf(index: ClusterCellIndex, zoom: number, clusters: Clusters, i: number): ClusterFeature {
  const { layer, window, rows } = index;
  const count = clusters.count[i] as number;
  const source = index.source[clusters.first[i] as number] as number;
  const sums = {
    count,
    severity: Math.round((10 * (clusters.severity[i] as number)) / count) / 10,
    weight: (clusters.weightFortieths[i] as number) / 40,
    newestSeconds: clusters.newestSeconds[i] as number,
  };
  if (count === 1) {
    const place = { lonDeg: (rows.lonE6[source] as number) / 1e6, latDeg: (rows.latE6[source] as number) / 1e6 };
    const id = idOfRow(rows, source, REPORT_LAYERS.indexOf(layer));
    return { id, ...place, ...sums, geohash: neighborhoodAt(place), category: rows.category[source] as string };
  }
  const place = { lonDeg: lonOfWorldX(clusters.x[i] as number), latDeg: latOfWorldY(clusters.y[i] as number) };
  const id = formatClusterId({ layer, zoom, start: index.startOf(source), window });
  return { id, ...place, ...sums, geohash: neighborhoodAt(place) };
}

const neighborhoodAt = ({ lonDeg, latDeg }: { lonDeg: number; latDeg: number }): string =>
  encodeGeohash(lonDeg, latDeg, NEIGHBORHOOD_PRECISION);
