import type { IncomingMessage, ServerResponse } from "node:http";
import { LRUCache } from "lru-cache";
import type { Log } from "../console/log.ts";
import { type MetricSample, noteRequest, type RequestMetrics } from "../http/metrics.ts";
import { OPEN_HEADERS, SAFE_HEADERS } from "../http/safe-headers.ts";
import { TILE_ROUTE } from "../routes/tiles.ts";
import { type ContentCoding, namesTag } from "./content-encoding.ts";
import { findTile } from "./parse-tile-path.ts";
import { answerTile, type TileAnswer } from "./tile-answer.ts";
import type { KeptTile, KeptTiles, TileRequest } from "./tile-source.ts";

/**
 * The short way for tiles that are in memory and right: `node:http` answers them without the app, whose objects for request
 * and response and whose middleware cost five times as much as the answer itself.
 */
export interface WarmTiles {
  /** Answers a request as the app would, header for header; or does nothing, returns false and leaves it to the app. */
  answer(incoming: IncomingMessage, outgoing: ServerResponse): boolean;
  samples(): MetricSample[];
}

export interface WarmTilesOptions {
  readonly tiles: KeptTiles;
  readonly codings: readonly ContentCoding[];
  readonly metrics: RequestMetrics;
  readonly log: Log;
  /** Bound of the answers that are kept ready; most bodies are the tile source's own. */
  readonly maxBytes?: number;
}

/** Answers to one address and Accept-Encoding. */
interface Ready {
  readonly request: TileRequest;
  /** Whether they still are right. */
  kept: KeptTile;
  readonly whole: Rendered;
  readonly unchanged: Rendered;
  readonly body: Uint8Array | undefined;
}

interface Rendered {
  readonly status: number;
  /** Names and values in turn, as `writeHead` takes them, up to the value of the request id, which comes last. */
  readonly fields: readonly string[];
}

const ENTRY_BYTES = 3000;
/** What browsers send is shorter; longer ones would be many keys for one answer. */
const MAX_ACCEPT_ENCODING = 64;

export function createWarmTiles(options: WarmTilesOptions): WarmTiles {
  const { tiles, codings, metrics, log, maxBytes = 32 * 2 ** 20 } = options;
  const ready = new LRUCache<string, Ready>({
    maxSize: maxBytes,
    sizeCalculation: ({ body }) => (body?.length ?? 0) + ENTRY_BYTES,
  });
  let answered = 0;

  /** What is ready and right, or can be made so at once. */
  function find(url: string, acceptEncoding: string): Ready | undefined {
    const key = `${acceptEncoding} ${url}`;
    const known = ready.get(key);
    if (known?.kept.isCurrent()) return known;
    const request = known?.request ?? parseTileUrl(url);
    const kept = request && tiles.peek(request);
    if (request === undefined || kept === undefined) return undefined;
    if (known !== undefined && known.kept.tile === kept.tile) {
      known.kept = kept;
      return known;
    }
    const made = prepare(request, kept, acceptEncoding);
    if (made !== undefined) ready.set(key, made);
    return made;
  }

  function prepare(request: TileRequest, kept: KeptTile, acceptEncoding: string): Ready | undefined {
    const { tile } = kept;
    const whole = answerTile(request, tile, { acceptEncoding, ifNoneMatch: undefined, codings });
    const body = whole.coding === undefined ? tile?.bytes : tile?.coded(whole.coding);
    if (body instanceof Promise) return undefined;
    const unchanged = answerTile(request, tile, { acceptEncoding, ifNoneMatch: "*", codings });
    return { request, kept, whole: render(whole, body?.length), unchanged: render(unchanged), body };
  }

  return {
    answer(incoming, outgoing) {
      const { method, url = "", headers } = incoming;
      // A request id that the client chose is for the app to judge.
      if (method !== "GET" || !url.startsWith("/tiles/") || headers["x-request-id"] !== undefined) return false;
      const startMs = performance.now();
      const acceptEncoding = headers["accept-encoding"] ?? "";
      if (typeof acceptEncoding !== "string" || acceptEncoding.length > MAX_ACCEPT_ENCODING) return false;
      const found = find(url, acceptEncoding);
      if (found === undefined) return false;
      const { kept, whole, unchanged, body } = found;
      const ifNoneMatch = headers["if-none-match"];
      const isUnchanged = ifNoneMatch !== undefined && kept.tile !== undefined && namesTag(ifNoneMatch, kept.tile.etag);
      const { status, fields } = isUnchanged ? unchanged : whole;
      const requestId = crypto.randomUUID();
      outgoing.writeHead(status, [...fields, requestId]);
      outgoing.end(isUnchanged ? undefined : body);
      answered++;
      noteRequest({ metrics, log }, { requestId, method, route: TILE_ROUTE, status, startMs });
      return true;
    },

    samples: () => [
      {
        name: "stratum_warm_tiles_total",
        help: "Tiles answered at once from memory.",
        type: "counter",
        value: answered,
      },
    ],
  };
}

/** The tile that a plain address names. What is written otherwise, or wrong, is for the app to understand. */
function parseTileUrl(url: string): TileRequest | undefined {
  const named = /^\/tiles\/([a-z_,-]+)\/(\d+)\/(\d+)\/(\d+\.(?:pbf|mvt))(?:\?window=(\w+))?$/.exec(url);
  if (named === null) return undefined;
  const [, layers = "", z = "", x = "", file = "", window] = named;
  return findTile(layers, z, x, file, window);
}

function render({ status, headers }: TileAnswer, length?: number): Rendered {
  const all = {
    ...OPEN_HEADERS,
    ...SAFE_HEADERS,
    ...headers,
    ...(length === undefined ? {} : { "Content-Length": `${length}` }),
  };
  return { status, fields: [...Object.entries(all).flat(), "X-Request-Id"] };
}
