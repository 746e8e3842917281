import { fromGeojsonVt } from "@maplibre/vt-pbf";
import type { Feature } from "geojson";
import GeoJSONVT from "geojson-vt";
import type { BasemapLayers } from "./world.ts";

/** Encodes one tile: the MVT bytes, empty when nothing is there. */
export type Tileset = (z: number, x: number, y: number) => Uint8Array;

/** Zoom below which a layer would only be noise. */
const MIN_ZOOM: Readonly<Record<string, number>> = { lake: 2, river: 3, county: 6 };

/** Slices layers into tiles of 4096 units, down to `maxZoom`. Slices are made on demand and kept as flat integer arrays. */
export function createTileset(layers: BasemapLayers, maxZoom: number): Tileset {
  const indexes = Object.entries(layers).map(([name, features]) => {
    const options = { maxZoom, indexMaxZoom: 3, tolerance: 3, extent: 4096, buffer: 64 };
    return { name, index: new GeoJSONVT({ type: "FeatureCollection", features: features as Feature[] }, options) };
  });
  return (z, x, y) => {
    const tile: Parameters<typeof fromGeojsonVt>[0] = {};
    for (const { name, index } of indexes) {
      if (z < (MIN_ZOOM[name] ?? 0)) continue;
      const layer = index.getTile(z, x, y);
      // Both packages name the same structure; only one writes absent tags as null.
      if (layer && layer.features.length > 0) tile[name] = layer as (typeof tile)[string];
    }
    return fromGeojsonVt(tile, { version: 2, extent: 4096 });
  };
}
