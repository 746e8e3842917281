import type { Feature, FeatureCollection } from "geojson";
import austin from "./cities/austin.json" with { type: "json" };
import brooklyn from "./cities/brooklyn.json" with { type: "json" };
import sanFrancisco from "./cities/san-francisco.json" with { type: "json" };
import { type CityMap, cityLayers } from "./city-layers.ts";
import type { BasemapLayers } from "./world.ts";

/** The seeded cities' maps by id, as their files describe them. */
export const CITY_MAPS: Readonly<Record<string, CityMap>> = {
  "san-francisco": sanFrancisco as FeatureCollection as CityMap,
  brooklyn: brooklyn as FeatureCollection as CityMap,
  austin: austin as FeatureCollection as CityMap,
};

/** The seeded cities' own detail, by vector layer. */
export function loadCities(): BasemapLayers {
  const layers: Record<string, Feature[]> = {};
  for (const [id, map] of Object.entries(CITY_MAPS)) {
    for (const [name, features] of Object.entries(cityLayers(id, map))) {
      layers[name] ??= [];
      layers[name].push(...features);
    }
  }
  return layers;
}
