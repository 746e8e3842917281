import { fromBarePrefix, ownPath } from "../own-path.ts";
import type { AssetFiles } from "./worker-env.ts";

/**
 * A Worker on a route below a path (`maps.example/stratum/*`) sees that path in every request, and the platform finds no files there:
 * both are put right here.
 */

/** The request without the prefix, or as it is; an answer when there is nothing but the prefix. */
export function withoutPrefix(request: Request, prefix: string): Request | Response {
  const url = new URL(request.url);
  const asked = url.pathname + url.search;
  const path = ownPath(asked, prefix) ?? fromBarePrefix(asked, prefix, request.method);
  if (typeof path !== "string") return new Response(null, path);
  return path === asked ? request : new Request(url.origin + path, request);
}

/** As `run_worker_first` in `wrangler.toml`: there are no files. */
const NO_FILES = /^\/(?:api|tiles|basemap)\//;

/** The static file that a request names after its prefix was taken off; undefined when it names none. */
export async function fileOf(request: Request, prefix: string, assets: AssetFiles): Promise<Response | undefined> {
  if (!["GET", "HEAD"].includes(request.method) || NO_FILES.test(new URL(request.url).pathname)) return undefined;
  const file = await assets.fetch(request);
  if (file.status === 404) {
    await file.body?.cancel();
    return undefined;
  }
  const location = file.headers.get("Location");
  if (!location?.startsWith("/")) return file;
  const headers = new Headers(file.headers);
  headers.set("Location", prefix + location);
  return new Response(file.body, { status: file.status, headers });
}
