import type { ExpressionSpecification, LayerSpecification, StyleSpecification } from "maplibre-gl";
import { GRID_SOURCE } from "./geohash-grid.ts";
import type { Theme } from "./theme.ts";

/**
 * Without a `glyphs` URL MapLibre draws text with local fonts. The first name is no real font: MapLibre reads the weight off
 * it, and the browser goes on to the system's own.
 */
export const FONT_REGULAR = ["Stratum Medium", "system-ui", "sans-serif"];
export const FONT_BOLD = ["Stratum Bold", "system-ui", "sans-serif"];

/** The first layer above the grounds. */
export const GRID_LAYER = "grid";

/** From here on the hand-drawn shores of a city replace the world's. */
const CITY_ZOOM = 9;

const zoomed = (...stops: readonly number[]): ExpressionSpecification =>
  ["interpolate", ["exponential", 1.6], ["zoom"], ...stops] as unknown as ExpressionSpecification;

/** Our own basemap: the server's tiles, drawn as calm paper on which the reports are the loudest. */
export function basemapStyle(theme: Theme, origin: string): StyleSpecification {
  const tiles = [`${origin}/basemap/{z}/{x}/{y}.pbf`];
  return {
    version: 8,
    sources: {
      world: { type: "vector", tiles, maxzoom: 8, attribution: "Natural Earth, US Census" },
      city: { type: "vector", tiles, minzoom: CITY_ZOOM, maxzoom: 13 },
      [GRID_SOURCE]: { type: "geojson", data: { type: "FeatureCollection", features: [] }, tolerance: 0 },
    },
    layers: [...ground(theme), ...cityGround(theme), grid(theme), ...lines(theme), ...labels(theme)],
  };
}

function ground(theme: Theme): LayerSpecification[] {
  const world = { source: "world" } as const;
  return [
    { id: "water", type: "background", paint: { "background-color": theme.water } },
    { id: "land", type: "fill", ...world, "source-layer": "land", paint: { "fill-color": theme.land } },
    {
      id: "shore",
      type: "line",
      ...world,
      "source-layer": "land",
      // Close in, the world's shores are coarse, and a city's own have no line.
      maxzoom: 11,
      paint: {
        "line-color": theme.waterEdge,
        "line-width": zoomed(2, 0.4, 8, 1.2),
        "line-opacity": ["interpolate", ["linear"], ["zoom"], 9, 1, 11, 0],
      },
    },
    {
      id: "county",
      type: "line",
      ...world,
      "source-layer": "county",
      minzoom: 6,
      paint: { "line-color": theme.county, "line-width": zoomed(6, 0.5, 12, 1.4) },
    },
    { id: "lake", type: "fill", ...world, "source-layer": "lake", paint: { "fill-color": theme.water } },
    {
      id: "river",
      type: "line",
      ...world,
      "source-layer": "river",
      minzoom: 3,
      paint: { "line-color": theme.water, "line-width": zoomed(3, 0.5, 8, 2, 12, 5) },
    },
  ];
}

function cityGround(theme: Theme): LayerSpecification[] {
  const city = { source: "city", minzoom: CITY_ZOOM } as const;
  return [
    { id: "city-sea", type: "fill", ...city, "source-layer": "sea", paint: { "fill-color": theme.water } },
    { id: "city-shore", type: "fill", ...city, "source-layer": "shore", paint: { "fill-color": theme.land } },
    {
      id: "park",
      type: "fill",
      ...city,
      "source-layer": "park",
      paint: { "fill-color": theme.park, "fill-antialias": false },
    },
    { id: "city-lake", type: "fill", ...city, "source-layer": "city_lake", paint: { "fill-color": theme.water } },
    {
      id: "city-river",
      type: "line",
      ...city,
      "source-layer": "city_river",
      layout: { "line-cap": "round", "line-join": "round" },
      paint: { "line-color": theme.water, "line-width": metres(["get", "width"]) },
    },
  ];
}

/** A width in metres as pixels (at latitude 36): at zoom 12 a pixel of a 512 px tile is about 15 m. */
function metres(width: ExpressionSpecification): ExpressionSpecification {
  const at = (zoom: number) => ["max", 1, ["*", width, 2 ** (zoom - 12) / 15.5]];
  return ["interpolate", ["exponential", 2], ["zoom"], 9, at(9), 18, at(18)] as unknown as ExpressionSpecification;
}

/** Neighbourhoods as the product knows them, on land and water alike: also texture where no street is drawn. */
function grid(theme: Theme): LayerSpecification {
  return {
    id: GRID_LAYER,
    type: "line",
    source: GRID_SOURCE,
    minzoom: 12,
    paint: {
      "line-color": theme.grid,
      "line-width": ["match", ["get", "precision"], 6, 1, 0.6],
      "line-opacity": ["interpolate", ["linear"], ["zoom"], 12, 0, 13, ["match", ["get", "precision"], 6, 0.16, 0.1]],
    },
  };
}

function lines(theme: Theme): LayerSpecification[] {
  const round = { "line-cap": "round", "line-join": "round" } as const;
  const streets = { source: "city", "source-layer": "street", layout: round } as const;
  const kind = (name: string): ExpressionSpecification => ["==", ["get", "kind"], name];
  const [motorway, street] = [kind("motorway"), kind("main")];
  return [
    {
      id: "side-street",
      type: "line",
      ...streets,
      filter: kind("side"),
      minzoom: 12,
      paint: {
        "line-color": theme.sideStreet,
        "line-width": zoomed(12, 0.5, 14, 1.6, 18, 16),
        "line-opacity": ["interpolate", ["linear"], ["zoom"], 12, 0, 13, 1],
      },
    },
    {
      id: "street-edge",
      type: "line",
      ...streets,
      filter: street,
      minzoom: 11,
      paint: { "line-color": theme.streetEdge, "line-width": zoomed(11, 1.4, 14, 5.5, 18, 26) },
    },
    {
      id: "motorway-edge",
      type: "line",
      ...streets,
      filter: motorway,
      minzoom: CITY_ZOOM,
      paint: { "line-color": theme.streetEdge, "line-width": zoomed(9, 1.6, 12, 4.6, 14, 9, 18, 36) },
    },
    {
      id: "street",
      type: "line",
      ...streets,
      filter: street,
      minzoom: 11,
      paint: { "line-color": theme.street, "line-width": zoomed(11, 0.7, 14, 3.8, 18, 22) },
    },
    {
      id: "motorway",
      type: "line",
      ...streets,
      filter: motorway,
      minzoom: CITY_ZOOM,
      paint: { "line-color": theme.street, "line-width": zoomed(9, 0.7, 12, 2.8, 14, 6.4, 18, 31) },
    },
    border(theme, "state", [2, 2], zoomed(3, 0.5, 8, 1.2)),
    border(theme, "country", [1, 0], zoomed(1, 0.4, 8, 1.8)),
  ];
}

function border(theme: Theme, kind: string, dashes: number[], width: ExpressionSpecification): LayerSpecification {
  return {
    id: `border-${kind}`,
    type: "line",
    source: "world",
    "source-layer": "border",
    filter: ["==", ["get", "kind"], kind],
    minzoom: kind === "country" ? 0 : 3,
    maxzoom: 12,
    paint: { "line-color": theme.border, "line-width": width, "line-dasharray": dashes },
  };
}

function labels(theme: Theme): LayerSpecification[] {
  const halo = { "text-halo-color": theme.halo, "text-halo-width": 1.4, "text-halo-blur": 0.4 } as const;
  return [...cityLabels(theme, halo), ...worldLabels(theme, halo)];
}

interface Halo {
  readonly "text-halo-color": string;
  readonly "text-halo-width": number;
  readonly "text-halo-blur": number;
}

function cityLabels(theme: Theme, halo: Halo): LayerSpecification[] {
  return [
    {
      id: "street-name",
      type: "symbol",
      source: "city",
      "source-layer": "street",
      minzoom: 13,
      filter: ["has", "name"],
      layout: {
        "symbol-placement": "line",
        "text-field": ["get", "name"],
        "text-font": FONT_REGULAR,
        "text-size": zoomed(13, 10, 18, 14),
        "symbol-spacing": 420,
        "text-max-angle": 30,
      },

      paint: { "text-color": theme.labelSoft, ...halo },
    },
    {
      id: "neighbourhood",
      type: "symbol",
      source: "city",
      "source-layer": "neighbourhood",
      minzoom: 10.5,
      filter: ["<=", ["get", "rank"], ["step", ["zoom"], 1, 12, 2, 13.2, 3]],
      layout: {
        "text-field": ["upcase", ["get", "name"]],
        "text-font": FONT_BOLD,
        "text-size": zoomed(10.5, 9, 13, 11.5, 16, 16),
        "text-letter-spacing": 0.12,
        "text-max-width": 7,
        "text-padding": 2,
        "text-variable-anchor": ["center", "top", "bottom", "left", "right"],
        "text-radial-offset": 0.9,
        "text-justify": "auto",
        "symbol-sort-key": ["get", "rank"],
      },
      paint: { "text-color": theme.labelSoft, ...halo },
    },
  ];
}

function worldLabels(theme: Theme, halo: Halo): LayerSpecification[] {
  const place = { type: "symbol", source: "world", "source-layer": "place" } as const;
  const kind = (name: string): ExpressionSpecification => ["==", ["get", "kind"], name];
  return [
    {
      id: "state-name",
      ...place,
      filter: kind("state"),
      minzoom: 3.6,
      maxzoom: 8,
      layout: {
        "text-field": ["upcase", ["get", "name"]],
        "text-font": FONT_REGULAR,
        "text-size": zoomed(3.6, 9, 8, 14),
        "text-letter-spacing": 0.14,
        "text-max-width": 6,
        "symbol-sort-key": ["get", "rank"],
      },
      paint: { "text-color": theme.labelSoft, ...halo },
    },
    {
      id: "city-name",
      ...place,
      filter: ["all", kind("city"), ["<=", ["get", "rank"], ["step", ["zoom"], 0, 2.4, 1, 4, 2, 5, 3, 6, 4]]],
      minzoom: 2.4,
      maxzoom: 11,
      layout: {
        "text-field": ["get", "name"],
        "text-font": FONT_BOLD,
        "text-size": zoomed(2.4, 10.5, 6, 13, 10, 19),
        "text-variable-anchor": ["top", "bottom", "left", "right"],
        "text-radial-offset": 0.5,
        "symbol-sort-key": ["get", "rank"],
      },
      paint: { "text-color": theme.label, ...halo },
    },
    {
      id: "country-name",
      ...place,
      filter: ["all", kind("country"), ["<=", ["get", "rank"], ["step", ["zoom"], 8, 2, 10, 3, 13, 4, 16, 5, 20]]],
      minzoom: 0.8,
      maxzoom: 6.5,
      layout: {
        "text-field": ["get", "name"],
        "text-font": FONT_BOLD,
        "text-size": zoomed(1, 10, 5, 15),
        "text-letter-spacing": 0.04,
        "text-max-width": 7,
        "symbol-sort-key": ["get", "rank"],
      },
      paint: { "text-color": theme.label, "text-opacity": 0.85, ...halo },
    },
  ];
}
