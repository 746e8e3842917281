import { KEYED_CACHE_CONTROL, SHARED_CACHE_HEADERS } from "../../serving/cache-policy.ts";
import { type ContentCoding, chooseCoding, namesTag } from "../../serving/content-encoding.ts";
import { parseTilePath, tilePath } from "../../serving/parse-tile-path.ts";
import { withClientEncoding } from "./worker-compressor.ts";

/**
 * What stands before cached tiles. The gateway runs for every request, so that the cache behind it sees one address for one
 * tile and one of three Accept-Encodings, and nothing that a client may have made up: no further parameter and no further
 * header is part of a key, or of what is kept under it.
 */

/** The request for a tile as the cache is asked it; undefined for all that is no tile, or not asked for rightly. */
export function cachedTileRequest(request: Request, codings: readonly ContentCoding[]): Request | undefined {
  if (request.method !== "GET" && request.method !== "HEAD") return undefined;
  const url = new URL(request.url);
  const [, layers = "", z = "", x = "", file = ""] =
    /^\/tiles\/([^/]+)\/([^/]+)\/([^/]+)\/([^/]+)$/.exec(url.pathname) ?? [];
  const parsed = parseTilePath({
    layers: decode(layers),
    z: decode(z),
    x: decode(x),
    file: decode(file),
    window: url.searchParams.get("window") ?? undefined,
    buffer: url.searchParams.get("buffer") ?? undefined,
  });
  // What is wrong is for the app to explain, which reads addresses the same way.
  if ("fault" in parsed) return undefined;
  const coding = chooseCoding(withClientEncoding(request).headers.get("Accept-Encoding") ?? undefined, codings);
  return new Request(new URL(tilePath(parsed.value), url), { headers: { "Accept-Encoding": coding ?? "identity" } });
}

/** A path segment as the app's router decodes it. */
function decode(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}

/**
 * The answer for one client, made of the one that all share: its own request id, 304 when it names what it would be sent,
 * and no body on HEAD. A Range is ignored, as by the app.
 */
export function answerForClient(shared: Response, request: Request): Response {
  const isKeyed = Boolean(new URL(request.url).searchParams.get("key"));
  const headers = new Headers(shared.headers);
  if (isKeyed) {
    headers.set("Cache-Control", KEYED_CACHE_CONTROL);
    for (const name of SHARED_CACHE_HEADERS) headers.delete(name);
  }
  headers.set("X-Request-Id", requestIdOf(request));
  const tag = shared.headers.get("ETag")?.replace(/^W\//, "");
  const ifNoneMatch = request.headers.get("If-None-Match") ?? undefined;
  if (shared.status === 200 && tag !== undefined && namesTag(ifNoneMatch, tag)) {
    for (const name of ["Content-Type", "Content-Encoding", "Content-Length"]) headers.delete(name);
    return withoutBody(shared, 304, headers);
  }
  if (request.method === "HEAD") return withoutBody(shared, shared.status, headers);
  // The body goes through as it is coded: workerd codes again only what is not coded so yet.
  return new Response(shared.body, { status: shared.status, headers });
}

function withoutBody(shared: Response, status: number, headers: Headers): Response {
  shared.body?.cancel().catch(() => {});
  const init: ResponseInit & { encodeBody: "manual" } = { status, headers, encodeBody: "manual" };
  return new Response(null, init);
}

/** As the app's own. */
function requestIdOf({ headers }: Request): string {
  const named = headers.get("X-Request-Id");
  return named !== null && /^[\w=-]{1,64}$/.test(named) ? named : crypto.randomUUID();
}
