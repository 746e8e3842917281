import type {
  ExpressionSpecification,
  FilterSpecification,
  LayerSpecification,
  Map as MapLibreMap,
  SourceSpecification,
} from "maplibre-gl";
import { SCORES_MIN_ZOOM } from "../../tiles/layers.ts";
import type { ScoreName } from "../../tiles/scores/scores.ts";
import type { Theme } from "../map/theme.ts";
import { NO_SCORE_COLORS, scoreRamp } from "./ramp.ts";

export const SCORE_SOURCE = "scores";
/** The layer of the style that a click or a pointer may hit. */
export const SCORE_FILL = "score-fill";
/** Likewise of areas, which are drawn in place of cells where there are any. */
export const AREA_FILL = "area-fill";
/** Named as the layer of its tiles. */
export const AREA_SOURCE = "areas";
export const SCORE_HOVER = "score-hover";
/** The cell of the open card, drawn also while the scores are off. */
export const CHOSEN_SOURCE = "chosen-cell";

/** Neighbourhoods are the finest cells, and from here on their corners are exact to 4 px at the map's last zoom. */
const MAX_TILE_ZOOM = 14;

export function scoreSources(base: string): Record<string, SourceSpecification> {
  return {
    [SCORE_SOURCE]: {
      type: "vector",
      tiles: [`${base}/tiles/scores/{z}/{x}/{y}.pbf`],
      minzoom: SCORES_MIN_ZOOM,
      maxzoom: MAX_TILE_ZOOM,
      attribution: "Stratum reports",
    },
    [CHOSEN_SOURCE]: { type: "geojson", data: { type: "FeatureCollection", features: [] }, tolerance: 0 },
  };
}

export function scoreColor(name: ScoreName, theme: Theme): ExpressionSpecification {
  const stops = scoreRamp(name, theme).flat();
  const color = ["interpolate-lab", ["linear"], ["get", name], ...stops];
  return ["case", ["has", name], color, NO_SCORE_COLORS[theme.name]] as unknown as ExpressionSpecification;
}

/** Colours of the cells, to lie below streets and names. */
export function scoreFill(shown: ScoreName | undefined, theme: Theme): LayerSpecification[] {
  return [
    {
      id: SCORE_FILL,
      type: "fill",
      source: SCORE_SOURCE,
      "source-layer": "scores",
      layout: { visibility: shown ? "visible" : "none" },
      paint: {
        "fill-color": scoreColor(shown ?? "overall", theme),
        // The land's colour between the cells makes a mosaic of them; close in they are a tint over the streets.
        "fill-outline-color": theme.land,
        "fill-opacity": ["interpolate", ["linear"], ["zoom"], 4, 0.9, 11, 0.78, 13, 0.68, 16, 0.42, 18, 0.3],
      },
    },
  ];
}

/** Outlines of the cell under the pointer and of the open card's, to lie above streets. */
export function scoreOutlines(shown: ScoreName | undefined, theme: Theme): LayerSpecification[] {
  const join = { "line-join": "round" } as const;
  return [
    {
      id: SCORE_HOVER,
      type: "line",
      source: SCORE_SOURCE,
      "source-layer": "scores",
      layout: { ...join, visibility: shown ? "visible" : "none" },
      paint: {
        "line-color": theme.label,
        "line-width": 1.6,
        "line-opacity": ["case", ["boolean", ["feature-state", "hover"], false], 0.9, 0],
      },
    },
    {
      id: "chosen-edge",
      type: "line",
      source: CHOSEN_SOURCE,
      layout: join,
      paint: { "line-color": theme.halo, "line-width": 6, "line-opacity": 0.9 },
    },
    {
      id: "chosen",
      type: "line",
      source: CHOSEN_SOURCE,
      layout: join,
      paint: { "line-color": theme.label, "line-width": 2.6 },
    },
  ];
}

/** Which cells show until it is known where areas are. */
export const NO_CELLS: FilterSpecification = ["==", ["get", "geohash"], ""];

/** Layers that show and hide with the scores. */
export const SCORE_LAYERS = [SCORE_FILL, SCORE_HOVER] as const;

/** Layers of scores that the map has, to look in for what is drawn. */
export const scoreFills = (map: MapLibreMap): string[] => [AREA_FILL, SCORE_FILL].filter((id) => map.getLayer(id));
