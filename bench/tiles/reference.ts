import { fromGeojsonVt } from "@maplibre/vt-pbf";
import Supercluster, { type ClusterProperties, type PointFeature } from "supercluster";
import type { ReportRow } from "../../server/store/rows.ts";
import { reportOfRow } from "../../server/store/rows.ts";
import { CLUSTER_RADIUS_PX } from "../../tiles/cluster/cluster.ts";
import { abbreviate, NEIGHBORHOOD_PRECISION } from "../../tiles/cluster/report-tile.ts";
import { encodeGeohash } from "../../tiles/geo/geohash.ts";
import { EXTENT, latOfWorldY, lonOfWorldX, type TileAddress } from "../../tiles/geo/tile-address.ts";
import { AGE_BANDS, ageBand } from "../../tiles/layers.ts";
import type { Report } from "../../tiles/report.ts";

/** What a server without a pyramid does for each tile: rows of the area, supercluster, vt-pbf; the same properties as ours. */

interface PointProperties {
  readonly report: Report;
  readonly severity: number;
  readonly weightTenths: number;
  readonly newest: number;
}

interface ClusterSums {
  severity: number;
  weightTenths: number;
  newest: number;
}

export type ReferenceIndex = Supercluster<PointProperties, ClusterSums>;
type Point = PointFeature<PointProperties>;

export function readPoints(rows: readonly ReportRow[], nowMs: number): Point[] {
  return rows
    .map((row) => reportOfRow(row))
    .map((report) => ({
      type: "Feature",
      geometry: { type: "Point", coordinates: [report.lonDeg, report.latDeg] },
      properties: {
        report,
        severity: report.severity,
        weightTenths: report.severity * (AGE_BANDS[ageBand(nowMs - report.createdAtMs)]?.weightTenths ?? 0),
        newest: Math.floor(report.createdAtMs / 1000),
      },
    }));
}

/**
 * Clusters for one tile's zoom: as supercluster is meant to be used, each zoom made of the one below it, or with
 * `onlyZoom` straight from the points, which is less work and gives other clusters.
 */
export function clusterPoints(points: Point[], z: number, onlyZoom = false): ReferenceIndex {
  return new Supercluster<PointProperties, ClusterSums>({
    radius: (CLUSTER_RADIUS_PX * EXTENT) / 512,
    extent: EXTENT,
    minZoom: Math.min(z, 16),
    maxZoom: onlyZoom ? Math.min(z, 16) : 16,
    map: ({ severity, weightTenths, newest }) => ({ severity, weightTenths, newest }),
    reduce: (sums, { severity, weightTenths, newest }) => {
      sums.severity += severity;
      sums.weightTenths += weightTenths;
      sums.newest = Math.max(sums.newest, newest);
    },
  }).load(points);
}

/** Features as vt-pbf takes them. */
export interface VtFeature {
  id: number;
  type: 1;
  geometry: [number, number][];
  tags: Record<string, string | number | boolean>;
}

export function tileFeatures(index: ReferenceIndex, tile: TileAddress): VtFeature[] {
  const found = index.getTile(tile.z, tile.x, tile.y);
  return (found?.features ?? []).map(({ geometry, tags }, i) => {
    const [at = [0, 0]] = geometry as [number, number][];
    return { id: i, type: 1, geometry: [at], tags: tagsOf(tags ?? {}, tile, at) };
  });
}

function tagsOf(tags: object, tile: TileAddress, at: [number, number]): VtFeature["tags"] {
  return "report" in tags ? reportTags(tags) : clusterTags(tags, tile, at);
}

type SummedCluster = ClusterProperties & ClusterSums;

function clusterTags(tags: object, tile: TileAddress, [px, py]: [number, number]): VtFeature["tags"] {
  const { point_count, severity, weightTenths, newest, cluster_id } = tags as SummedCluster;
  const n = 2 ** tile.z;
  const lonDeg = lonOfWorldX((tile.x + px / EXTENT) / n);
  const latDeg = latOfWorldY((tile.y + py / EXTENT) / n);
  return {
    cluster: true,
    point_count,
    point_count_abbreviated: abbreviate(point_count),
    severity: Math.round((10 * severity) / point_count) / 10,
    weight: weightTenths / 10,
    newest,
    geohash: encodeGeohash(lonDeg, latDeg, NEIGHBORHOOD_PRECISION),
    id: `safety.${tile.z}.${cluster_id}`,
  };
}

function reportTags(tags: object): VtFeature["tags"] {
  const { report, newest } = tags as PointProperties;
  const { id, category, severity, lonDeg, latDeg } = report;
  return { id, category, severity, newest, geohash: encodeGeohash(lonDeg, latDeg, NEIGHBORHOOD_PRECISION) };
}

export function encodeFeatures(layer: string, features: readonly VtFeature[]): Uint8Array {
  return fromGeojsonVt({ [layer]: { features } as never }, { version: 2, extent: EXTENT });
}
