import { z } from "@hono/zod-openapi";
import type { ClusterFeature } from "../../../tiles/cluster/cluster-feature.ts";
import { abbreviate, type ScoreOf } from "../../../tiles/cluster/report-tile.ts";
import type { Bounds } from "../../../tiles/geo/geohash.ts";
import { MAX_ZOOM } from "../../../tiles/geo/tile-address.ts";
import { REPORT_LAYERS, TIME_WINDOWS } from "../../../tiles/layers.ts";
import type { Expansion } from "../../clusters/expansion.ts";
import type { FoundCluster, View } from "../../clusters/find-cluster.ts";

/** Children that are told of; the largest first. */
const MAX_CHILDREN = 32;

const feature = {
  id: z.string().openapi({
    description: "As in the tile: for /api/clusters, or for /api/reports when `cluster` is false.",
    example: "safety.11.9q8yyk8",
  }),
  cluster: z.boolean().openapi({ description: "false: a single report." }),
  lon: z.number(),
  lat: z.number(),
  point_count: z.int().min(1),
  point_count_abbreviated: z.union([z.int(), z.string()]),
  severity: z.number().openapi({ description: "Mean, one decimal." }),
  weight: z.number().openapi({ description: "Sum of severity times recency weight." }),
  newest: z.int().openapi({ description: "Creation of the newest, Unix seconds." }),
  geohash: z.string().openapi({ description: "The neighbourhood under it." }),
  score: z.number().optional().openapi({ description: "That neighbourhood's overall score, when known." }),
  category: z.string().optional().openapi({ description: "Of a single report." }),
};

const childSchema = z.object(feature).openapi("ClusterChild");

export const clusterSchema = z
  .object({
    ...feature,
    layer: z.enum(REPORT_LAYERS),
    zoom: z.int().min(0).max(MAX_ZOOM),
    window: z.enum(TIME_WINDOWS as [string, ...string[]]),
    bbox: z.tuple([z.number(), z.number(), z.number(), z.number()]).openapi({
      description:
        "west, south, east, north of all reports inside, rounded out to the geohash cells that clusters are made of: about 16 px up to z18, about 1 m from z19 on; west > east across the antimeridian.",
    }),
    expansion_zoom: z.int().min(1).max(MAX_ZOOM).nullable().openapi({
      description:
        "The first zoom at which tiles show more than one feature of it; null: its reports are at one place.",
    }),
    children: z
      .array(childSchema)
      .max(MAX_CHILDREN)
      .openapi({
        description: `What tiles show of it at expansion_zoom, at most ${MAX_CHILDREN}, the largest first. Near its rim they may hold reports that it does not.`,
      }),
  })
  .openapi("Cluster");

/** A cluster as the API answers it. */
export function toClusterJson(
  { layer, window }: View,
  { zoom, feature }: FoundCluster,
  bounds: Bounds,
  expansion: Expansion | undefined,
  scoreOf: ScoreOf | undefined,
): z.infer<typeof clusterSchema> {
  const { west, south, east, north } = bounds;
  return {
    ...toFeatureJson(feature, scoreOf),
    layer,
    zoom,
    window,
    bbox: [degrees(west), degrees(south), degrees(east), degrees(north)],
    expansion_zoom: expansion?.zoom ?? null,
    children: (expansion?.children ?? []).slice(0, MAX_CHILDREN).map((child) => toFeatureJson(child, scoreOf)),
  };
}

function toFeatureJson(of: ClusterFeature, scoreOf: ScoreOf | undefined): z.infer<typeof childSchema> {
  const score = scoreOf?.(of.geohash);
  return {
    id: of.id,
    cluster: of.category === undefined,
    lon: degrees(of.lonDeg),
    lat: degrees(of.latDeg),
    point_count: of.count,
    point_count_abbreviated: abbreviate(of.count),
    severity: of.severity,
    weight: of.weight,
    newest: of.newestSeconds,
    geohash: of.geohash,
    ...(score !== undefined && { score }),
    ...(of.category !== undefined && { category: of.category }),
  };
}

/** A tenth of a millimetre: borders of cells are not cut off. */
const degrees = (deg: number): number => Math.round(deg * 1e9) / 1e9 + 0;
