import type {
  CircleLayerSpecification,
  ExpressionSpecification,
  SourceSpecification,
  SymbolLayerSpecification,
} from "maplibre-gl";
import { DEFAULT_WINDOW, REPORT_LAYERS, type ReportLayer, type TimeWindow } from "../../tiles/layers.ts";
import { KNOWN_CATEGORIES } from "../ui/category-icons.ts";
import { clusterRadius, ICON_SIZES } from "./mark-radius.ts";
import { reportIconPrefix } from "./report-icon.ts";
import type { Theme } from "./theme.ts";

export const sourceOf = (layer: ReportLayer): string => `reports-${layer}`;
export const layerOfSource = (source: string): ReportLayer | undefined =>
  REPORT_LAYERS.find((layer) => sourceOf(layer) === source);
/** Marks of several layers, each beside the other: in place of the layers' own sources while more than one is shown. */
export const SPREAD_SOURCE = "reports-spread";
/** Draws nothing, and keeps the tiles of a layer coming whose marks are drawn from there. */
const tilesLayerOf = (layer: ReportLayer): string => `${layer}-tiles`;
/** The layer of a mark that was hit, whichever source it is drawn from. */
export const layerOfMark = ({ layer }: { readonly layer: { readonly id: string } }): ReportLayer | undefined =>
  REPORT_LAYERS.find((name) => layer.id === clusterLayerOf(name) || layer.id === singleLayerOf(name));
/** Layers of the style that a click may hit, clusters and single reports. */
export const clusterLayerOf = (layer: ReportLayer): string => `${layer}-cluster`;
export const singleLayerOf = (layer: ReportLayer): string => `${layer}-report`;

/** Tiles hold single reports below this zoom at the latest; the map goes no further. */
export const MAX_ZOOM = 19;

export function tileUrl(base: string, layer: ReportLayer, window: TimeWindow): string {
  const query = window === DEFAULT_WINDOW ? "" : `?window=${window}`;
  return `${base}/tiles/${layer}/{z}/{x}/{y}.pbf${query}`;
}

/** One source per layer: tiles of a layer that is switched off are not loaded, and others' caches are shared. */
export function reportSources(base: string, window: TimeWindow): Record<string, SourceSpecification> {
  const tiles = REPORT_LAYERS.map((layer) => [
    sourceOf(layer),
    { type: "vector", tiles: [tileUrl(base, layer, window)], maxzoom: MAX_ZOOM, attribution: "Stratum reports" },
  ]);
  const data = { type: "FeatureCollection", features: [] };
  return { ...Object.fromEntries(tiles), [SPREAD_SOURCE]: { type: "geojson", data, tolerance: 0, maxzoom: MAX_ZOOM } };
}

const CLUSTER: ExpressionSpecification = ["has", "point_count"];
const SINGLE: ExpressionSpecification = ["!", CLUSTER];
const BY_SEVERITY = (least: number, most: number): ExpressionSpecification => [
  "interpolate",
  ["linear"],
  ["get", "severity"],
  1,
  least,
  5,
  most,
];

export type MarkLayer = CircleLayerSpecification | SymbolLayerSpecification;

export interface ReportLayersOptions {
  readonly theme: Theme;
  readonly font: string[];
  readonly shown: readonly ReportLayer[];
  readonly nowSeconds: number;
}

/** Style layers of one layer of reports, bottom first. */
export function reportLayers(layer: ReportLayer, options: ReportLayersOptions): MarkLayer[] {
  const { theme, font, shown, nowSeconds } = options;
  const color = theme.layers[layer];
  const { circle, symbol } = layersOf(layer, shown);
  return [
    {
      id: tilesLayerOf(layer),
      type: "circle",
      source: sourceOf(layer),
      "source-layer": layer,
      layout: { visibility: shown.includes(layer) ? "visible" : "none" },
      paint: { "circle-radius": 0, "circle-opacity": 0 },
    },
    circle("halo", CLUSTER, {
      "circle-color": color,
      "circle-opacity": BY_SEVERITY(0.1, 0.34),
      "circle-radius": clusterRadius(7),
    }),
    circle("cluster", CLUSTER, {
      "circle-color": color,
      "circle-radius": clusterRadius(0),
      "circle-stroke-color": theme.halo,
      "circle-stroke-width": 1.2,
      "circle-stroke-opacity": 0.9,
    }),
    symbol(
      "count",
      CLUSTER,
      {
        "text-field": ["to-string", ["get", "point_count_abbreviated"]],
        "text-font": font,
        "text-size": ["interpolate", ["linear"], ["ln", ["get", "point_count"]], 0.7, 11.5, 4.6, 13, 9.2, 17],
        "text-allow-overlap": true,
        // Not ignored: names of places make room for the reports.
        "text-padding": 6,
      },
      { "text-color": theme.onLayer },
    ),
    circle("fresh", ["all", SINGLE, [">=", ["get", "newest"], nowSeconds - 86_400]], {
      "circle-color": color,
      "circle-opacity": 0.22,
      "circle-radius": ["interpolate", ["linear"], ["zoom"], 11, 11, 16, 19],
    }),
    symbol(
      "report",
      SINGLE,
      {
        "icon-image": [
          "concat",
          reportIconPrefix(theme.name, layer),
          ["to-string", ["round", ["get", "severity"]]],
          "-",
          // Cities' own categories share their layer's icon: the number of pictures stays bounded.
          ["match", ["get", "category"], KNOWN_CATEGORIES, ["get", "category"], ""],
        ] as unknown as ExpressionSpecification,
        "icon-size": ["interpolate", ["linear"], ["zoom"], ...ICON_SIZES] as unknown as ExpressionSpecification,
        "icon-allow-overlap": true,
        "icon-padding": 0,
        "symbol-sort-key": ["get", "severity"],
      },
      {},
    ),
  ];
}

/** Whether marks are drawn beside each other, and not from their layers' own tiles. */
export const isSpread = (shown: readonly ReportLayer[]): boolean => shown.length > 1;

/** Makes the style layers of one layer's marks. */
function layersOf(layer: ReportLayer, shown: readonly ReportLayer[]) {
  const visibility = shown.includes(layer) ? "visible" : "none";
  const ofLayer: ExpressionSpecification = ["==", ["get", "layer"], layer];
  const common = isSpread(shown)
    ? { source: SPREAD_SOURCE, where: (filter: ExpressionSpecification) => ["all", ofLayer, filter] }
    : { source: sourceOf(layer), "source-layer": layer, where: (filter: ExpressionSpecification) => filter };
  const { where, ...source } = common;
  const filterOf = (filter: ExpressionSpecification) => where(filter) as ExpressionSpecification;
  return {
    circle: (
      part: string,
      filter: ExpressionSpecification,
      paint: NonNullable<CircleLayerSpecification["paint"]>,
    ): MarkLayer => ({
      id: `${layer}-${part}`,
      type: "circle",
      ...source,
      filter: filterOf(filter),
      layout: { visibility },
      paint,
    }),
    symbol: (
      part: string,
      filter: ExpressionSpecification,
      layout: NonNullable<SymbolLayerSpecification["layout"]>,
      paint: NonNullable<SymbolLayerSpecification["paint"]>,
    ): MarkLayer => ({
      id: `${layer}-${part}`,
      type: "symbol",
      ...source,
      filter: filterOf(filter),
      layout: { ...layout, visibility },
      paint,
    }),
  };
}
