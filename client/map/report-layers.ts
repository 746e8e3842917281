import type {
  CircleLayerSpecification,
  ExpressionSpecification,
  LayerSpecification,
  SourceSpecification,
  SymbolLayerSpecification,
} from "maplibre-gl";
import { DEFAULT_WINDOW, REPORT_LAYERS, type ReportLayer, type TimeWindow } from "../../tiles/layers.ts";
import { KNOWN_CATEGORIES } from "../ui/category-icons.ts";
import { reportIconPrefix } from "./report-icon.ts";
import type { Theme } from "./theme.ts";

export const sourceOf = (layer: ReportLayer): string => `reports-${layer}`;
export const layerOfSource = (source: string): ReportLayer | undefined =>
  REPORT_LAYERS.find((layer) => sourceOf(layer) === source);
/** Layers of the style that a click may hit, clusters and single reports. */
export const clusterLayerOf = (layer: ReportLayer): string => `${layer}-cluster`;
export const singleLayerOf = (layer: ReportLayer): string => `${layer}-report`;
const partsOf = (layer: ReportLayer): string[] => [
  `${layer}-halo`,
  clusterLayerOf(layer),
  `${layer}-count`,
  `${layer}-fresh`,
  singleLayerOf(layer),
];
export const STYLE_LAYERS: Readonly<Record<ReportLayer, readonly string[]>> = Object.fromEntries(
  REPORT_LAYERS.map((layer) => [layer, partsOf(layer)]),
) as unknown as Record<ReportLayer, string[]>;

/** Tiles hold single reports below this zoom at the latest; the map goes no further. */
export const MAX_ZOOM = 19;

export function tileUrl(origin: string, layer: ReportLayer, window: TimeWindow): string {
  const query = window === DEFAULT_WINDOW ? "" : `?window=${window}`;
  return `${origin}/tiles/${layer}/{z}/{x}/{y}.pbf${query}`;
}

/** One source per layer: tiles of a layer that is switched off are not loaded, and others' caches are shared. */
export function reportSources(origin: string, window: TimeWindow): Record<string, SourceSpecification> {
  return Object.fromEntries(
    REPORT_LAYERS.map((layer) => [
      sourceOf(layer),
      { type: "vector", tiles: [tileUrl(origin, layer, window)], maxzoom: MAX_ZOOM, attribution: "Stratum reports" },
    ]),
  );
}

/**
 * Radius in pixels: grows with the logarithm of the weight (severity times recency), so that old news is small and 10 and
 * 10 000 both fit; never too small for its number. Circles and not heat at low zoom, too: tried, and a heat map of clusters
 * shows their spacing, hides the counts and cannot be clicked.
 */
function clusterRadius(extra: number): ExpressionSpecification {
  const byWeight = [0, 11, 2.3, 14, 4.6, 19, 6.9, 26, 9.2, 34, 11.5, 43];
  const byDigits = [0.7, 11, 4.6, 14, 6.9, 17, 9.2, 19];
  const grown = (input: ExpressionSpecification, stops: readonly number[]) => [
    "interpolate",
    ["linear"],
    input,
    ...stops.map((value, i) => (i % 2 === 0 ? value : value + extra)),
  ];
  const weight: ExpressionSpecification = ["ln", ["+", 1, ["get", "weight"]]];
  const count: ExpressionSpecification = ["ln", ["get", "point_count"]];
  return ["max", grown(weight, byWeight), grown(count, byDigits)] as unknown as ExpressionSpecification;
}

/**
 * Layers that are shown together stand around the true place instead of covering each other, in pixels; close in, where
 * reports lie apart, they return to it.
 */
export function offsetOf(
  layer: ReportLayer,
  shown: readonly ReportLayer[],
): ExpressionSpecification | [number, number] {
  const index = shown.indexOf(layer);
  if (index < 0 || shown.length < 2) return [0, 0];
  const angle = (2 * Math.PI * index) / shown.length - (shown.length === 2 ? Math.PI : Math.PI * 0.75);
  const distance = shown.length === 2 ? 13 : 18;
  const away = [Math.round(Math.cos(angle) * distance), Math.round(Math.sin(angle) * distance)];
  return ["interpolate", ["linear"], ["zoom"], 14, ["literal", away], 16.5, ["literal", [0, 0]]];
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

export interface ReportLayersOptions {
  readonly theme: Theme;
  readonly font: string[];
  readonly shown: readonly ReportLayer[];
  readonly nowSeconds: number;
}

/** Style layers of one layer of reports, bottom first. */
export function reportLayers(layer: ReportLayer, options: ReportLayersOptions): LayerSpecification[] {
  const { theme, font, shown, nowSeconds } = options;
  const color = theme.layers[layer];
  const offset = offsetOf(layer, shown);
  const { circle, symbol } = layersOf(layer, shown.includes(layer), offset);
  return [
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
      { "text-color": theme.onLayer, "text-translate": offset },
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
        "icon-size": ["interpolate", ["linear"], ["zoom"], 11, 0.72, 14, 0.9, 17, 1.15],
        "icon-allow-overlap": true,
        "icon-padding": 0,
        "symbol-sort-key": ["get", "severity"],
      },
      { "icon-translate": offset },
    ),
  ];
}

/** Makes the style layers of one layer's source. */
function layersOf(layer: ReportLayer, isShown: boolean, offset: ReturnType<typeof offsetOf>) {
  const visibility = isShown ? "visible" : "none";
  const common = { source: sourceOf(layer), "source-layer": layer } as const;
  return {
    circle: (
      part: string,
      filter: ExpressionSpecification,
      paint: NonNullable<CircleLayerSpecification["paint"]>,
    ): LayerSpecification => ({
      id: `${layer}-${part}`,
      type: "circle",
      ...common,
      filter,
      layout: { visibility },
      paint: { ...paint, "circle-translate": offset },
    }),
    symbol: (
      part: string,
      filter: ExpressionSpecification,
      layout: NonNullable<SymbolLayerSpecification["layout"]>,
      paint: NonNullable<SymbolLayerSpecification["paint"]>,
    ): LayerSpecification => ({
      id: `${layer}-${part}`,
      type: "symbol",
      ...common,
      filter,
      layout: { ...layout, visibility },
      paint,
    }),
  };
}
