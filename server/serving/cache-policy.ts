import { clusterCellsOfTile } from "../../tiles/cluster/cluster-cells.ts";
import { encodeGeohash } from "../../tiles/geo/geohash.ts";
import type { BufferedTile, TileAddress } from "../../tiles/geo/tile-address.ts";
import { REPORT_LAYERS, type TimeWindow } from "../../tiles/layers.ts";
import type { Report } from "../../tiles/report.ts";

/**
 * How caches may treat tiles.
 *
 * Browsers keep a tile but ask before every use: an unchanged one costs a 304, and a report is never missing from the map of
 * whoever sent it. Shared caches are spoken to apart, by CDN-Cache-Control (RFC 9213): `s-maxage` would forbid them to serve
 * stale while they revalidate, since it implies `proxy-revalidate` (RFC 9111, section 5.2.2.10). The bound of staleness at
 * the edge is the sum of both numbers, as long as the origin answers.
 */
export const BROWSER_CACHE_CONTROL = "public, no-cache";

/**
 * Of a tile whose address has a key: the browser keeps it and asks before every use, so that each use is counted, and a key that was revoked shows
 * nothing more. No shared cache may: it would answer for a key that nobody asked about.
 */
export const KEYED_CACHE_CONTROL = "private, no-cache";

const STALE_SECONDS = 60;
/** While the origin fails, a tile of the last hour beats none. Unsaid, Cloudflare would serve it for ever. */
const STALE_IF_ERROR_SECONDS = 3600;

/** What a shared cache may do with a tile. Wide tiles change with every report below them, and nobody counts there. */
export function sharedCacheControl({ z }: TileAddress, window: TimeWindow): string {
  const fresh = z <= 8 && window !== "24h" ? 30 : 10;
  return `public, max-age=${fresh}, stale-while-revalidate=${STALE_SECONDS}, stale-if-error=${STALE_IF_ERROR_SECONDS}`;
}

/** Characters of the longest tags: one purge reaches all zooms from 16 on, whose cluster cells are these and finer. */
const FINEST_TAG = 6;

/**
 * Tags of a tile's cached answer: the cluster cells that can change it or its buffer, `safety/9q8y`, the world is `safety/`; and of areas
 * the log cells below which all their reports lie, `areas/9q8yy`, for an area reaches beyond the tile.
 * @param areaCells of the areas in the tile; without them only reports in the tile reach it by a tag
 */
export function tagsOfTile(layers: readonly string[], tile: BufferedTile, areaCells?: readonly string[]): string[] {
  const clusterCells = new Set(clusterCellsOfTile(tile).map((clusterCell) => clusterCell.slice(0, FINEST_TAG)));
  const tagged = [...clusterCells].slice(0, MAX_TAGS_PER_LAYER);
  // What areas tell is of the reports of every layer.
  const told = new Set(
    layers.flatMap((layer) => (layer !== "areas" ? [layer] : areaCells === undefined ? REPORT_LAYERS : [])),
  );
  const ofAreas = (areaCells ?? []).map((geohash5) => `areas/${geohash5}`);
  return [...[...told].flatMap((layer) => tagged.map((clusterCell) => `${layer}/${clusterCell}`)), ...ofAreas];
}

/** A tile meets nine cluster cells at the most; only those at the poles meet more, and there the staleness bound is enough. */
const MAX_TAGS_PER_LAYER = 16;

/** Characters of what areas are tagged with. */
const AREA_TAG = 5;

/** Seconds that a Cache-Control gives for a directive; 0 without it. */
export function secondsOf(cacheControl: string | null, directive: string): number {
  return Number(new RegExp(`(?:^|[\\s,])${directive}=(\\d+)`).exec(cacheControl ?? "")?.[1] ?? 0);
}

/** Tags of every tile, at any zoom, that a report may have changed, coarse to fine; that of areas first. */
export function tagsOfReport({ layer, lonDeg, latDeg }: Pick<Report, "layer" | "lonDeg" | "latDeg">): string[] {
  const geohash = encodeGeohash(lonDeg, latDeg, FINEST_TAG);
  const ofLayer = Array.from({ length: FINEST_TAG + 1 }, (_, length) => `${layer}/${geohash.slice(0, length)}`);
  return [`areas/${geohash.slice(0, AREA_TAG)}`, ...ofLayer];
}

/**
 * The tags to purge for a report: of the tiles from zoom 16 on, where one report is seen by itself, and of the areas that it may lie in.
 * With the coarser ones most of a busy city would be purged all the time.
 */
export function purgedTags(report: Pick<Report, "layer" | "lonDeg" | "latDeg">): string[] {
  const tags = tagsOfReport(report);
  return [...tags.slice(0, 1), ...tags.slice(-1)];
}

/** What shared caches are told by; they are told nothing of an answer to a key. */
export const SHARED_CACHE_HEADERS = ["CDN-Cache-Control", "Cache-Tag"];

/** Headers of a tile's answer, for an address with a key. */
export function keyedHeaders(headers: Readonly<Record<string, string>>): Record<string, string> {
  const kept = Object.entries(headers).filter(([name]) => !SHARED_CACHE_HEADERS.includes(name));
  return { ...Object.fromEntries(kept), "Cache-Control": KEYED_CACHE_CONTROL };
}
