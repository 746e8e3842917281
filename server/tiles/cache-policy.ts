import { domainsOfTile } from "../../tiles/domains.ts";
import { encodeGeohash } from "../../tiles/geohash.ts";
import type { TimeWindow } from "../../tiles/layers.ts";
import type { Report } from "../../tiles/report.ts";
import type { TileAddress } from "../../tiles/tile-address.ts";

/**
 * How caches may treat tiles.
 *
 * Browsers keep a tile but ask before every use: an unchanged one costs a 304, and a report is never missing from the map of
 * whoever sent it. Shared caches are spoken to apart, by CDN-Cache-Control (RFC 9213): `s-maxage` would forbid them to serve
 * stale while they revalidate, since it implies `proxy-revalidate` (RFC 9111, section 5.2.2.10). The bound of staleness at
 * the edge is the sum of both numbers; a purge by tag makes it a second.
 */
export const BROWSER_CACHE_CONTROL = "public, no-cache";

const STALE_SECONDS = 60;

/** What a shared cache may do with a tile. Wide tiles change with every report below them, and nobody counts there. */
export function sharedCacheControl({ z }: TileAddress, window: TimeWindow): string {
  const fresh = z <= 8 && window !== "24h" ? 30 : 10;
  return `public, max-age=${fresh}, stale-while-revalidate=${STALE_SECONDS}`;
}

/** The finest domains, whose tags are the longest. */
const FINEST_TAG = 6;

/** Tags of a tile's cached answer: the domains that can change it. `safety/9q8y`; the world is `safety/`. */
export function tagsOfTile(layers: readonly string[], tile: TileAddress): string[] {
  const domains = domainsOfTile(tile).slice(0, MAX_TAGS_PER_LAYER);
  return layers.flatMap((layer) => domains.map((domain) => `${layer}/${domain}`));
}

/** A tile meets nine domains at the most; only those at the poles meet more, and there the staleness bound is enough. */
const MAX_TAGS_PER_LAYER = 16;

/** Tags to invalidate for a report: of every tile, at any zoom, that it may have changed. */
export function tagsOfReport({ layer, lonDeg, latDeg }: Pick<Report, "layer" | "lonDeg" | "latDeg">): string[] {
  const geohash = encodeGeohash(lonDeg, latDeg, FINEST_TAG);
  return Array.from({ length: FINEST_TAG + 1 }, (_, length) => `${layer}/${geohash.slice(0, length)}`);
}
