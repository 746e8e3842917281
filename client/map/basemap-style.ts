import type { ExpressionSpecification, LayerSpecification, StyleSpecification } from "maplibre-gl";
import { basemapLabels } from "./basemap-labels.ts";
import { GRID_SOURCE } from "./geohash-grid.ts";
import type { Theme } from "./theme.ts";
import { zoomed } from "./zoomed.ts";

/** Sketches of single cities. */
export const CITY_SOURCE = "city";

/** The first layer above the grounds. */
export const GRID_LAYER = "grid";

/** From here on the hand-drawn shores of a city replace the world's; farther out they are no finer. */
export const CITY_ZOOM = 10;
/** Layers of the style that a sketched city has something in. */
export const CITY_LAYERS = ["city-sea", "city-shore", "park", "street", "motorway"];

/** Our own basemap: the server's tiles, drawn as calm paper on which the reports are the loudest. */
export function basemapStyle(theme: Theme, base: string): StyleSpecification {
  const tiles = [`${base}/basemap/{z}/{x}/{y}.pbf`];
  return {
    version: 8,
    sources: {
      // What is sketched by hand has no source to credit: the badge says so.
      world: { type: "vector", tiles, maxzoom: 8, attribution: "World: Natural Earth, US Census" },
      [CITY_SOURCE]: { type: "vector", tiles, minzoom: 9, maxzoom: 13 },
      [GRID_SOURCE]: { type: "geojson", data: { type: "FeatureCollection", features: [] }, tolerance: 0 },
    },
    layers: [...ground(theme), ...cityGround(theme), grid(theme), ...lines(theme), ...basemapLabels(theme)],
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
      paint: { "line-color": theme.streetEdge, "line-width": zoomed(10, 2.2, 12, 4.6, 14, 9, 18, 36) },
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
      paint: { "line-color": theme.street, "line-width": zoomed(10, 1.1, 12, 2.8, 14, 6.4, 18, 31) },
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
