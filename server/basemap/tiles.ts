import { LRUCache } from "lru-cache";
import { loadCities } from "./city/cities.ts";
import { createTileset, type Tileset } from "./tileset.ts";
import { loadWorld } from "./world.ts";

/** The world's own detail ends here: clients overzoom it. */
export const WORLD_MAX_ZOOM = 8;
/** From this zoom on tiles hold city detail alone (shores, parks, streets, neighbourhood names), to be drawn over the world. */
export const CITY_MIN_ZOOM = 9;
export const CITY_MAX_ZOOM = 13;

const CACHE_BYTES = 16 * 1024 * 1024;

/** Reads a basemap tile; an empty one has no bytes. */
export type BasemapTiles = (z: number, x: number, y: number) => Promise<Uint8Array>;

/** The basemap's tiles, made on first use and kept up to 16 MB. Zoom, x and y must lie inside the tileset. */
export function createBasemapTiles(): BasemapTiles {
  const cache = new LRUCache<string, Uint8Array>({
    maxSize: CACHE_BYTES,
    sizeCalculation: (bytes) => bytes.byteLength + 64,
  });
  const world = lazy(async () => createTileset(await loadWorld(), WORLD_MAX_ZOOM));
  const cities = lazy(async () => createTileset(loadCities(), CITY_MAX_ZOOM));
  return async (z, x, y) => {
    const address = `${z}/${x}/${y}`;
    const known = cache.get(address);
    if (known) return known;
    const tileset = await (z <= WORLD_MAX_ZOOM ? world() : cities());
    const bytes = tileset(z, x, y);
    cache.set(address, bytes);
    return bytes;
  };
}

/** Keeps the result, never the promise: in a Worker promises must not be shared between requests. */
function lazy(make: () => Promise<Tileset>): () => Promise<Tileset> {
  let made: Tileset | undefined;
  return async () => {
    made ??= await make();
    return made;
  };
}
