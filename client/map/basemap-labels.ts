import type { ExpressionSpecification, LayerSpecification } from "maplibre-gl";
import type { Theme } from "./theme.ts";
import { zoomed } from "./zoomed.ts";

/**
 * Without a `glyphs` URL MapLibre draws text with local fonts. The first name is no real font: MapLibre reads the weight off
 * it, and the browser goes on to the system's own.
 */
export const FONT_REGULAR = ["Stratum Medium", "system-ui", "sans-serif"];
export const FONT_BOLD = ["Stratum Bold", "system-ui", "sans-serif"];

/** Names of streets and places, over everything that the basemap draws. */
export function basemapLabels(theme: Theme): LayerSpecification[] {
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

/** Places of a name around its point, nearest first, so many ems away. */
function aroundReports(...distancesEm: readonly number[]): ExpressionSpecification {
  const places = distancesEm.flatMap((em) => ["top", [0, em], "bottom", [0, -em], "left", [em, 0], "right", [-em, 0]]);
  return places as unknown as ExpressionSpecification;
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
        // The reports of a city stand where its name would: it is then written beside them, rather than not at all.
        "text-variable-anchor-offset": aroundReports(0.5, 2.4, 4),
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
