import { LRUCache } from "lru-cache";
import { loadCities } from "./cities.ts";
import { createTileset, type Tileset } from "./tileset.ts";
import { loadWorld } from "./world.ts";
import { type BasemapTiles, CITY_MAX_ZOOM, WORLD_MAX_ZOOM } from "./zooms.ts";

const CACHE_BYTES = 16 * 1024 * 1024;

/** The basemap's tiles, made on first use and kept up to 16 MB. */
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

/** Made once, however many ask at the same time; a page asks for a dozen tiles at once. A failure is not kept. */
function lazy(make: () => Promise<Tileset>): () => Promise<Tileset> {
  let made: Promise<Tileset> | undefined;
  return () => {
    made ??= make().catch((error: unknown) => {
      made = undefined;
      throw error;
    });
    return made;
  };
}
