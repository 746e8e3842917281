import { BROWSER_CACHE_CONTROL, sharedCacheControl, tagsOfTile } from "./cache-policy.ts";
import { type ContentCoding, chooseCoding, namesTag, tagOfCoding } from "./content-encoding.ts";
import type { EncodedTile, TileRequest } from "./tile-source.ts";

/** What a tile's answer depends on, beside the tile. */
export interface TileConditions {
  readonly acceptEncoding: string | undefined;
  readonly ifNoneMatch: string | undefined;
  /** That the runtime can make. */
  readonly codings: readonly ContentCoding[];
}

export interface TileAnswer {
  readonly status: 200 | 204 | 304;
  readonly headers: Readonly<Record<string, string>>;
  /** Of the body; only a 200 has one. */
  readonly coding?: ContentCoding;
}

/** Status and headers with which a tile is answered, undefined being an empty one. */
export function answerTile(
  request: TileRequest,
  tile: EncodedTile | undefined,
  conditions: TileConditions,
): TileAnswer {
  const { acceptEncoding, ifNoneMatch, codings } = conditions;
  const cached = {
    "Cache-Control": BROWSER_CACHE_CONTROL,
    "CDN-Cache-Control": sharedCacheControl(request.tile, request.window),
    "Cache-Tag": tagsOfTile(request.layers, request.tile, tile?.areaCells).join(","),
  };
  if (tile === undefined) return { status: 204, headers: cached };
  const coding = chooseCoding(acceptEncoding, codings);
  const etag = tagOfCoding(tile.etag, coding);
  const validated = { ...cached, Vary: "Accept-Encoding", ETag: etag };
  if (namesTag(ifNoneMatch, etag)) return { status: 304, headers: validated };
  const headers = { ...validated, "Content-Type": "application/vnd.mapbox-vector-tile" };
  return coding === undefined
    ? { status: 200, headers }
    : { status: 200, headers: { ...headers, "Content-Encoding": coding }, coding };
}
