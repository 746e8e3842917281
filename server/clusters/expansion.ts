import type { ClusterCellIndex } from "../../tiles/cluster/cluster-cell-index.ts";
import type { ClusterFeature } from "../../tiles/cluster/cluster-feature.ts";
import { type ClusterMembers, type IndexPart, partsInside } from "../../tiles/cluster/cluster-members.ts";
import { MAX_ZOOM } from "../../tiles/geo/tile-address.ts";
import { mapLimited } from "../kit/map-limited.ts";
import { type ClusterSource, clusterAround, startOfPart, tileOfPart, type View } from "./find-cluster.ts";

/** How a cluster comes apart. */
export interface Expansion {
  /** The first zoom at which tiles show what is in it as more than one feature. */
  readonly zoom: number;
  /** These features, those with most reports first. Near its rim they may hold reports that it does not. */
  readonly children: readonly ClusterFeature[];
}

/** Features that are looked at of a cluster that comes apart into more. */
const MAX_PARTS = 64;
const PARALLEL = 4;

/**
 * Undefined when no zoom parts it: its reports lie at one place, or so near that they are one circle at the closest zoom.
 * Reads what the tiles would that somebody sees who zooms in, down to the first that differs.
 */
export async function expansionOf(
  source: Pick<ClusterSource, "clusterCells">,
  view: View,
  zoom: number,
  members: ClusterMembers,
): Promise<Expansion | undefined> {
  let inside = members;
  for (let z = zoom + 1; z <= MAX_ZOOM; z++) {
    const found = partsInside(await indexesAt(source, view, z, inside), z, inside);
    inside = found.inside;
    if (found.parts.length < 2) continue;
    const children = await featuresOf(source, view, z, found.parts);
    if (children.length > 1) return { zoom: z, children };
  }
  return undefined;
}

async function indexesAt(
  source: Pick<ClusterSource, "clusterCells">,
  { layer, window }: View,
  z: number,
  members: ClusterMembers,
): Promise<ClusterCellIndex[]> {
  const met = await mapLimited(members.tilesAt(z), PARALLEL, (tile) => source.clusterCells(layer, tile, window));
  return [...new Set(met.flat())];
}

async function featuresOf(
  source: Pick<ClusterSource, "clusterCells">,
  view: View,
  z: number,
  parts: readonly IndexPart[],
): Promise<ClusterFeature[]> {
  const largest = parts.toSorted((a, b) => countOf(b, z) - countOf(a, z)).slice(0, MAX_PARTS);
  const found = await mapLimited(largest, PARALLEL, (part) =>
    clusterAround(source, view, startOfPart(part, z), tileOfPart(part, z)),
  );
  const features = new Map<string, ClusterFeature>();
  for (const cluster of found) if (cluster !== undefined) features.set(cluster.feature.id, cluster.feature);
  return [...features.values()].sort((a, b) => b.count - a.count || (a.id < b.id ? -1 : 1));
}

const countOf = ({ index, cluster }: IndexPart, z: number): number => index.zooms.get(z)?.count[cluster] ?? 0;
