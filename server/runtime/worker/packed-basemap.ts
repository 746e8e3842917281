import { LRUCache } from "lru-cache";
import { packName, placeInPack, tileOfPack } from "../../basemap/packs.ts";
import { type BasemapTiles, CITY_MAX_ZOOM } from "../../basemap/zooms.ts";
import type { AssetFiles } from "./worker-env.ts";

/** Folder of the packs among the assets. */
export const PACKS_DIR = "basemap-packs";

const CACHE_BYTES = 4 * 2 ** 20;
const NOTHING = new Uint8Array();

/** Reads basemap tiles out of the packs among a Worker's assets. */
export function packedBasemap(assets: AssetFiles): BasemapTiles {
  const packs = new LRUCache<string, Uint8Array>({
    maxSize: CACHE_BYTES,
    sizeCalculation: (pack) => pack.length + 100,
  });

  async function readPack(name: string): Promise<Uint8Array> {
    const known = packs.get(name);
    if (known !== undefined) return known;
    // The host is not looked at.
    const response = await assets.fetch(new URL(`/${PACKS_DIR}/${name}`, "http://assets.local"));
    if (!response.ok && response.status !== 404) throw new Error(`asset ${name}: status ${response.status}`);
    const pack = response.ok ? new Uint8Array(await response.arrayBuffer()) : NOTHING;
    packs.set(name, pack);
    return pack;
  }

  return async (z, x, y) => {
    const { pack, at } = placeInPack(z, x, y, CITY_MAX_ZOOM);
    const bytes = await readPack(packName(pack));
    return bytes.length === 0 ? NOTHING : tileOfPack(bytes, at);
  };
}
