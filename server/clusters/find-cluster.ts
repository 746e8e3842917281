import { keyOfRow } from "../../tiles/cells/micro-cells.ts";
import type { Clusters } from "../../tiles/cluster/cluster.ts";
import type { ClusterCellIndex } from "../../tiles/cluster/cluster-cell-index.ts";
import { levelOfZoom } from "../../tiles/cluster/cluster-cells.ts";
import { type ClusterFeature, featureOf } from "../../tiles/cluster/cluster-feature.ts";
import type { ClusterIdParts } from "../../tiles/cluster/cluster-id.ts";
import type { IndexPart } from "../../tiles/cluster/cluster-members.ts";
import type { ScoreOf } from "../../tiles/cluster/report-tile.ts";
import { stitchedCluster } from "../../tiles/cluster/stitch.ts";
import { geohashOfKey } from "../../tiles/geo/cell-key.ts";
import { cellBounds } from "../../tiles/geo/geohash.ts";
import { type TileAddress, tileAt, worldX, worldY } from "../../tiles/geo/tile-address.ts";
import { REPORT_LAYERS, type ReportLayer, type TimeWindow } from "../../tiles/layers.ts";
import { findRow } from "../../tiles/report-columns.ts";
import { parseReportId } from "../../tiles/report-id.ts";
import type { Pyramid } from "../pyramid/pyramid.ts";

/** The pyramid as tiles see it, and the scores that are joined into them. */
export interface ClusterSource extends Pick<Pyramid, "clusterCells" | "cells" | "reports"> {
  readonly scoreOf?: ScoreOf;
}

/** Which tiles: a layer's, with a window. */
export interface View {
  readonly layer: ReportLayer;
  readonly window: TimeWindow;
}

/** A cluster as the tiles of its zoom show it now. */
export interface FoundCluster {
  readonly zoom: number;
  readonly feature: ClusterFeature;
  /** Clusters of cluster cells that it was stitched from. */
  readonly parts: readonly IndexPart[];
}

/**
 * The cluster, or the single report, that tiles now show what an id starts with in, wherever it starts itself: others may have
 * been reported since the tile was made that gave the id. Undefined when nothing is left there.
 */
export async function findCluster(source: ClusterSource, id: ClusterIdParts): Promise<FoundCluster | undefined> {
  const start = await microCellOf(source, id);
  if (start === undefined) return undefined;
  const { west, south, east, north } = cellBounds(start);
  const tile = tileAt(worldX((west + east) / 2), worldY((south + north) / 2), id.zoom);
  return clusterAround(source, id, start, tile);
}

/** The cluster that a start lies in; `tile` is one that it lies in, or may once have lain in. */
export async function clusterAround(
  source: Pick<ClusterSource, "clusterCells">,
  { layer, window }: View,
  start: string,
  tile: TileAddress,
): Promise<FoundCluster | undefined> {
  const { z } = tile;
  let indexes = await source.clusterCells(layer, tile, window);
  let part = partOf(indexes, z, start);
  if (part === undefined) return undefined;
  const home = homeOf(indexes, z, part);
  if (home.x !== tile.x || home.y !== tile.y) {
    indexes = await source.clusterCells(layer, home, window);
    part = partOf(indexes, z, start);
    if (part === undefined) return undefined;
  }
  const stitched = stitchedCluster(
    z,
    indexes.map((index) => clustersAt(index, z)),
    part,
  );
  const index = indexes[stitched.clusters.clusterCell[0] as number] as ClusterCellIndex;
  return {
    zoom: z,
    feature: featureOf(index, z, stitched.clusters, 0),
    parts: stitched.parts.map(({ clusterCell, cluster }) => ({
      index: indexes[clusterCell] as ClusterCellIndex,
      cluster,
    })),
  };
}

/** The tile that a cluster of an index lies in. */
export function tileOfPart({ index, cluster }: IndexPart, z: number): TileAddress {
  const { x, y } = clustersAt(index, z);
  return tileAt(x[cluster] as number, y[cluster] as number, z);
}

/** What the id of a cluster of an index would start with. */
export function startOfPart({ index, cluster }: IndexPart, z: number): string {
  const { first } = clustersAt(index, z);
  return index.startOf(index.source[first[cluster] as number] as number);
}

/** The micro cell that a start names; of a report's id the one that it lies in, undefined when it is not there any more. */
async function microCellOf(
  source: Pick<ClusterSource, "reports">,
  { layer, zoom, start }: ClusterIdParts,
): Promise<string | undefined> {
  const report = parseReportId(start);
  if (report === undefined) return start;
  const rows = await source.reports({ layer, geohash5: report.geohash5 });
  const row = findRow(rows, start, REPORT_LAYERS.indexOf(layer));
  if (row < 0) return undefined;
  const { microPrecision } = levelOfZoom(zoom);
  return geohashOfKey(keyOfRow(rows, row, microPrecision), microPrecision);
}

function partOf(indexes: readonly ClusterCellIndex[], zoom: number, start: string) {
  for (const [clusterCell, index] of indexes.entries()) {
    const point = index.pointStartingAt(start);
    if (point >= 0) return { clusterCell, cluster: index.zooms.ownersAt(zoom)[point] as number };
  }
  return undefined;
}

function homeOf(
  indexes: readonly ClusterCellIndex[],
  zoom: number,
  part: { clusterCell: number; cluster: number },
): TileAddress {
  return tileOfPart({ index: indexes[part.clusterCell] as ClusterCellIndex, cluster: part.cluster }, zoom);
}

function clustersAt(index: ClusterCellIndex, zoom: number): Clusters {
  const clusters = index.zooms.get(zoom);
  if (clusters === undefined) throw new RangeError(`an index of another level than zoom ${zoom}'s`);
  return clusters;
}
