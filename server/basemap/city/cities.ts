import type { Feature } from "geojson";
import type { BasemapLayers } from "../world.ts";
import { AUSTIN } from "./austin.ts";
import { BROOKLYN } from "./brooklyn.ts";
import { cityLayers } from "./city-map.ts";
import { SAN_FRANCISCO } from "./san-francisco.ts";

/** The seeded cities' own detail, by vector layer. */
export function loadCities(): BasemapLayers {
  const layers: Record<string, Feature[]> = {};
  for (const city of [SAN_FRANCISCO, BROOKLYN, AUSTIN]) {
    for (const [name, features] of Object.entries(cityLayers(city))) {
      layers[name] ??= [];
      layers[name].push(...features);
    }
  }
  return layers;
}
