import type { LayerSpecification, SourceSpecification } from "maplibre-gl";
import { AREAS_MIN_ZOOM } from "../../tiles/layers.ts";
import type { ScoreName } from "../../tiles/scores/scores.ts";
import type { Theme } from "../map/theme.ts";
import { AREA_FILL, AREA_SOURCE, scoreColor } from "./score-layers.ts";

/** Points to write the names at. */
export const AREA_NAMES_SOURCE = "area-names";
/** Below there are none; closer in each city's begin where most of them are wide enough, and until then cells show. */
export const AREAS_FROM_ZOOM = AREAS_MIN_ZOOM;
export const AREA_HOVER = "area-hover";
export const AREA_CHOSEN = ["area-chosen-edge", "area-chosen"] as const;
const AREA_EDGE = "area-edge";
const AREA_NAME = "area-name";

/** Corners are whole from z14 on. */
const MAX_TILE_ZOOM = 14;

/** Shown and hidden with the scores; the chosen one's outline follows the card. */
export const AREA_LAYERS = [AREA_FILL, AREA_EDGE, AREA_HOVER, AREA_NAME] as const;

export function areaSources(base: string): Record<string, SourceSpecification> {
  return {
    [AREA_SOURCE]: {
      type: "vector",
      tiles: [`${base}/tiles/areas/{z}/{x}/{y}.pbf`],
      minzoom: AREAS_FROM_ZOOM,
      maxzoom: MAX_TILE_ZOOM,
      attribution: "Stratum reports",
    },
    [AREA_NAMES_SOURCE]: { type: "geojson", data: { type: "FeatureCollection", features: [] }, tolerance: 0 },
  };
}

export interface AreaLayersOptions {
  readonly shown: ScoreName;
  readonly theme: Theme;
  /** Of the names. */
  readonly font: string[];
}

const ofAreas = { source: AREA_SOURCE, "source-layer": "areas" } as const;
const join = { "line-join": "round" } as const;

/** Colours of the areas, to lie below streets and names. */
export function areaFill({ shown, theme }: AreaLayersOptions): LayerSpecification {
  return {
    id: AREA_FILL,
    type: "fill",
    ...ofAreas,
    minzoom: AREAS_FROM_ZOOM,
    layout: { visibility: "none" },
    paint: {
      "fill-color": scoreColor(shown, theme),
      "fill-opacity": ["interpolate", ["linear"], ["zoom"], 9, 0.88, 12, 0.78, 14, 0.6, 16, 0.4, 18, 0.28],
    },
  };
}

/** Borders and names, to lie above streets and below reports. */
export function areaOutlines({ theme, font }: AreaLayersOptions): LayerSpecification[] {
  const [edge, chosen] = AREA_CHOSEN;
  const none = ["==", ["get", "id"], ""] as unknown as NonNullable<
    Extract<LayerSpecification, { type: "line" }>["filter"]
  >;
  return [
    {
      id: AREA_EDGE,
      type: "line",
      ...ofAreas,
      minzoom: AREAS_FROM_ZOOM,
      layout: { ...join, visibility: "none" },
      paint: {
        "line-color": theme.land,
        "line-width": ["interpolate", ["linear"], ["zoom"], 9.5, 0.8, 12, 1.6, 15, 2.6],
      },
    },
    {
      id: AREA_HOVER,
      type: "line",
      ...ofAreas,
      minzoom: AREAS_FROM_ZOOM,
      layout: { ...join, visibility: "none" },
      paint: {
        "line-color": theme.label,
        "line-width": 1.8,
        "line-opacity": ["case", ["boolean", ["feature-state", "hover"], false], 0.9, 0],
      },
    },
    {
      id: edge,
      type: "line",
      ...ofAreas,
      filter: none,
      layout: { ...join, visibility: "none" },
      paint: { "line-color": theme.halo, "line-width": 6, "line-opacity": 0.9 },
    },
    {
      id: chosen,
      type: "line",
      ...ofAreas,
      filter: none,
      layout: { ...join, visibility: "none" },
      paint: { "line-color": theme.label, "line-width": 2.6 },
    },
    {
      id: AREA_NAME,
      type: "symbol",
      source: AREA_NAMES_SOURCE,
      minzoom: 11,
      layout: {
        visibility: "none",
        "text-field": ["get", "name"],
        "text-font": font,
        "text-size": ["interpolate", ["linear"], ["zoom"], 11, 10, 13, 12.5, 16, 16],
        "text-max-width": 7,
        "text-padding": 3,
      },
      paint: {
        "text-color": theme.label,
        "text-halo-color": theme.halo,
        "text-halo-width": 1.5,
        "text-halo-blur": 0.4,
      },
    },
  ];
}
