import type { Feature } from "geojson";
import { AUSTIN as AUSTIN_SKETCH } from "../../seed/austin.ts";
import { BROOKLYN as BROOKLYN_SKETCH } from "../../seed/brooklyn.ts";
import { SAN_FRANCISCO as SAN_FRANCISCO_SKETCH } from "../../seed/san-francisco.ts";
import type { BasemapLayers } from "../world.ts";
import { AUSTIN } from "./austin.ts";
import { BROOKLYN } from "./brooklyn.ts";
import { cityLayers } from "./city-map.ts";
import { SAN_FRANCISCO } from "./san-francisco.ts";

const CITIES = [
  [SAN_FRANCISCO, SAN_FRANCISCO_SKETCH],
  [BROOKLYN, BROOKLYN_SKETCH],
  [AUSTIN, AUSTIN_SKETCH],
] as const;

/** The seeded cities' own detail, by vector layer. */
export function loadCities(): BasemapLayers {
  const layers: Record<string, Feature[]> = {};
  for (const [city, sketch] of CITIES) {
    for (const [name, features] of Object.entries(cityLayers(city, sketch))) {
      layers[name] ??= [];
      layers[name].push(...features);
    }
  }
  return layers;
}
